//! What all clients of a server share: its address, the metrics and the store's outage.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::arguments::Driver;
use crate::metrics::Metrics;
use crate::problem::Problem;

/// A playground under load.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its name in the output.
    pub(crate) name: String,
    /// Host and port.
    pub(crate) address: String,
    pub(crate) driver: Driver,
    /// When clients stop.
    pub(crate) end: Instant,
    pub(crate) metrics: Metrics,
    pub(crate) outage: Outage,
}

/// The store's outage. There is at most one.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    began: OnceLock<Instant>,
    ended: OnceLock<Instant>,
    /// The number of failed requests, and the time of the last one.
    refused: Mutex<(u64, Option<Instant>)>,
}

impl Target {
    /// A target that no client connects to.
    #[cfg(test)]
    pub(crate) fn unreachable() -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self {
            name: String::new(),
            address: String::new(),
            driver: Driver::Redis,
            end: Instant::now(),
            metrics: Metrics::new(),
            outage: Outage::default(),
        })
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Records the problem of a round, unless the outage excuses it.
    pub(crate) fn finish_round(&self, start: Instant, result: Result<(), Problem>) {
        match result {
            Ok(()) => (),
            // Checks that hold even during an outage record their problems directly.
            Err(_) if self.outage.excuses(start) => (),
            Err(problem) => self.metrics.record(&self.name, &problem),
        }
    }
}

impl Outage {
    pub(crate) fn begin(&self) {
        let _ = self.began.set(Instant::now());
    }

    pub(crate) fn end(&self) {
        let _ = self.ended.set(Instant::now());
    }

    /// Returns `true` if the time since `start` overlaps with the outage or the recovery from it.
    pub(crate) fn excuses(&self, start: Instant) -> bool {
        let is_after = |ended: &Instant| start > *ended + RECOVERY;
        self.began.get().is_some() && !self.ended.get().is_some_and(is_after)
    }

    /// Counts a request that was refused or not acknowledged.
    pub(crate) fn count_refused(&self) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.0 += 1;
        refused.1 = Some(Instant::now());
    }

    /// Returns the length of the outage, the number of failed requests, and the time from the store's return to the last
    /// failure.
    pub(crate) fn lasted(&self) -> Option<(Duration, u64, Duration)> {
        let (began, ended) = (self.began.get()?, self.ended.get()?);
        let (count, latest) = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let after = latest.map_or(Duration::ZERO, |latest| {
            latest.saturating_duration_since(*ended)
        });
        Some((*ended - *began, count, after))
    }
}

/// The longest wait of the driver between two attempts to reconnect, an attempt under way, and a margin.
const RECOVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_excuses_only_what_overlaps_with_it() {
        let (outage, start) = (Outage::default(), Instant::now());
        assert!(!outage.excuses(start));
        outage.begin();
        assert!(outage.excuses(start));
        outage.end();
        assert!(outage.excuses(start));
        assert!(!outage.excuses(Instant::now() + RECOVERY));
    }
}
