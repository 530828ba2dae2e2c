//! Counters and latencies.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::problem::Problem;

/// The metrics of one server.
#[derive(Debug)]
pub(crate) struct Metrics(Mutex<Counts>);

/// A snapshot of the metrics.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) lost: u64,
    latencies: [u64; BUCKETS],
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Counts {
            requests: 0,
            errors: 0,
            lost: 0,
            latencies: [0; BUCKETS],
        }))
    }

    /// Counts a request with this latency.
    pub(crate) fn add(&self, latency: Duration) {
        let micros = latency.as_micros().max(1) as f64;
        let bucket = (micros.ln() * BUCKETS_PER_E) as usize;
        self.with(|counts| {
            counts.requests += 1;
            counts.latencies[bucket.min(BUCKETS - 1)] += 1;
        });
    }

    /// Counts a problem, and prints the first few.
    pub(crate) fn record(&self, name: &str, problem: &Problem) {
        let problems = self.with(|counts| {
            match problem {
                Problem::Wrong(_) => counts.errors += 1,
                Problem::Lost(_) => counts.lost += 1,
            }
            counts.errors + counts.lost
        });
        if problems <= SHOWN {
            println!("load: {name}: {problem}");
        }
    }

    /// Returns a snapshot.
    pub(crate) fn counts(&self) -> Counts {
        self.with(|counts| counts.clone())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counts {
    /// Returns a quantile of the latencies in milliseconds, exact to 5%.
    pub(crate) fn latency(&self, quantile: f64) -> f64 {
        let wanted = (self.requests as f64 * quantile) as u64;
        let mut seen = 0;
        let bucket = self.latencies.iter().position(|count| {
            seen += count;
            seen > wanted
        });
        let upper = bucket.map_or(BUCKETS, |bucket| bucket + 1) as f64;
        (upper / BUCKETS_PER_E).exp() / 1_000.0
    }
}

/// The buckets of the latency histogram. Each is 5% longer than the one before. The last one is a minute.
const BUCKETS: usize = 370;
const BUCKETS_PER_E: f64 = 20.5;
/// The number of problems that are printed per server.
const SHOWN: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_exact_to_five_percent() {
        let metrics = Metrics::new();
        for millis in 1..=1_000 {
            metrics.add(Duration::from_millis(millis));
        }
        let counts = metrics.counts();
        assert_eq!(counts.requests, 1_000);
        for (part, millis) in [(0.0, 1.0), (0.5, 500.0), (0.99, 990.0)] {
            let found = counts.latency(part);
            assert!((millis..millis * 1.06).contains(&found), "{part}: {found}");
        }
    }
}
