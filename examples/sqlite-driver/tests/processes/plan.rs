//! What one of the hammering processes does: shared counters, keys of each task's own, and sessions that one
//! process ends or moves to another id while the other one writes to them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use session_core::{
    Clock, Error, ErrorKind, Outcome, Session, SessionManager, SystemClock, Timestamp,
};
use tokio::task::JoinSet;

/// What a process is told.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) seat: usize,
    pub(crate) begin: u64,
    pub(crate) shared: Vec<String>,
    pub(crate) targets: Vec<String>,
}

/// What it did, by the answers that it got.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// By shared session.
    pub(crate) counts: Vec<u64>,
    pub(crate) keys: Vec<Key>,
    pub(crate) reads: u64,
    pub(crate) destroyed: Vec<usize>,
    pub(crate) moved: Vec<(usize, String)>,
    /// By target, the last value that was saved.
    pub(crate) written: Vec<(usize, u64)>,
    pub(crate) aimed: u64,
    pub(crate) late: u64,
    pub(crate) unanswered: u64,
    pub(crate) longest_ms: u128,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) session: usize,
    pub(crate) name: String,
    pub(crate) value: u64,
}

impl Report {
    pub(crate) fn increments(&self) -> u64 {
        self.counts.iter().sum()
    }

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
        self.aimed += other.aimed;
        self.late += other.late;
        self.unanswered += other.unanswered;
        self.longest_ms = self.longest_ms.max(other.longest_ms);
    }

    /// Opens, works and commits as a request does. `None` where the store did not answer.
    async fn request(
        &mut self,
        manager: &SessionManager,
        token: &str,
        work: impl FnOnce(&Session),
    ) -> Option<Outcome> {
        let begun = Instant::now();
        let session = open(manager, token).await;
        let outcome = if session.is_available() {
            work(&session);
            manager.commit(&session).await
        } else {
            Err(Error::new(ErrorKind::Unavailable))
        };
        self.longest_ms = self.longest_ms.max(begun.elapsed().as_millis());
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

impl Plan {
    pub(crate) async fn carry_out(self, manager: SessionManager) {
        let plan = Arc::new(self);
        let mut tasks = JoinSet::new();
        for task in 0..WRITERS {
            tasks.spawn(Arc::clone(&plan).write(manager.clone(), task));
        }
        tasks.spawn(Arc::clone(&plan).read(manager.clone()));
        tasks.spawn(Arc::clone(&plan).aim(manager));
        let mut all = Report::default();
        for report in tasks.join_all().await {
            all.add(report);
        }
        println!("{}", serde_json::to_string(&all).unwrap());
    }

    /// Counts in the shared sessions and keeps a key of its own in each.
    async fn write(self: Arc<Self>, manager: SessionManager, task: usize) -> Report {
        let name = format!("process {} task {task}", self.seat);
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
        for turn in (task..).take_while(|_| !self.is_over()) {
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

    /// Reads the shared sessions, which renews them by a touch: a count never goes back.
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

    /// Each target has its time, in which one process ends it and the other one writes to it.
    async fn aim(self: Arc<Self>, manager: SessionManager) -> Report {
        let mut report = Report::default();
        for (slot, token) in self.targets.iter().enumerate() {
            let begin = self.begin() + SLOT * u32::try_from(slot).unwrap();
            tokio::time::sleep(begin.since(SystemClock.now())).await;
            if slot % 2 == self.seat {
                // Not always at the same moment of the other one's requests.
                tokio::time::sleep(SLOT.mul_f64((slot % 13) as f64 / 26.0)).await;
                self.end(slot, token, &manager, &mut report).await;
            } else {
                self.write_until_it_ends(slot, token, &manager, &mut report)
                    .await;
            }
        }
        report
    }

    async fn end(&self, slot: usize, token: &str, manager: &SessionManager, report: &mut Report) {
        let destroys = slot % 4 < 2;
        let outcome = report.request(manager, token, |session| {
            assert!(!session.is_new(), "{slot} ended before its time");
            if destroys {
                session.destroy().unwrap();
            } else {
                session.regenerate().unwrap();
                session.put("moved", true).unwrap();
            }
        });
        match outcome.await {
            Some(Outcome::Clear) => report.destroyed.push(slot),
            Some(Outcome::Set(token)) => report.moved.push((slot, token.as_str().to_owned())),
            Some(Outcome::Keep) => panic!("{slot} was not ended"),
            None => return,
        }
        let again = open(manager, token).await;
        assert!(again.is_new(), "{slot} is back at once");
    }

    async fn write_until_it_ends(
        &self,
        slot: usize,
        token: &str,
        manager: &SessionManager,
        report: &mut Report,
    ) {
        let begun = Instant::now();
        for value in (1..).take_while(|_| begun.elapsed() < ITS_TIME) {
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
            report.aimed += 1;
            match outcome {
                Some(Outcome::Set(_)) => report.written.push((slot, value)),
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

pub(crate) async fn open(manager: &SessionManager, token: &str) -> Session {
    manager.open(Some(token)).await.unwrap()
}

const WRITERS: usize = 3;
/// A target that has not ended by then does not end: its end failed.
const ITS_TIME: Duration = Duration::from_secs(2);
/// When the time of the next target begins.
pub(crate) const SLOT: Duration = Duration::from_millis(50);
