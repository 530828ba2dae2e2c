//! Durations as settings write them: as a number of minutes or of seconds.

use std::time::Duration;

use serde::Serialize;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Seconds,
    Minutes,
}

/// A number of some unit. Whole numbers are written without a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Amount {
    Whole(u64),
    Fraction(f64),
}

impl Unit {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
        }
    }

    pub(crate) const fn whole(self, number: u64) -> Duration {
        Duration::from_secs(number.saturating_mul(self.seconds()))
    }

    /// Returns a duration in whole milliseconds, or `None` for a negative number.
    pub(crate) fn fraction(self, number: f64) -> Option<Duration> {
        let millis = (number * self.seconds() as f64 * 1000.0).round();
        // A number that is too large saturates.
        (millis >= 0.0).then(|| Duration::from_millis(millis as u64))
    }

    /// Returns the number that means this duration, rounded up to milliseconds.
    pub(crate) fn amount(self, duration: Duration) -> Amount {
        let (millis, unit) = (
            duration.as_nanos().div_ceil(1_000_000),
            u128::from(self.seconds()) * 1000,
        );
        if millis.is_multiple_of(unit) {
            Amount::Whole(u64::try_from(millis / unit).unwrap_or(u64::MAX))
        } else {
            Amount::Fraction(millis as f64 / unit as f64)
        }
    }

    const fn seconds(self) -> u64 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_means_the_same_duration() {
        for millis in [0, 1, 999, 1_000, 1_001, 59_999, 60_000, 90_500, 7_200_000] {
            let duration = Duration::from_millis(millis);
            for unit in [Unit::Seconds, Unit::Minutes] {
                let read = match unit.amount(duration) {
                    Amount::Whole(number) => Some(unit.whole(number)),
                    Amount::Fraction(number) => unit.fraction(number),
                };
                assert_eq!(read, Some(duration), "{millis} in {}", unit.name());
            }
        }
    }

    #[test]
    fn extremes_are_kept_in_range() {
        assert_eq!(Unit::Minutes.fraction(-0.1), None);
        assert_eq!(Unit::Minutes.fraction(f64::NAN), None);
        assert_eq!(
            Unit::Minutes.fraction(1e300),
            Some(Duration::from_millis(u64::MAX))
        );
        assert_eq!(
            Unit::Seconds.amount(Duration::from_nanos(1)),
            Amount::Fraction(0.001)
        );
        assert_eq!(Unit::Minutes.whole(u64::MAX), Duration::from_secs(u64::MAX));
    }
}
