//! What the driver writes behind a record's JSON.

use session_core::Timestamp;

/// The number of a save and the time at which the record ends, written in white space, which JSON ignores around it: so
/// that the stored text is still the JSON that other software reads.
///
/// The number is the record's version. The time is here as well as in the key's TTL, so that a load is a plain `GET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) version: u64,
    pub(crate) expires_at: Timestamp,
}

impl Mark {
    pub(crate) fn write(self, text: &mut String) {
        text.push_str(&version(self.version));
        text.push_str(&time(self.expires_at));
    }

    /// Splits a value into its JSON and its mark, `None` where other software wrote it.
    pub(crate) fn read(value: &[u8]) -> Option<(&[u8], Self)> {
        let (json, mark) = value.split_at(value.len().checked_sub(VERSION_LEN + TIME_LEN)?);
        let (version, time) = mark.split_at(VERSION_LEN);
        let mark = Self {
            version: number(version)?,
            expires_at: Timestamp::from_millis(number(time)?),
        };
        Some((json, mark))
    }
}

/// A version as it stands in a mark.
pub(crate) fn version(version: u64) -> String {
    white(version, VERSION_LEN)
}

/// A time as it stands in a mark.
pub(crate) fn time(time: Timestamp) -> String {
    white(time.as_millis().min(LATEST), TIME_LEN)
}

/// A number in two bits a character, the lowest first.
fn white(number: u64, len: usize) -> String {
    (0..len)
        .map(|at| char::from(DIGITS[(number >> (2 * at) & 3) as usize]))
        .collect()
}

fn number(white: &[u8]) -> Option<u64> {
    let mut number = 0;
    for (at, byte) in white.iter().enumerate() {
        let digit = DIGITS.iter().position(|digit| digit == byte)?;
        number |= (digit as u64) << (2 * at);
    }
    Some(number)
}

/// All that JSON takes for white space (RFC 8259, "JSON Grammar").
const DIGITS: [u8; 4] = *b" \t\n\r";
const VERSION_LEN: usize = 32;
const TIME_LEN: usize = 22;
/// What fits: the year 2527.
const LATEST: u64 = (1 << (2 * TIME_LEN)) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        for (version, millis) in [
            (0, 0),
            (1, 1_700_000_000_123),
            (u64::MAX, LATEST),
            (0x0123_4567_89ab_cdef, LATEST + 1),
        ] {
            let mark = Mark {
                version,
                expires_at: Timestamp::from_millis(millis),
            };
            let mut text = "{}".to_owned();
            mark.write(&mut text);
            assert_eq!(text.trim_end(), "{}");
            assert_eq!(text.len(), 56);
            let expires_at = Timestamp::from_millis(millis.min(LATEST));
            let read = Mark::read(text.as_bytes()).unwrap();
            assert_eq!(
                read,
                (
                    &b"{}"[..],
                    Mark {
                        version,
                        expires_at
                    }
                )
            );
        }
    }

    #[test]
    fn what_others_wrote_has_no_mark() {
        let json = r#"{"id":"11111111-1111-4111-8111-111111111111","data":{},"flash_next":{}}"#;
        for value in [
            "",
            "{}",
            json,
            &format!("{json}\n"),
            &format!("{json}{}", " ".repeat(53)),
        ] {
            assert_eq!(Mark::read(value.as_bytes()), None, "{value:?}");
        }
    }
}
