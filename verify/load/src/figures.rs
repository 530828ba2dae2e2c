//! What is counted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::trouble::Trouble;

/// The figures of one server.
#[derive(Debug)]
pub(crate) struct Figures(Mutex<Counts>);

/// What was counted so far.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) lost: u64,
    latencies: [u64; STEPS],
}

impl Figures {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Counts {
            requests: 0,
            errors: 0,
            lost: 0,
            latencies: [0; STEPS],
        }))
    }

    /// Counts a request that took so long.
    pub(crate) fn add(&self, latency: Duration) {
        let micros = latency.as_micros().max(1) as f64;
        let step = (micros.ln() * PER_E) as usize;
        self.with(|counts| {
            counts.requests += 1;
            counts.latencies[step.min(STEPS - 1)] += 1;
        });
    }

    /// Counts what a check found, and prints the first few.
    pub(crate) fn blame(&self, name: &str, trouble: &Trouble) {
        let told = self.with(|counts| {
            match trouble {
                Trouble::Wrong(_) => counts.errors += 1,
                Trouble::Lost(_) => counts.lost += 1,
            }
            counts.errors + counts.lost
        });
        if told <= SHOWN {
            println!("load: {name}: {trouble}");
        }
    }

    /// A copy.
    pub(crate) fn counts(&self) -> Counts {
        self.with(|counts| counts.clone())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counts {
    /// The latency in milliseconds within which this part of the requests was answered, exact to 5 %.
    pub(crate) fn latency(&self, part: f64) -> f64 {
        let wanted = (self.requests as f64 * part) as u64;
        let mut seen = 0;
        let step = self.latencies.iter().position(|count| {
            seen += count;
            seen > wanted
        });
        let upper = step.map_or(STEPS, |step| step + 1) as f64;
        (upper / PER_E).exp() / 1_000.0
    }
}

/// Steps of latency: each is 5 % longer than the one before, and the last one is a minute.
const STEPS: usize = 370;
const PER_E: f64 = 20.5;
/// How many troubles of a server are printed.
const SHOWN: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_exact_to_five_percent() {
        let figures = Figures::new();
        for millis in 1..=1_000 {
            figures.add(Duration::from_millis(millis));
        }
        let counts = figures.counts();
        assert_eq!(counts.requests, 1_000);
        for (part, millis) in [(0.0, 1.0), (0.5, 500.0), (0.99, 990.0)] {
            let found = counts.latency(part);
            assert!((millis..millis * 1.06).contains(&found), "{part}: {found}");
        }
    }
}
