//! How long a driver takes to store sessions again, and what it logs.

use std::io::Write;
use std::time::{Duration, Instant};

use session_core::{Outcome, SessionManager};
use test_support::Log;

/// Watches a driver from a fault until it works again.
///
/// The log belongs to one thread, so the test must run on a single-threaded runtime.
pub(crate) struct Recovery {
    log: Log,
    lines: String,
}

impl Recovery {
    pub(crate) fn watch() -> Self {
        Self {
            log: Log::capture(),
            lines: String::new(),
        }
    }

    /// Tries to store a new session until that works. Prints how long it took.
    pub(crate) async fn measure(&self, name: &str, manager: &SessionManager, fault: Instant) {
        while !stores(manager).await {
            assert!(
                fault.elapsed() < LONGEST_RECOVERY,
                "{name}: {}",
                self.log.text()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self::report(name, fault.elapsed());
    }

    /// Prints a figure, even if the test passes.
    pub(crate) fn report(name: &str, took: Duration) {
        let seconds = took.as_secs_f64();
        let line = format!("fault: {name}: {seconds:.2} s until the first stored session\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }

    /// Waits until the driver logs that it works again. Asserts that it logged each of these causes
    /// once, and no other.
    pub(crate) async fn assert_logged(&mut self, causes: &[&str]) {
        let start = Instant::now();
        while self.count(WORKS_AGAIN) == 0 {
            assert!(start.elapsed() < LONGEST_RECOVERY, "{}", self.lines);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Every connection works now, and stays so.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(self.count(WORKS_AGAIN), 1, "{}", self.lines);
        assert_eq!(self.count(DOES_NOT_WORK), causes.len(), "{}", self.lines);
        for cause in causes {
            let expected = format!("{DOES_NOT_WORK} cause=\"{cause}");
            assert_eq!(self.count(&expected), 1, "{cause}: {}", self.lines);
        }
    }

    /// Counts the lines about sessions that contain a text.
    fn count(&mut self, text: &str) -> usize {
        self.lines().matches(text).count()
    }

    /// Returns the lines about sessions since the beginning.
    pub(crate) fn lines(&mut self) -> &str {
        for line in self.log.take() {
            self.lines.push_str(&line);
            self.lines.push('\n');
        }
        &self.lines
    }
}

/// Returns `true` if a new session could be stored.
pub(crate) async fn stores(manager: &SessionManager) -> bool {
    let session = manager.open(None).await.unwrap();
    session.put("n", 1).unwrap();
    matches!(manager.commit(&session).await, Ok(Outcome::Set(_)))
}

const DOES_NOT_WORK: &str = "connection to Redis does not work: reconnecting";
const WORKS_AGAIN: &str = "connection to Redis works again";
const LONGEST_RECOVERY: Duration = Duration::from_secs(15);
