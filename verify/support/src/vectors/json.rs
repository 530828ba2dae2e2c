//! JSON as JavaScript understands it: strings are UTF-16 and may contain lone surrogates, numbers
//! are doubles, and infinity is `null`.
//!
//! This reader is independent of `serde_json`, so that a mistake that the library shares with
//! `serde_json` shows up.

use std::collections::BTreeMap;
use std::fmt;
use std::str::Chars;

/// A JSON value, compared as JavaScript would.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`, or a number out of range.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(Text),
    /// An array.
    List(Vec<Json>),
    /// An object. The last of several members with the same name counts.
    Object(BTreeMap<Text, Json>),
}

/// A JavaScript string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Vec<u16>);

impl Json {
    /// Reads a JSON text.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        let mut reader = Reader(text.chars());
        let json = reader.value();
        assert_eq!(reader.peek(), None, "more than one value in {text}");
        json
    }

    /// Returns the members of an object.
    #[track_caller]
    pub fn object(&mut self) -> &mut BTreeMap<Text, Self> {
        match self {
            Self::Object(members) => members,
            other => panic!("{other:?} is not an object"),
        }
    }

    /// Removes these members.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        for name in names {
            self.object().remove(&Text::from(*name));
        }
        self
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.encode_utf16().collect())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf16_lossy(&self.0))
    }
}

struct Reader<'a>(Chars<'a>);

impl Reader<'_> {
    fn value(&mut self) -> Json {
        match self.peek().expect("a value") {
            '{' => self.members(),
            '[' => self.items(),
            '"' => Json::Text(self.text()),
            '-' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    fn members(&mut self) -> Json {
        let mut members = BTreeMap::new();
        self.take('{');
        if !self.is_next('}') {
            loop {
                self.peek();
                let name = self.text();
                self.take(':');
                members.insert(name, self.value());
                if !self.is_next(',') {
                    self.take('}');
                    break;
                }
            }
        }
        Json::Object(members)
    }

    fn items(&mut self) -> Json {
        let mut items = Vec::new();
        self.take('[');
        if !self.is_next(']') {
            loop {
                items.push(self.value());
                if !self.is_next(',') {
                    self.take(']');
                    break;
                }
            }
        }
        Json::List(items)
    }

    fn text(&mut self) -> Text {
        let mut units = Vec::new();
        assert_eq!(self.0.next(), Some('"'));
        loop {
            match self.0.next().expect("the end of a string") {
                '"' => return Text(units),
                '\\' => units.push(self.escape()),
                c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            }
        }
    }

    fn escape(&mut self) -> u16 {
        let c = match self.0.next().expect("an escape") {
            'u' => {
                let hex: String = self.0.by_ref().take(4).collect();
                return u16::from_str_radix(&hex, 16).expect("four hexadecimal digits");
            }
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            c @ ('"' | '\\' | '/') => c,
            c => panic!("unknown escape: {c:?}"),
        };
        u16::try_from(u32::from(c)).unwrap()
    }

    fn number(&mut self) -> Json {
        let rest = self.0.as_str();
        let end = rest
            .find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        self.0 = rest[end..].chars();
        let number: f64 = rest[..end].parse().expect("a number");
        if number.is_finite() {
            Json::Number(number)
        } else {
            Json::Null
        }
    }

    fn word(&mut self) -> Json {
        let words = [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
        ];
        for (word, json) in words {
            if let Some(rest) = self.0.as_str().strip_prefix(word) {
                self.0 = rest.chars();
                return json;
            }
        }
        panic!("not JSON: {}", self.0.as_str());
    }

    /// Skips white space and returns the next character.
    fn peek(&mut self) -> Option<char> {
        self.0 = self
            .0
            .as_str()
            .trim_start_matches([' ', '\t', '\r', '\n'])
            .chars();
        self.0.clone().next()
    }

    fn is_next(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        if is_next {
            self.0.next();
        }
        is_next
    }

    fn take(&mut self, c: char) {
        assert!(self.is_next(c), "expected {c:?} before {}", self.0.as_str());
    }
}

#[test]
fn values_are_equal_exactly_if_javascript_considers_them_equal() {
    let same = |a, b| Json::read(a) == Json::read(b);
    assert!(same("1.0", "1"));
    assert!(same("-0", "0"));
    assert!(same("1e400", "null"));
    assert!(same(r#"{"a":1,"b":[ ]}"#, r#"{ "b" : [] , "a" : 1 }"#));
    assert!(same(r#""\u00e9\/\ud83d\ude00""#, "\"é/😀\""));
    assert!(!same(r#""\ud800""#, "\"\u{fffd}\""));
    assert!(!same(r#"{"k\ud800":1}"#, r#"{"k\ud801":1}"#));
    assert!(!same("0.1", "0.10000000000000002"));
    assert!(!same("[1,2]", "[2,1]"));
    assert!(!same("{\"a\":null}", "{}"));
}
