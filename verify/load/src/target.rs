//! What all clients of a server share: where it is, what they count, and whether its store is away.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::arguments::Driver;
use crate::figures::Figures;
use crate::trouble::Trouble;

/// A playground under load.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its name, for whoever reads what is printed.
    pub(crate) name: String,
    /// Host and port.
    pub(crate) address: String,
    pub(crate) driver: Driver,
    /// When clients are to stop.
    pub(crate) end: Instant,
    pub(crate) figures: Figures,
    pub(crate) outage: Outage,
}

/// The time in which the store was away, at most once.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    began: OnceLock<Instant>,
    ended: OnceLock<Instant>,
    /// How many requests it cost, and when the last of them was answered.
    refused: Mutex<(u64, Option<Instant>)>,
}

impl Target {
    /// One that is not there.
    #[cfg(test)]
    pub(crate) fn nowhere() -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self {
            name: String::new(),
            address: String::new(),
            driver: Driver::Redis,
            end: Instant::now(),
            figures: Figures::new(),
            outage: Outage::default(),
        })
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Counts what a round that began then has found.
    pub(crate) fn judge(&self, begun: Instant, result: Result<(), Trouble>) {
        match result {
            Ok(()) => (),
            // A server answers, and nothing is lost, also during an outage: who checks that does so for himself.
            Err(_) if self.outage.excuses(begun) => (),
            Err(trouble) => self.figures.blame(&self.name, &trouble),
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

    /// Whether something that began then, and ends now, met the outage.
    pub(crate) fn excuses(&self, begun: Instant) -> bool {
        let is_after = |ended: &Instant| begun > *ended + RECOVERY;
        self.began.get().is_some() && !self.ended.get().is_some_and(is_after)
    }

    /// A client was refused, or its write was not acknowledged.
    pub(crate) fn note(&self) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.0 += 1;
        refused.1 = Some(Instant::now());
    }

    /// How long the store was away, how many requests that cost, and how long after its return the last of them was
    /// answered.
    pub(crate) fn lasted(&self) -> Option<(Duration, u64, Duration)> {
        let (began, ended) = (self.began.get()?, self.ended.get()?);
        let (count, latest) = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let after = latest.map_or(Duration::ZERO, |latest| {
            latest.saturating_duration_since(*ended)
        });
        Some((*ended - *began, count, after))
    }
}

/// After the store is back: the longest wait between two tries, one that was under way, and a little.
const RECOVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_excuses_what_meets_it_and_nothing_else() {
        let (outage, start) = (Outage::default(), Instant::now());
        assert!(!outage.excuses(start));
        outage.begin();
        assert!(outage.excuses(start));
        outage.end();
        assert!(outage.excuses(start));
        assert!(!outage.excuses(Instant::now() + RECOVERY));
    }
}
