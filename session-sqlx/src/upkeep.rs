//! Work on the whole table: sweeping, counting, and finding sessions by the beginning of their id.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use session_core::{Error, SessionId};

use crate::SqlxDriver;
use crate::dialect::Dialect;
use crate::work::{Count, StartingWith, Sweep};

impl SqlxDriver {
    /// Removes all records that have ended, in small steps, and returns their number. Saves do the same, a few at a time, so
    /// this is for a service with few saves, or for cron. A record stays for up to 10 minutes after its end.
    ///
    /// # Errors
    ///
    /// Returns [`Error::unavailable`] if the database failed or a step took longer than the timeout.
    pub async fn sweep(&self) -> Result<u64, Error> {
        // With SQLite, all writes wait for a step.
        let rows = match self.shared().sql.dialect {
            Dialect::Sqlite => SWEPT,
            Dialect::Postgres | Dialect::MySql => STEP,
        };
        let mut swept = 0;
        loop {
            let now = self.clock().now();
            let step = self.shared().run(&Sweep { now, rows }).await?.answer;
            swept += step;
            if step < rows.unsigned_abs() {
                return Ok(swept);
            }
        }
    }

    /// Counts the live records. The database reads the whole table.
    ///
    /// # Errors
    ///
    /// Returns [`Error::unavailable`] if the database failed or took longer than the timeout.
    pub async fn count(&self) -> Result<u64, Error> {
        let now = self.clock().now();
        Ok(self.shared().run(&Count { now }).await?.answer)
    }

    /// Returns the ids of all live sessions whose id starts with `start`, in order: for an operator who has read the first
    /// eight characters in a log. The database reads the whole table.
    ///
    /// # Errors
    ///
    /// Returns [`Error::unavailable`] if the database failed or took longer than the timeout.
    pub async fn ids_starting_with(&self, start: &str) -> Result<Vec<SessionId>, Error> {
        if start.contains('\0') {
            // No database stores it in a text.
            return Ok(Vec::new());
        }
        let now = self.clock().now();
        let ids = self
            .shared()
            .run(&StartingWith { start, now })
            .await?
            .answer;
        let mut ids: Vec<_> = ids
            .iter()
            .filter_map(|id| SessionId::from_stored(id))
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Sweeps a few records in the background, if it is time.
    pub(crate) fn sweep_a_little(&self) {
        let shared = self.shared();
        if shared.saves.fetch_add(1, Ordering::Relaxed) < SAVES_PER_SWEEP
            || shared.is_sweeping.swap(true, Ordering::Relaxed)
        {
            return;
        }
        let (now, rows) = (self.clock().now(), SWEPT);
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            // A failure is none of the request's. The next sweep does its work.
            if let Err(error) = shared.run(&Sweep { now, rows }).await {
                tracing::debug!(target: "session", %error, "sweeping expired sessions failed");
            }
            shared.saves.store(0, Ordering::Relaxed);
            shared.is_sweeping.store(false, Ordering::Relaxed);
        });
    }
}

/// How many rows one step of [`SqlxDriver::sweep`] removes on a server.
const STEP: i64 = 500;
/// Saves between two sweeps in the background.
const SAVES_PER_SWEEP: u32 = 8;
/// How many rows such a sweep removes: more than the saves can have added.
const SWEPT: i64 = 32;
