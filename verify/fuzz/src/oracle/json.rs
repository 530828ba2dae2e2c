//! A second implementation of JSON (RFC 8259): which texts are a value, and where the members of an
//! object are.

use std::iter::Peekable;

/// A member of an object: the text between the quotes of its key, and the text of its value.
pub(crate) struct Member<'a> {
    pub(crate) key: &'a str,
    pub(crate) raw: &'a str,
}

/// Returns the members of an object, in order. Returns `None` if the text is not an object.
pub(crate) fn object(text: &str) -> Option<Vec<Member<'_>>> {
    let mut reader = Reader { text, at: 0 };
    reader.white();
    reader.expect(b'{')?;
    let mut members = Vec::new();
    reader.white();
    if !reader.eat(b'}') {
        loop {
            let key = reader.key()?;
            reader.white();
            let start = reader.at;
            reader.value()?;
            let raw = &text[start..reader.at];
            members.push(Member { key, raw });
            reader.white();
            if reader.eat(b',') {
                reader.white();
                continue;
            }
            reader.expect(b'}')?;
            break;
        }
    }
    reader.white();
    (reader.at == text.len()).then_some(members)
}

/// Decodes the escapes of a string. Returns `None` if a surrogate is alone.
pub(crate) fn unescape(quoted: &str) -> Option<String> {
    let mut units = Vec::new();
    let mut chars = quoted.chars();
    while let Some(char) = chars.next() {
        let char = match char {
            '\\' => match chars.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let hex: String = chars.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&hex, 16).ok()?);
                    continue;
                }
                itself => itself,
            },
            char => char,
        };
        units.extend_from_slice(char.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).ok()
}

/// Escapes a string in the shortest way.
pub(crate) fn escape(text: &str) -> String {
    let mut quoted = String::new();
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            char if char < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => quoted.push(char),
        }
    }
    quoted
}

/// Returns the canonical escaping of a key, in which this library writes it. A key that is not
/// valid Unicode stays verbatim.
pub(crate) fn canonical(key: &str) -> String {
    unescape(key).map_or_else(|| key.to_owned(), |key| escape(&key))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.eat(byte).then_some(())
    }

    fn white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        self.string()?;
        let key = &self.text[start..self.at - 1];
        self.white();
        self.expect(b':')?;
        Some(key)
    }

    /// Reads a value. Open objects and arrays are on a stack, so nesting does not recurse.
    fn value(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.white();
            match self.peek()? {
                b'{' => {
                    self.at += 1;
                    self.white();
                    if !self.eat(b'}') {
                        self.key()?;
                        open.push(b'}');
                        continue;
                    }
                }
                b'[' => {
                    self.at += 1;
                    self.white();
                    if !self.eat(b']') {
                        open.push(b']');
                        continue;
                    }
                }
                b'"' => self.string()?,
                b'-' | b'0'..=b'9' => self.number()?,
                _ => self.literal()?,
            }
            loop {
                let Some(&close) = open.last() else {
                    return Some(());
                };
                self.white();
                if self.eat(b',') {
                    self.white();
                    if close == b'}' {
                        self.key()?;
                    }
                    break;
                }
                self.expect(close)?;
                open.pop();
            }
        }
    }

    fn literal(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let found = ["null", "true", "false"]
            .into_iter()
            .find(|word| rest.starts_with(word))?;
        self.at += found.len();
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Some(()),
                b'\\' => {
                    let escaped = self.peek()?;
                    self.at += 1;
                    match escaped {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => {
                            let hex = self.text.as_bytes().get(self.at..self.at + 4)?;
                            hex.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                            self.at += 4;
                        }
                        _ => return None,
                    }
                }
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let len = number_len(rest)?;
        self.at += len;
        Some(())
    }
}

/// Returns the length of the number at the start of these bytes.
fn number_len(bytes: &[u8]) -> Option<usize> {
    let mut bytes = bytes.iter().copied().enumerate().peekable();
    let eat = |bytes: &mut Peekable<_>, set: &[u8]| {
        bytes
            .next_if(|(_, byte): &(usize, u8)| set.contains(byte))
            .map(|(at, byte)| (at + 1, byte))
    };
    let digits = |bytes: &mut Peekable<_>| {
        let mut end = None;
        while let Some((at, _)) = eat(bytes, b"0123456789") {
            end = Some(at);
        }
        end
    };
    eat(&mut bytes, b"-");
    let mut end = match eat(&mut bytes, b"0") {
        Some((at, _)) => at,
        None => digits(&mut bytes)?,
    };
    if eat(&mut bytes, b".").is_some() {
        end = digits(&mut bytes)?;
    }
    if eat(&mut bytes, b"eE").is_some() {
        eat(&mut bytes, b"+-");
        end = digits(&mut bytes)?;
    }
    Some(end)
}
