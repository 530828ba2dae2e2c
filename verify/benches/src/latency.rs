//! The latency of a save in Redis while several tasks save at once, measured for several
//! contestants in turn.

use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use session_core::{SessionManager, Token};
use session_redis::fred::clients::Pool;
use session_redis::fred::interfaces::KeysInterface;
use session_redis::fred::types::Expiration;
use tokio::runtime::Handle;

use crate::redis::{json, stored};
use crate::report::Table;
use crate::rounds::median;

/// How long each of many operations took.
#[derive(Clone, Debug)]
pub struct Waits(Vec<Duration>);

impl Waits {
    /// Puts the waits of several tasks together.
    #[must_use]
    pub fn of(tasks: Vec<Vec<Duration>>) -> Self {
        let mut waits = tasks.concat();
        waits.sort_unstable();
        Self(waits)
    }

    /// Returns the number of operations.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the microseconds within which this many thousandths of the operations were done.
    ///
    /// # Panics
    ///
    /// If there are no operations.
    #[must_use]
    pub fn micros(&self, thousandths: usize) -> f64 {
        let wait = self.0[(self.0.len() - 1) * thousandths / 1_000];
        wait.as_nanos() as f64 / 1_000.0
    }
}

/// Runs this many tasks on the current runtime, and returns the waits of each.
///
/// # Panics
///
/// If a task panics.
pub async fn at_once<F>(tasks: usize, task: impl Fn(usize) -> F) -> Vec<Vec<Duration>>
where
    F: Future<Output = Vec<Duration>> + Send + 'static,
{
    let running: Vec<_> = (0..tasks).map(|n| tokio::spawn(task(n))).collect();
    let mut waits = Vec::with_capacity(tasks);
    for task in running {
        waits.push(task.await.expect("a task failed"));
    }
    waits
}

/// A contestant. Its tasks load and save one session each, until an instant.
pub struct Savers {
    name: String,
    task: Box<dyn Fn(usize, Instant) -> Task>,
}

type Task = Pin<Box<dyn Future<Output = Vec<Duration>> + Send>>;

impl Savers {
    /// Takes part with bare commands: a GET for a load, a SET for a save.
    pub fn bare(pool: Pool) -> Self {
        Self {
            name: "bare fred".to_owned(),
            task: Box::new(move |n, end| Box::pin(bare(pool.clone(), n, end))),
        }
    }

    /// Takes part with this library, without a framework. `manager` returns the manager of each
    /// task.
    ///
    /// # Panics
    ///
    /// If the driver fails.
    pub fn ours(runtime: &Handle, name: &str, manager: impl Fn() -> SessionManager) -> Self {
        let sessions: Vec<(SessionManager, Token)> = (0..MAX_TASKS)
            .map(|_| {
                let manager = manager();
                let token = runtime.block_on(stored(&manager));
                (manager, token)
            })
            .collect();
        Self {
            name: name.to_owned(),
            task: Box::new(move |n, end| {
                let (manager, token) = sessions[n].clone();
                Box::pin(ours(manager, token, end))
            }),
        }
    }

    /// Returns a value for each of [`COLUMNS`], from one turn.
    fn turn(&self, runtime: &Handle, tasks: usize) -> [f64; COLUMNS.len()] {
        let start = Instant::now();
        let end = start + TURN;
        let waits = runtime.block_on(at_once(tasks, |n| (self.task)(n, end)));
        let elapsed = start.elapsed();
        let saves = waits.iter().map(Vec::len);
        let (slowest, fastest) = (saves.clone().min(), saves.max());
        let share = slowest.unwrap_or_default() as f64 / fastest.unwrap_or_default() as f64;
        let waits = Waits::of(waits);
        [
            waits.count() as f64 / elapsed.as_secs_f64() / 1_000.0,
            waits.micros(500),
            waits.micros(990),
            waits.micros(1_000),
            share,
        ]
    }
}

/// Lets the contestants take turns, with 1, 8, 64 and 512 tasks, and returns a table with the
/// medians of the rounds.
pub fn compare(runtime: &Handle, contestants: &[Savers]) -> Table {
    let title = "Redis on loopback: how long a save takes, in microseconds";
    let mut table = Table::new("redis-latency", title, &COLUMNS);
    for tasks in TASKS {
        eprintln!("measuring saves of {tasks} at once");
        let mut rounds = vec![Vec::new(); contestants.len()];
        // The first round warms up.
        for round in 0..=ROUNDS {
            for (contestant, rounds) in contestants.iter().zip(&mut rounds) {
                let values = contestant.turn(runtime, tasks);
                if round > 0 {
                    rounds.push(values);
                }
            }
        }
        for (contestant, rounds) in contestants.iter().zip(&rounds) {
            let values = (0..COLUMNS.len())
                .map(|column| median(rounds.iter().map(|values| values[column]).collect()));
            // One task has nobody to compare with.
            let values = values.enumerate().map(|(column, value)| {
                let is_share = column == COLUMNS.len() - 1;
                (tasks > 1 || !is_share).then_some(value)
            });
            let unit = if tasks == 1 { "task" } else { "tasks" };
            table.row(format!("{tasks} {unit}: {}", contestant.name), values);
        }
    }
    table
}

async fn bare(pool: Pool, n: usize, end: Instant) -> Vec<Duration> {
    let key = format!("bare-saver:{n}");
    let value = json();
    let expire = Some(Expiration::PX(7_200_000));
    let mut waits = Vec::new();
    while Instant::now() < end {
        let loaded: Option<Bytes> = pool.get(&*key).await.expect("it answers");
        assert!(loaded.is_some() || waits.is_empty());
        let start = Instant::now();
        let saved = pool.set(&*key, &*value, expire.clone(), None, false).await;
        let () = saved.expect("it answers");
        waits.push(start.elapsed());
    }
    waits
}

async fn ours(manager: SessionManager, token: Token, end: Instant) -> Vec<Duration> {
    let mut waits = Vec::new();
    while Instant::now() < end {
        let session = manager.open(Some(token.as_str())).await;
        let session = session.expect("it answers");
        let visits: u64 = session.get_or("visits", 0).expect("it is a number");
        assert_ne!(visits, 0, "the session is lost");
        session.put("visits", visits + 1).expect("there is room");
        let start = Instant::now();
        manager.commit(&session).await.expect("it answers");
        waits.push(start.elapsed());
    }
    waits
}

const COLUMNS: [&str; 5] = [
    "thousand saves/s",
    "median",
    "99 %",
    "longest",
    "slowest task / fastest",
];
const TASKS: [usize; 4] = [1, 8, 64, MAX_TASKS];
const MAX_TASKS: usize = 512;
const ROUNDS: usize = 7;
const TURN: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_count_the_shortest_waits() {
        let waits = |range: std::ops::RangeInclusive<u64>| range.map(Duration::from_micros);
        let waits = Waits::of(vec![waits(501..=1_001).collect(), waits(1..=500).collect()]);
        assert_eq!(waits.count(), 1_001);
        assert_eq!(
            [0, 500, 990, 1_000].map(|thousandths| waits.micros(thousandths)),
            [1.0, 501.0, 991.0, 1_001.0]
        );
    }
}
