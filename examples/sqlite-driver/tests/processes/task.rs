//! What each of two processes does at once: it increments shared counters, writes keys of its own, and destroys or
//! regenerates sessions while the other process writes to them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use session_core::{
    Clock, Error, ErrorKind, Outcome, Session, SessionManager, SystemClock, Timestamp,
};
use tokio::task::JoinSet;

use crate::open;

/// The input of a process.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) process: usize,
    /// In milliseconds since 1970, so that both processes begin at the same time.
    pub(crate) begin: u64,
    pub(crate) file: PathBuf,
    pub(crate) secret: String,
    /// The tokens of sessions that live through the test.
    pub(crate) shared: Vec<String>,
    /// The tokens of sessions that are ended.
    pub(crate) targets: Vec<String>,
    /// Where the process writes its report.
    pub(crate) report: PathBuf,
}

/// The acknowledged work of a process.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Increments by shared session.
    pub(crate) counts: Vec<u64>,
    pub(crate) keys: Vec<Key>,
    pub(crate) reads: u64,
    pub(crate) destroyed: Vec<usize>,
    pub(crate) moved: Vec<(usize, String)>,
    /// The saved values by target.
    pub(crate) written: Vec<(usize, u64)>,
    pub(crate) late: u64,
    pub(crate) unanswered: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) session: usize,
    pub(crate) name: String,
    pub(crate) value: u64,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.counts
            .resize(self.counts.len().max(other.counts.len()), 0);
        for (sum, count) in self.counts.iter_mut().zip(other.counts) {
            *sum += count;
        }
        self.keys.extend(other.keys);
        self.reads += other.reads;
        self.destroyed.extend(other.destroyed);
        self.moved.extend(other.moved);
        self.written.extend(other.written);
        self.late += other.late;
        self.unanswered += other.unanswered;
    }

    /// Opens, works and commits like a request. Returns `None` if the store did not answer.
    async fn request(
        &mut self,
        manager: &SessionManager,
        token: &str,
        work: impl FnOnce(&Session),
    ) -> Option<Outcome> {
        let session = open(manager, token).await;
        let outcome = if session.is_available() {
            work(&session);
            manager.commit(&session).await
        } else {
            Err(Error::new(ErrorKind::Unavailable))
        };
        match outcome {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
                self.unanswered += 1;
                None
            }
        }
    }
}

impl Task {
    pub(crate) async fn run(self, manager: SessionManager) -> Report {
        let task = Arc::new(self);
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            tasks.spawn(Arc::clone(&task).write(manager.clone(), writer));
        }
        tasks.spawn(Arc::clone(&task).read(manager.clone()));
        tasks.spawn(Arc::clone(&task).end_targets(manager));
        let mut all = Report::default();
        for report in tasks.join_all().await {
            all.add(report);
        }
        all
    }

    /// Increments the shared counters, and a key of its own in each shared session.
    async fn write(self: Arc<Self>, manager: SessionManager, writer: usize) -> Report {
        let name = format!("process {} writer {writer}", self.process);
        let key = |session| Key {
            session,
            name: name.clone(),
            value: 0,
        };
        let mut report = Report {
            counts: vec![0; self.shared.len()],
            keys: (0..self.shared.len()).map(key).collect(),
            ..Report::default()
        };
        for turn in (writer..).take_while(|_| !self.is_over()) {
            let number = turn % self.shared.len();
            let Key { name, value, .. } = &report.keys[number];
            let (name, value, doubt) = (name.clone(), *value, report.unanswered);
            let outcome = report.request(&manager, &self.shared[number], |session| {
                let held = session.get_or::<u64>(&name, 0).unwrap();
                assert!(
                    (value..=value + doubt).contains(&held),
                    "{name} is {held}, not {value}"
                );
                session.update("count", 0, |count: u64| count + 1).unwrap();
                session.put(&name, value + 1).unwrap();
            });
            if let Some(outcome) = outcome.await {
                assert!(matches!(outcome, Outcome::Set(_)), "a write was dropped");
                report.counts[number] += 1;
                report.keys[number].value = value + 1;
            }
        }
        report
    }

    /// Reads the shared sessions, which touches them. Counters never decrease.
    async fn read(self: Arc<Self>, manager: SessionManager) -> Report {
        let mut report = Report::default();
        let mut last = vec![0; self.shared.len()];
        for turn in (0..).take_while(|_| !self.is_over()) {
            let number = turn % self.shared.len();
            let seen = &mut last[number];
            let outcome = report.request(&manager, &self.shared[number], |session| {
                let count = session.get_or::<u64>("count", 0).unwrap();
                assert!(count >= *seen, "the count went from {seen} back to {count}");
                *seen = count;
            });
            report.reads += u64::from(outcome.await.is_some());
        }
        report
    }

    /// Takes the targets in turn. One process ends a target while the other writes to it.
    async fn end_targets(self: Arc<Self>, manager: SessionManager) -> Report {
        let mut report = Report::default();
        for (target, token) in self.targets.iter().enumerate() {
            let begin = self.begin() + SLOT * u32::try_from(target).unwrap();
            tokio::time::sleep(begin.since(SystemClock.now())).await;
            if target % 2 == self.process {
                // Vary the moment relative to the other process's requests.
                tokio::time::sleep(SLOT.mul_f64((target % 13) as f64 / 26.0)).await;
                self.end(target, token, &manager, &mut report).await;
            } else {
                self.write_until_it_ends(target, token, &manager, &mut report)
                    .await;
            }
        }
        report
    }

    async fn end(&self, target: usize, token: &str, manager: &SessionManager, report: &mut Report) {
        let destroys = target % 4 < 2;
        let outcome = report.request(manager, token, |session| {
            assert!(!session.is_new(), "{target} ended too early");
            if destroys {
                session.destroy().unwrap();
            } else {
                session.regenerate().unwrap();
                session.put("moved", true).unwrap();
            }
        });
        match outcome.await {
            Some(Outcome::Clear) => report.destroyed.push(target),
            Some(Outcome::Set(token)) => report.moved.push((target, token.as_str().to_owned())),
            Some(Outcome::Keep) => panic!("{target} was not ended"),
            None => return,
        }
        let again = open(manager, token).await;
        assert!(again.is_new(), "{target} was resurrected");
    }

    async fn write_until_it_ends(
        &self,
        target: usize,
        token: &str,
        manager: &SessionManager,
        report: &mut Report,
    ) {
        let start = Instant::now();
        for value in (1..).take_while(|_| start.elapsed() < PATIENCE) {
            let mut ended = false;
            let outcome = report.request(manager, token, |session| {
                ended = session.is_new();
                if !ended {
                    session.put("written", value).unwrap();
                }
            });
            let outcome = outcome.await;
            if ended {
                return;
            }
            match outcome {
                Some(Outcome::Set(_)) => report.written.push((target, value)),
                Some(_) => report.late += 1,
                None => return,
            }
        }
    }

    fn begin(&self) -> Timestamp {
        Timestamp::from_millis(self.begin)
    }

    fn is_over(&self) -> bool {
        SystemClock.now() >= self.begin() + SLOT * u32::try_from(self.targets.len()).unwrap()
    }
}

const WRITERS: usize = 3;
/// If a target has not ended by then, ending it failed.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time for each target.
pub(crate) const SLOT: Duration = Duration::from_millis(50);
