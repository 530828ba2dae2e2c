//! The version mark behind a record's JSON.

use session_core::Timestamp;

/// The version and the expiry of a stored record, encoded as 54 characters of white space after its
/// JSON. JSON readers skip white space, so other software still reads the value.
///
/// The expiry repeats the key's TTL, so that loading a record is a plain `GET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) version: u64,
    pub(crate) expires_at: Timestamp,
}

impl Mark {
    pub(crate) fn append_to(self, json: &mut String) {
        json.extend(version_digits(self.version));
        json.extend(time_digits(self.expires_at));
    }

    /// Splits a stored value into its JSON and its mark. Returns `None` if other software wrote the
    /// value.
    pub(crate) fn split(value: &[u8]) -> Option<(&[u8], Self)> {
        let (json, mark) = value.split_at(value.len().checked_sub(VERSION_LEN + TIME_LEN)?);
        let (version, time) = mark.split_at(VERSION_LEN);
        let mark = Self {
            version: decode(version)?,
            expires_at: Timestamp::from_millis(decode(time)?),
        };
        Some((json, mark))
    }
}

/// Encodes a version as in a mark.
pub(crate) fn encode_version(version: u64) -> String {
    version_digits(version).collect()
}

/// Encodes a time as in a mark.
pub(crate) fn encode_time(time: Timestamp) -> String {
    time_digits(time).collect()
}

fn version_digits(version: u64) -> impl Iterator<Item = char> {
    digits(version, VERSION_LEN)
}

fn time_digits(time: Timestamp) -> impl Iterator<Item = char> {
    digits(time.as_millis().min(MAX_TIME), TIME_LEN)
}

/// Encodes two bits of the number per character, the lowest first.
fn digits(number: u64, len: usize) -> impl Iterator<Item = char> {
    (0..len).map(move |at| char::from(DIGITS[(number >> (2 * at) & 3) as usize]))
}

fn decode(white_space: &[u8]) -> Option<u64> {
    let mut number = 0;
    for (at, byte) in white_space.iter().enumerate() {
        let digit = DIGITS.iter().position(|digit| digit == byte)?;
        number |= (digit as u64) << (2 * at);
    }
    Some(number)
}

/// The white space of JSON (RFC 8259, "JSON Grammar").
const DIGITS: [u8; 4] = *b" \t\n\r";
const VERSION_LEN: usize = 32;
const TIME_LEN: usize = 22;
/// The last time that fits, in the year 2527.
const MAX_TIME: u64 = (1 << (2 * TIME_LEN)) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_a_round_trip() {
        for (version, millis) in [
            (0, 0),
            (1, 1_700_000_000_123),
            (u64::MAX, MAX_TIME),
            (0x0123_4567_89ab_cdef, MAX_TIME + 1),
        ] {
            let mark = Mark {
                version,
                expires_at: Timestamp::from_millis(millis),
            };
            let mut value = "{}".to_owned();
            mark.append_to(&mut value);
            assert_eq!(value.trim_end(), "{}");
            assert_eq!(value.len(), 56);
            let expected = Mark {
                version,
                expires_at: Timestamp::from_millis(millis.min(MAX_TIME)),
            };
            let split = Mark::split(value.as_bytes()).unwrap();
            assert_eq!(split, (&b"{}"[..], expected));
        }
    }

    #[test]
    fn values_of_other_software_have_no_mark() {
        let json = r#"{"id":"11111111-1111-4111-8111-111111111111","data":{},"flash_next":{}}"#;
        for value in [
            "",
            "{}",
            json,
            &format!("{json}\n"),
            &format!("{json}{}", " ".repeat(53)),
        ] {
            assert_eq!(Mark::split(value.as_bytes()), None, "{value:?}");
        }
    }
}
