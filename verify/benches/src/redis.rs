//! Throughput with a Redis server on loopback, measured for several contestants in turn.

use std::time::Instant;

use bytes::Bytes;
use session_core::{RawValue, Record, SessionManager, Token};
use session_redis::fred::clients::Pool;
use session_redis::fred::interfaces::KeysInterface;
use session_redis::fred::types::Expiration;
use tokio::runtime::{Handle, Runtime};

use crate::awake::Awake;
use crate::report::Table;
use crate::rounds::median;
use crate::session::SESSION;

/// A program whose requests per second are counted.
pub struct Contestant {
    name: String,
    run: Box<dyn Fn(Turn) -> f64>,
}

/// A contestant's turn.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The work of a request.
    pub work: Work,
    /// The number of concurrent tasks.
    pub tasks: usize,
    /// The number of requests of each task.
    pub requests: usize,
}

/// The work of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Read one value.
    Read,
    /// Read one value and write it.
    ReadWrite,
}

impl Contestant {
    /// Takes part with a function from a turn to the requests per second.
    pub fn new(name: &str, run: impl Fn(Turn) -> f64 + 'static) -> Self {
        Self {
            name: name.to_owned(),
            run: Box::new(run),
        }
    }

    /// Takes part with tasks on a runtime. Each task creates its own session, then makes its
    /// requests.
    ///
    /// # Panics
    ///
    /// If a task panics.
    pub fn on<F>(runtime: &Handle, name: &str, task: impl Fn(Turn, usize) -> F + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = runtime.clone();
        Self::new(name, move |turn| {
            let start = Instant::now();
            let running: Vec<_> = (0..turn.tasks)
                .map(|n| runtime.spawn(task(turn, n)))
                .collect();
            runtime.block_on(async {
                for task in running {
                    task.await.expect("a task failed");
                }
            });
            turn.rate(start)
        })
    }

    /// Takes part with bare commands: a GET for a read, a GET and a SET for a write.
    pub fn bare(runtime: &Handle, pool: Pool) -> Self {
        Self::on(runtime, "bare fred", move |turn, task| {
            bare(pool.clone(), turn, task)
        })
    }

    /// Takes part with this library, without a framework.
    pub fn ours(runtime: &Handle, manager: SessionManager) -> Self {
        Self::named(runtime, "ours", manager)
    }

    /// Takes part with this library, without a framework, under another name.
    pub fn named(runtime: &Handle, name: &str, manager: SessionManager) -> Self {
        Self::on(runtime, name, move |turn, _| ours(manager.clone(), turn))
    }
}

impl Turn {
    /// Returns the requests per second, if the turn began at `start` and ends now.
    #[must_use]
    pub fn rate(self, start: Instant) -> f64 {
        (self.tasks * self.requests) as f64 / start.elapsed().as_secs_f64()
    }
}

/// Returns a runtime with two workers. Every contestant gets one.
///
/// # Panics
///
/// If the runtime does not start.
#[must_use]
pub fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts")
}

/// Lets the contestants take turns, and returns two tables with the medians of the rounds:
/// thousands of requests per second, and the ratio to the first contestant.
///
/// `name` is the tables' file, `store` the words in their titles. With one task, it makes the first
/// number of `requests`; with 64, each makes the second.
pub fn race(
    name: &str,
    store: &str,
    turns: usize,
    requests: [usize; 2],
    contestants: &[Contestant],
) -> [Table; 2] {
    let columns = ["read, 1", "read + write, 1", "read, 64", "read + write, 64"];
    let mut throughput = Table::new(
        name,
        &format!("{store}, thousands of requests per second"),
        &columns,
    );
    let mut ratio = Table::new(
        &format!("{name}-ratio"),
        &format!("{store}, ratio to the bare client"),
        &columns,
    );
    let mut measured = vec![Vec::new(); contestants.len()];
    for (tasks, requests) in [1, 64].into_iter().zip(requests) {
        for work in [Work::Read, Work::ReadWrite] {
            eprintln!("measuring {work:?} with {tasks} at once");
            let turn = Turn {
                work,
                tasks,
                requests,
            };
            let rates = rates(turns, turn, contestants);
            for (rate, measured) in rates.into_iter().zip(&mut measured) {
                measured.push(rate);
            }
        }
    }
    for (contestant, values) in contestants.iter().zip(&measured) {
        throughput.row(
            &*contestant.name,
            values.iter().map(|value| Some(value / 1_000.0)),
        );
        let ratios = values.iter().zip(&measured[0]);
        ratio.row(
            &*contestant.name,
            ratios.map(|(value, first)| Some(value / first)),
        );
    }
    [throughput, ratio]
}

/// Returns the requests per second of each contestant: the median over rounds in which all take the
/// same turn. With one task, the processors are kept [awake](Awake).
///
/// # Panics
///
/// If the loops that keep the processors awake do not start.
#[must_use]
pub fn rates(rounds: usize, turn: Turn, contestants: &[Contestant]) -> Vec<f64> {
    let awake = (turn.tasks == 1).then(|| Awake::new().expect("the loops start"));
    let mut rates = vec![Vec::with_capacity(rounds); contestants.len()];
    for _ in 0..rounds {
        for (contestant, rates) in contestants.iter().zip(&mut rates) {
            rates.push((contestant.run)(turn));
        }
    }
    drop(awake);
    rates.into_iter().map(median).collect()
}

async fn bare(pool: Pool, turn: Turn, task: usize) {
    let key = format!("bare:{task}");
    let value = json();
    let expire = Some(Expiration::PX(7_200_000));
    let set = async || {
        let stored = pool.set(&*key, &*value, expire.clone(), None, false).await;
        let () = stored.expect("it answers");
    };
    set().await;
    for _ in 0..turn.requests {
        let value: Option<Bytes> = pool.get(&*key).await.expect("it answers");
        assert!(value.is_some());
        if turn.work == Work::ReadWrite {
            set().await;
        }
    }
}

async fn ours(manager: SessionManager, turn: Turn) {
    let token = stored(&manager).await;
    for _ in 0..turn.requests {
        let session = manager
            .open(Some(token.as_str()))
            .await
            .expect("it answers");
        let user_id: Option<u64> = session.get("user_id").expect("it is a number");
        assert_eq!(user_id, Some(42));
        if turn.work == Work::ReadWrite {
            let visits: u64 = session.get_or("visits", 0).expect("it is a number");
            session.put("visits", visits + 1).expect("there is room");
        }
        manager.commit(&session).await.expect("it answers");
    }
}

/// Stores a new session with the benchmark's values, and returns its token.
pub(crate) async fn stored(manager: &SessionManager) -> Token {
    let session = manager.open(None).await.expect("it answers");
    let record = Record::from_json(json()).expect("it is a record");
    for key in record.data().keys() {
        let value: Option<Box<RawValue>> = record.data().get(&key).expect("it is JSON");
        session.put(&key, value).expect("there is room");
    }
    match manager.commit(&session).await.expect("it answers") {
        session_core::Outcome::Set(token) => token,
        other => panic!("a new session sets its cookie, not {other:?}"),
    }
}

/// The record as the driver stores it.
pub(crate) fn json() -> String {
    format!(r#"{{"id":"11111111-1111-4111-8111-111111111111","data":{SESSION},"flash_next":{{}}}}"#)
}

/// The number of requests of each task in the race with Redis.
pub const REQUESTS: [usize; 2] = [2_000; 2];

/// How often each contestant of the race with Redis runs.
pub const ROUNDS: usize = 7;
