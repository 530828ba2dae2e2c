//! Time, of several cases in turn.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::cases::Prepared;
use crate::clock::thread_time;

/// The nanoseconds that one run of each case keeps this thread busy: medians over rounds in which all take their turn.
///
/// What other programs do meanwhile does not count, except for the caches that they empty.
pub fn medians(cases: &mut [Prepared]) -> Vec<f64> {
    medians_by(cases, thread_time)
}

/// The nanoseconds until one run of each case is done, which may wait for others: medians as well.
pub fn elapsed_medians(cases: &mut [Prepared]) -> Vec<f64> {
    static START: OnceLock<Instant> = OnceLock::new();
    medians_by(cases, || START.get_or_init(Instant::now).elapsed())
}

/// The middle one.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn medians_by(cases: &mut [Prepared], clock: fn() -> Duration) -> Vec<f64> {
    let time = |case: &mut Prepared, times| {
        let start = clock();
        case(times);
        clock().saturating_sub(start)
    };
    let times: Vec<usize> = cases
        .iter_mut()
        .map(|case| calibrate(|times| time(case, times)))
        .collect();
    let mut measured = vec![Vec::with_capacity(ROUNDS); cases.len()];
    for _ in 0..ROUNDS {
        for ((case, times), measured) in cases.iter_mut().zip(&times).zip(&mut measured) {
            measured.push(time(case, *times).as_nanos() as f64 / *times as f64);
        }
    }
    measured.into_iter().map(median).collect()
}

/// How often a case runs in a turn.
fn calibrate(mut time: impl FnMut(usize) -> Duration) -> usize {
    let mut times = 1;
    while time(times) < TURN / 2 {
        times *= 2;
    }
    times
}

const ROUNDS: usize = 201;
/// Short, so that few turns are interrupted.
const TURN: Duration = Duration::from_millis(1);
