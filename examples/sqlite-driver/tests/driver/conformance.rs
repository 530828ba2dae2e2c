//! The `Driver` contract at the level *concurrent*, bare and behind `Arc<dyn Driver>`.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rusqlite::Connection;
use session_core::conformance::{InArc, Level, Subject, Verdict, report};
use session_core::{Clock, ManualClock, SessionId, Timestamp};
use sqlite_driver::SqliteDriver;
use tokio::runtime::Runtime;

use crate::common::Folder;

mod bare {
    session_core::conformance!(concurrent, super::Store::new());
}

mod in_arc {
    session_core::conformance!(concurrent, super::InArc(super::Store::new()));
}

#[test]
fn no_check_is_skipped() {
    let report = report(Level::Concurrent, Store::new);
    report.announce("sqlite");
    for (name, result) in report.results() {
        assert!(matches!(result, Ok(Verdict::Kept)), "{name}: {result:?}");
    }
}

/// One file. Each driver opens connections of its own to it, like another process.
struct Store {
    folder: Folder,
    clock: ManualClock,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

impl Store {
    fn new() -> Self {
        Self {
            folder: Folder::new(),
            clock: ManualClock::new(Timestamp::from_millis(1_700_000_000_000)),
        }
    }

    fn sql(&self) -> Connection {
        Connection::open(self.folder.file()).unwrap()
    }
}

impl Subject for Store {
    type Driver = SqliteDriver;

    fn driver(&self) -> SqliteDriver {
        SqliteDriver::open(self.folder.file())
            .unwrap()
            .with_clock(self.clock.clone())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        RUNTIME.block_on(future)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    fn plant(&self, id: &SessionId, text: &str) -> bool {
        let update = "UPDATE sessions SET record = ?2 WHERE id = ?1";
        let rows = self.sql().execute(update, (id.as_str(), text)).unwrap();
        rows == 1
    }

    fn take_down(&self) -> bool {
        self.sql()
            .execute_batch("ALTER TABLE sessions RENAME TO away")
            .unwrap();
        true
    }
}
