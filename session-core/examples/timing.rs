//! Checks whether a clock reveals how much of a signature was correct: Welch's t-test over
//! interleaved verifications.
//!
//! ```text
//! cargo run --release -p session-core --example timing
//! ```
//!
//! A value of t within ±4.5 means that no difference was detected (Reparaz, Balasch, Verbauwhede,
//! "Dude, is my code constant time?"). A comparison that stops at the first difference is measured
//! in the same way, to show that the method would detect one. The test of the same name counts
//! instructions instead, which other work on the machine does not affect.

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::{Error, KeyRing, Secret};

fn main() -> Result<(), Error> {
    let rings = [Secret::generate()?, Secret::generate()?].map(KeyRing::new);
    let right = signature(&rings[1].sign(HANDLE.to_owned()));
    let others = others()?;

    for bytes in [0, 1, 16, 31] {
        // Both rings get the same tokens, so that only the number of correct bytes differs. The
        // first ring has another key.
        let signatures = others.iter().map(|other| mixed(&right, other, bytes));
        let tokens: Vec<String> = signatures
            .map(|signature| format!("{HANDLE}.{}", URL_SAFE_NO_PAD.encode(signature)))
            .collect();
        // The same memory for all, because addresses affect the time.
        let mut ring = rings[0].clone();
        let mut token = tokens[0].clone();
        let samples = interleaved(|kind, number| {
            ring.clone_from(&rings[kind]);
            token.clone_from(&tokens[number % OTHERS]);
            let begin = Instant::now();
            for _ in 0..REPEATS {
                black_box(black_box(&ring).verify(black_box(&token)));
            }
            begin.elapsed()
        });
        report(&format!("verify, 0 or {bytes} bytes right"), &samples);
    }
    let mut bytes = right;
    let samples = interleaved(|kind, number| {
        bytes = mixed(&right, &others[number % OTHERS], [0, 31][kind]);
        let begin = Instant::now();
        for _ in 0..REPEATS {
            black_box(naive(black_box(&right), black_box(&bytes)));
        }
        begin.elapsed()
    });
    report("a naive comparison, 0 or 31 bytes right", &samples);
    Ok(())
}

/// Signatures by other keys, whose bytes are unrelated to the correct ones.
fn others() -> Result<Vec<[u8; 32]>, Error> {
    let other = |_| {
        Ok(signature(
            &KeyRing::new(Secret::generate()?).sign(HANDLE.to_owned()),
        ))
    };
    (0..OTHERS).map(other).collect()
}

fn signature(token: &str) -> [u8; 32] {
    let (_, encoded) = token.rsplit_once('.').unwrap_or_default();
    let decoded = URL_SAFE_NO_PAD.decode(encoded).unwrap_or_default();
    decoded.try_into().unwrap_or_default()
}

/// Returns the first `kept` bytes of the correct signature, followed by another one's.
fn mixed(right: &[u8; 32], other: &[u8; 32], kept: usize) -> [u8; 32] {
    let mut mixed = *other;
    mixed[..kept].copy_from_slice(&right[..kept]);
    mixed
}

/// Returns the times of both kinds in nanoseconds, measured in random order.
fn interleaved(mut work: impl FnMut(usize, usize) -> Duration) -> [Vec<f64>; 2] {
    let mut samples = [Vec::with_capacity(SAMPLES), Vec::with_capacity(SAMPLES)];
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..2 * SAMPLES + WARM_UP {
        // Marsaglia, "Xorshift RNGs".
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (kind, number) = ((random >> 63) as usize, (random >> 32) as usize);
        let nanoseconds = work(kind, number).as_nanos() as f64 / f64::from(REPEATS);
        if round >= WARM_UP {
            samples[kind].push(nanoseconds);
        }
    }
    // Drop the slowest samples, which were interrupted.
    let mut all: Vec<f64> = samples.concat();
    all.sort_by(f64::total_cmp);
    let limit = all[all.len() * 9 / 10];
    samples.map(|kind| kind.into_iter().filter(|sample| *sample <= limit).collect())
}

fn report(what: &str, [left, right]: &[Vec<f64>; 2]) {
    let t = welch(left, right);
    let verdict = if t.abs() < 4.5 {
        "no difference detected"
    } else {
        "the times differ"
    };
    println!(
        "timing: {what}: medians {:.1} and {:.1} ns of {} and {} samples, t = {t:.1}: {verdict}",
        median(left),
        median(right),
        left.len(),
        right.len(),
    );
}

/// Returns the difference of the means in units of its standard error (Welch, 1947).
fn welch(left: &[f64], right: &[f64]) -> f64 {
    let [(left, left_error), (right, right_error)] = [left, right].map(|samples| {
        let count = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / count;
        let squares = samples
            .iter()
            .map(|sample| (sample - mean).powi(2))
            .sum::<f64>();
        (mean, squares / (count - 1.0) / count)
    });
    (left - right) / (left_error + right_error).sqrt()
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A naive comparison, which stops at the first difference.
#[inline(never)]
fn naive(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let mut pairs = left.iter().zip(right);
    pairs.all(|(left, right)| black_box(left) == black_box(right))
}

const SAMPLES: usize = 100_000;
const WARM_UP: usize = 10_000;
/// A single verification is too short for the clock.
const REPEATS: u32 = 8;
/// So many that the processor cannot predict them.
const OTHERS: usize = 4096;
const HANDLE: &str = "11111111-1111-4111-8111-111111111111";
