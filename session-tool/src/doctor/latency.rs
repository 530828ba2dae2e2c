//! The check of how fast Redis answers, without I/O.

use std::time::Duration;

use crate::doctor::check::Check;

/// Judges how long loads took, of which there is at least one.
pub(crate) fn check(mut loads: Vec<Duration>) -> Check {
    loads.sort_unstable();
    let (median, slowest) = (loads[loads.len() / 2], loads[loads.len() - 1]);
    let detail = format!(
        "{} a load (median of {}; the slowest: {})",
        millis(median),
        loads.len(),
        millis(slowest)
    );
    if median > SLOW {
        let detail = format!("{detail}: each request waits for one to three of them");
        Check::warn(
            "latency",
            detail,
            "put Redis nearer to the service, or look for slow commands with SLOWLOG",
        )
    } else {
        Check::ok("latency", detail)
    }
}

fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    format!("{millis:.*} ms", if millis < 10.0 { 2 } else { 0 })
}

/// More than a page should lose to its sessions: three loads of this take 60 ms.
const SLOW: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;

    #[test]
    fn the_median_decides_and_the_slowest_is_named() {
        let micros = |all: &[u64]| check(all.iter().map(|n| Duration::from_micros(*n)).collect());
        let fast = micros(&[210, 190, 4_000]);
        assert_eq!(fast.status, Status::Ok);
        assert_eq!(
            fast.detail,
            "0.21 ms a load (median of 3; the slowest: 4.00 ms)"
        );
        let slow = micros(&[30_000, 30_000, 100]);
        assert_eq!(slow.status, Status::Warn);
        assert_eq!(
            slow.detail,
            "30 ms a load (median of 3; the slowest: 30 ms): each request waits for one to three of them"
        );
    }
}
