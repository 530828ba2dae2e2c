//! Time, measured for several cases in turn.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::cases::Prepared;
use crate::clock::thread_time;

///
/// Returns the nanoseconds that one run of each case keeps this thread busy: the median over rounds
/// in which every case takes its turn.
///
/// Other programs do not count, except for the cache lines that they evict.
pub fn medians(cases: &mut [Prepared]) -> Vec<f64> {
    medians_by(cases, thread_time)
}

/// Returns the median nanoseconds until one run of each case is done, including the time that it
/// waits.
pub fn elapsed_medians(cases: &mut [Prepared]) -> Vec<f64> {
    static START: OnceLock<Instant> = OnceLock::new();
    medians_by(cases, || START.get_or_init(Instant::now).elapsed())
}

/// Returns the middle value.
///
/// # Panics
///
/// If there are no values.
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

/// Returns how often a case runs in a turn.
fn calibrate(mut time: impl FnMut(usize) -> Duration) -> usize {
    let mut times = 1;
    while time(times) < TURN / 2 {
        times *= 2;
    }
    times
}

const ROUNDS: usize = 201;
/// Short enough that few turns are interrupted.
const TURN: Duration = Duration::from_millis(1);
