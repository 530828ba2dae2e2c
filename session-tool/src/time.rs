//! Parsing and formatting times and durations.

use std::time::{Duration, UNIX_EPOCH};

use session_core::Timestamp;

/// Formats a time like JavaScript's `toISOString`: UTC with milliseconds. Times after the year 9999 become its last
/// millisecond.
pub(crate) fn iso(time: Timestamp) -> String {
    let millis = Duration::from_millis(time.as_millis().min(LAST_MILLIS));
    humantime::format_rfc3339_millis(UNIX_EPOCH + millis).to_string()
}

/// Formats a time for people: UTC to the second, and its distance from `now`.
pub(crate) fn moment(time: Timestamp, now: Timestamp) -> String {
    if time.as_millis() > LAST_MILLIS {
        return "after the year 9999".to_owned();
    }
    let seconds = Duration::from_secs(time.as_millis() / 1000);
    let date = humantime::format_rfc3339_seconds(UNIX_EPOCH + seconds);
    format!("{date}, {}", distance(time, now))
}

/// Formats a distance: "in 1 h 59 min", "3 min 5 s ago".
pub(crate) fn distance(time: Timestamp, now: Timestamp) -> String {
    if time > now {
        format!("in {}", span(time.since(now)))
    } else {
        format!("{} ago", span(now.since(time)))
    }
}

/// Formats a duration with its two largest units, rounded down.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let Some(first) = parts.iter().position(|(n, _)| *n > 0) else {
        return "less than 1 s".to_owned();
    };
    let shown = parts[first..].iter().take(2).filter(|(n, _)| *n > 0);
    let shown: Vec<String> = shown.map(|(n, unit)| format!("{n} {unit}")).collect();
    shown.join(" ")
}

/// Parses a time: `2023-11-14T22:13:20Z`, or milliseconds since the Unix epoch.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(millis) = text.parse() {
        return Ok(Timestamp::from_millis(millis));
    }
    humantime::parse_rfc3339_weak(text)
        .map(Timestamp::from)
        .map_err(|_| {
            "use a UTC time such as 2023-11-14T22:13:20Z, or milliseconds since the Unix epoch"
                .to_owned()
        })
}

/// When a session expires, relative to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    In(Duration),
    Ago(Duration),
}

/// Parses a duration: `90s`, `2h 30m`, `7d`, or minutes as in `SESSION_LIFETIME`. A minus sign puts it in the past.
pub(crate) fn parse_expiry(text: &str) -> Result<Expiry, String> {
    let (size, is_past) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let minutes = size
        .parse::<u64>()
        .ok()
        .map(|minutes| minutes.saturating_mul(60));
    let duration = match minutes {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => humantime::parse_duration(size).ok(),
    };
    match duration.filter(|duration| !duration.is_zero()) {
        Some(duration) if is_past => Ok(Expiry::Ago(duration)),
        Some(duration) => Ok(Expiry::In(duration)),
        None => Err("use a duration such as 90s, 2h or 7d, or a number of minutes".to_owned()),
    }
}

/// Parses an interval in seconds.
pub(crate) fn parse_interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok();
    match seconds.filter(|seconds| (0.1..=86_400.0).contains(seconds)) {
        Some(seconds) => Ok(Duration::from_secs_f64(seconds)),
        None => Err("use a number of seconds from 0.1 to 86400".to_owned()),
    }
}

/// 9999-12-31T23:59:59.999Z.
const LAST_MILLIS: u64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn times_are_formatted_as_utc() {
        assert_eq!(iso(at(1_700_007_200_000)), "2023-11-15T00:13:20.000Z");
        assert_eq!(iso(at(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(at(LAST_MILLIS)), "9999-12-31T23:59:59.999Z");
        assert_eq!(iso(at(u64::MAX)), "9999-12-31T23:59:59.999Z");
        assert_eq!(
            moment(at(1_700_007_200_999), at(1_700_000_000_000)),
            "2023-11-15T00:13:20Z, in 2 h"
        );
        assert_eq!(moment(at(u64::MAX), at(0)), "after the year 9999");
    }

    #[test]
    fn a_distance_has_at_most_two_units_and_is_rounded_down() {
        let distance = |millis: i64| {
            let now = at(1_700_000_000_000);
            distance(at(now.as_millis().checked_add_signed(millis).unwrap()), now)
        };
        assert_eq!(distance(7_199_999), "in 1 h 59 min");
        assert_eq!(distance(86_400_000 + 3_600_000 + 60_000), "in 1 d 1 h");
        assert_eq!(distance(86_400_000 + 60_000), "in 1 d");
        assert_eq!(distance(59_000), "in 59 s");
        assert_eq!(distance(999), "in less than 1 s");
        assert_eq!(distance(0), "less than 1 s ago");
        assert_eq!(distance(-185_000), "3 min 5 s ago");
    }

    #[test]
    fn both_forms_of_times_parse() {
        let expected = Ok(at(1_700_000_000_000));
        for text in [
            "1700000000000",
            "2023-11-14T22:13:20Z",
            "2023-11-14 22:13:20",
        ] {
            assert_eq!(parse_time(text), expected, "{text}");
        }
        for text in ["", "yesterday", "-1", "2023-13-01T00:00:00Z"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_parse_with_units_or_as_minutes() {
        let seconds = Duration::from_secs;
        assert_eq!(parse_expiry("90s"), Ok(Expiry::In(seconds(90))));
        assert_eq!(parse_expiry("2h 30m"), Ok(Expiry::In(seconds(9_000))));
        assert_eq!(parse_expiry("7d"), Ok(Expiry::In(seconds(604_800))));
        assert_eq!(parse_expiry("120"), Ok(Expiry::In(seconds(7_200))));
        assert_eq!(parse_expiry("-5m"), Ok(Expiry::Ago(seconds(300))));
        for text in ["", "-", "0", "0s", "soon", "1.5", "--1"] {
            assert!(parse_expiry(text).is_err(), "{text}");
        }
    }

    #[test]
    fn intervals_are_bounded() {
        assert_eq!(parse_interval("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "NaN", "inf", "1e9", "x"] {
            assert!(parse_interval(text).is_err(), "{text}");
        }
    }
}
