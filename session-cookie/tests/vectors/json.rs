//! JSON as JavaScript understands it, to compare with: strings are UTF-16 and may hold half a surrogate pair,
//! numbers are doubles, what is infinite is `null`. A reader of its own, so that no mistake that the crate
//! shares with `serde_json` cancels itself out.

use std::collections::BTreeMap;
use std::fmt;
use std::str::Chars;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(Text),
    List(Vec<Json>),
    Object(BTreeMap<Text, Json>),
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(Vec<u16>);

impl Json {
    /// Panics where `text` is no JSON.
    #[track_caller]
    pub(crate) fn read(text: &str) -> Self {
        let mut reader = Reader(text.chars());
        let json = reader.value();
        assert_eq!(reader.peek(), None, "more than one value in {text}");
        json
    }

    #[track_caller]
    pub(crate) fn object(&mut self) -> &mut BTreeMap<Text, Self> {
        match self {
            Self::Object(members) => members,
            other => panic!("{other:?} is no object"),
        }
    }

    /// The same without these members.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
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
            c => panic!("no such escape: {c:?}"),
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
        panic!("no JSON: {}", self.0.as_str());
    }

    /// Skips white space and looks.
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
        assert!(
            self.is_next(c),
            "{c:?} is missing before {}",
            self.0.as_str()
        );
    }
}

#[test]
fn the_reader_tells_apart_what_javascript_tells_apart() {
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
