//! Time, of several cases in turn.

use std::time::{Duration, Instant};

use crate::cases::Prepared;

/// The nanoseconds of one run of each case: medians over rounds in which all take their turn, so that a machine that is
/// busy for a while is busy for all of them.
pub fn medians(cases: &mut [Prepared]) -> Vec<f64> {
    let times: Vec<usize> = cases.iter_mut().map(calibrate).collect();
    let mut measured = vec![Vec::with_capacity(ROUNDS); cases.len()];
    for _ in 0..ROUNDS {
        for ((case, times), measured) in cases.iter_mut().zip(&times).zip(&mut measured) {
            measured.push(time(case, *times).as_nanos() as f64 / *times as f64);
        }
    }
    measured.into_iter().map(median).collect()
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

/// How often a case runs in a turn.
fn calibrate(case: &mut Prepared) -> usize {
    let mut times = 16;
    loop {
        let took = time(case, times);
        if took >= TURN / 2 {
            return times;
        }
        times *= 2;
    }
}

fn time(case: &mut Prepared, times: usize) -> Duration {
    let start = Instant::now();
    case(times);
    start.elapsed()
}

const ROUNDS: usize = 51;
const TURN: Duration = Duration::from_millis(4);
