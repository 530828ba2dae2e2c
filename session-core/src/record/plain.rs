//! Reading plain JSON, as this library and JavaScript write it.
//!
//! A session's values stay text, so reading a record means finding each value and checking that it is JSON (RFC 8259, "JSON
//! Grammar"). This reader does so in one pass without copying, for texts without white space and without escapes in names:
//! nearly all of them. `None` only means that a text is not plain. serde_json then reads it, and decides whether it is JSON.

use std::ops::Range;

use super::members::Spans;

/// A text that is being read, up to `at`.
pub(crate) struct Plain<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Plain<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads an object. `member` gets each name and must read the value.
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Range<usize>) -> Option<()>,
    ) -> Option<()> {
        self.eat(b'{')?;
        if self.eat(b'}').is_some() {
            return Some(());
        }
        loop {
            let name = self.unescaped()?;
            self.eat(b':')?;
            member(self, name)?;
            if self.eat(b',').is_none() {
                return self.eat(b'}');
            }
        }
    }

    /// Reads an object and returns the positions of its members.
    pub(crate) fn spans(&mut self) -> Option<Spans> {
        let mut spans = Spans::default();
        self.object(|plain, name| {
            plain.value()?;
            spans.add(plain.text, name, plain.at)
        })?;
        Some(spans)
    }

    /// Reads any value.
    pub(crate) fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.skip(MAX_DEPTH)?;
        Some(start..self.at)
    }

    /// Reads a string without escapes and returns its position without the quotes.
    pub(crate) fn unescaped(&mut self) -> Option<Range<usize>> {
        self.eat(b'"')?;
        let start = self.at;
        self.at += unremarkable(&self.text.as_bytes()[start..]);
        self.eat(b'"')?;
        Some(start..self.at - 1)
    }

    /// Checks that the text ends here.
    pub(crate) fn end(&self) -> Option<()> {
        (self.at == self.text.len()).then_some(())
    }

    /// Skips a value that is nested at most this deep.
    fn skip(&mut self, depth: u8) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' => {
                let depth = depth.checked_sub(1)?;
                self.object(|plain, _| plain.skip(depth))
            }
            b'[' => self.array(depth.checked_sub(1)?),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(),
        }
    }

    fn array(&mut self, depth: u8) -> Option<()> {
        self.eat(b'[')?;
        if self.eat(b']').is_some() {
            return Some(());
        }
        loop {
            self.skip(depth)?;
            if self.eat(b',').is_none() {
                return self.eat(b']');
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        loop {
            self.at += unremarkable(&self.text.as_bytes()[self.at..]);
            if self.eat(b'\\').is_none() {
                return self.eat(b'"');
            }
            match self.next()? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                b'u' => {
                    for _ in 0..4 {
                        self.next()?.is_ascii_hexdigit().then_some(())?;
                    }
                }
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.eat(b'-');
        if self.eat(b'0').is_none() {
            self.digits()?;
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    /// Reads at least one digit.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn literal(&mut self, literal: &[u8]) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..];
        rest.starts_with(literal).then(|| self.at += literal.len())
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Returns the number of bytes before the first quote, backslash or control character.
#[inline]
fn unremarkable(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = bytes[at..].first_chunk() {
        let found = remarkable(u64::from_le_bytes(*word));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += size_of::<u64>();
        if at == LONG {
            return at + unremarkable_in_long(&bytes[at..]);
        }
    }
    let rest = &bytes[at..];
    at + rest.iter().position(is_remarkable).unwrap_or(rest.len())
}

/// Sets the highest bit of every byte that is a quote, a backslash or a control character. The bytes above the first of
/// them may be wrong.
const fn remarkable(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGHS: u64 = ONES << 7;
    let quotes = word ^ (ONES * b'"' as u64);
    let backslashes = word ^ (ONES * b'\\' as u64);
    let below = quotes.wrapping_sub(ONES) & !quotes
        | backslashes.wrapping_sub(ONES) & !backslashes
        | word.wrapping_sub(ONES * b' ' as u64) & !word;
    below & HIGHS
}

/// Does the same many bytes at a time.
#[inline(never)]
fn unremarkable_in_long(bytes: &[u8]) -> usize {
    let end = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
    let controls = bytes[..end]
        .iter()
        .fold(false, |any, byte| any | (*byte < b' '));
    if controls {
        return bytes.iter().position(is_remarkable).unwrap_or(end);
    }
    end
}

const fn is_remarkable(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..b' ')
}

/// From this length on, a search for one of two bytes is faster than words.
const LONG: usize = 32;
/// Deeper values are left to serde_json, which skips values without recursion.
const MAX_DEPTH: u8 = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    fn is_plain(json: &str) -> bool {
        let mut plain = Plain::new(json);
        plain.value().is_some() && plain.end().is_some()
    }

    #[test]
    fn json_without_white_space_is_plain() {
        let long = format!("\"{}\\n{}é\"", "x".repeat(100), "y".repeat(100));
        let nested = "[".repeat(100) + &"]".repeat(100);
        for json in [
            "0",
            "-0",
            "12",
            "-1.50",
            "1e5",
            "1E+5",
            "1.0e-05",
            "1e400",
            "true",
            "false",
            "null",
            "\"\"",
            r#""é\"\\\/\b\f\n\r\t\u00e9\ud800\uFFFF""#,
            "\"\u{7f}\u{2028}\"",
            "[]",
            "{}",
            r#"[1,"a",[],{},[[null]]]"#,
            r#"{"":1,"a":{"b":[true]},"":2}"#,
            &long,
            &nested,
        ] {
            assert!(is_plain(json), "{json}");
            serde_json::from_str::<&RawValue>(json).unwrap();
        }
    }

    #[test]
    fn everything_else_is_not() {
        let too_deep = "[".repeat(101) + &"]".repeat(101);
        let controlled = format!("\"{}\u{1f}\"", "x".repeat(100));
        let endless = format!("\"{}", "x".repeat(100));
        for json in [
            "",
            " 1",
            "1 ",
            "[1, 2]",
            "[1 ]",
            r#"{"a": 1}"#,
            r#"{"a" :1}"#,
            "01",
            "-",
            "+1",
            ".5",
            "1.",
            "1.e5",
            "1e",
            "1e+",
            "0x1",
            "NaN",
            "Infinity",
            "tru",
            "nulL",
            "truetrue",
            "\"",
            "\"\\\"",
            r#""\x""#,
            r#""\u12g4""#,
            r#""\u123"#,
            "\"\t\"",
            "'a'",
            "[",
            "[1",
            "[1,]",
            "[,1]",
            "[1 2]",
            "]",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1"#,
            r#"{a:1}"#,
            r#"{1:1}"#,
            r#"{"\n":1}"#,
            r#"{"a":1}}"#,
            "[}",
            "{]",
            "1,2",
            "\u{feff}1",
            &too_deep,
            &controlled,
            &endless,
        ] {
            assert!(!is_plain(json), "{json}");
        }
    }

    proptest! {
        /// Words, single bytes and long texts end at the same byte.
        #[test]
        fn the_first_remarkable_byte_is_found(bytes in prop::collection::vec(
            prop_oneof![20 => 0x20..=0xff_u8, 1 => any::<u8>()], 0..80,
        )) {
            let expected = bytes.iter().position(is_remarkable);
            prop_assert_eq!(unremarkable(&bytes), expected.unwrap_or(bytes.len()));
        }

        /// Pieces of JSON in any order: everything plain is JSON to serde_json, and all other JSON has white space or escapes.
        #[test]
        fn serde_json_agrees(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
            let json = pieces.concat();
            let is_json = serde_json::from_str::<&RawValue>(&json).is_ok();
            // White space, or perhaps an escape in a name.
            let may_be_refused = json.contains([' ', '\\']);
            prop_assert!(!is_plain(&json) || is_json, "{}", json);
            prop_assert!(is_plain(&json) || !is_json || may_be_refused, "{}", json);
        }
    }

    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\"\"",
        "\"a\":",
        "\"\\n\":",
        "\\",
        "\\u00e9",
        "u",
        "1",
        "0",
        "-",
        ".",
        "e",
        "E+",
        "true",
        "null",
        " ",
        "\u{1}",
        "é",
        "{\"a\":1}",
        "[1,2]",
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
    ];
}
