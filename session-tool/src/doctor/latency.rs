//! Check of how fast the store answers, without I/O.

use std::time::Duration;

use crate::doctor::check::Check;

/// Assesses the durations of at least one load.
pub(crate) fn check(mut loads: Vec<Duration>) -> Check {
    loads.sort_unstable();
    let (median, slowest) = (loads[loads.len() / 2], loads[loads.len() - 1]);
    let detail = format!(
        "{} per load (median of {}, slowest {})",
        millis(median),
        loads.len(),
        millis(slowest)
    );
    if median > SLOW {
        let detail = format!("{detail}: every request waits for one to three of these");
        Check::warn(
            "latency",
            detail,
            "move the server closer to the service, or look for slow commands and statements in its log",
        )
    } else {
        Check::ok("latency", detail)
    }
}

fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    format!("{millis:.*} ms", if millis < 10.0 { 2 } else { 0 })
}

/// Three loads of this length take 60 ms, more than a page should spend on its session.
const SLOW: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;

    #[test]
    fn the_median_decides_and_the_slowest_is_shown() {
        let micros = |all: &[u64]| check(all.iter().map(|n| Duration::from_micros(*n)).collect());
        let fast = micros(&[210, 190, 4_000]);
        assert_eq!(fast.status, Status::Ok);
        assert_eq!(
            fast.detail,
            "0.21 ms per load (median of 3, slowest 4.00 ms)"
        );
        let slow = micros(&[30_000, 30_000, 100]);
        assert_eq!(slow.status, Status::Warn);
        assert_eq!(
            slow.detail,
            "30 ms per load (median of 3, slowest 30 ms): every request waits for one to three of these"
        );
    }
}
