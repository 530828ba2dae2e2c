//! The storage of values: JSON members in one text.

use std::ops::Range;

use super::json::canonical;

/// JSON members, sorted by key. Keys are passed in their escaped form, which can name even those that are not valid
/// Unicode.
///
/// Every member stands in `text` as `"key":value`, ready to be written out, and `members` holds its position. Replaced and
/// removed members stay in `text` until they outweigh the live ones. So reading a record takes two allocations, however
/// many values it has, and only one if its text is taken over.
#[derive(Default)]
pub(crate) struct Members {
    text: String,
    members: Vec<Member>,
    live: usize,
}

/// The position of a member: `"key":value` from `start`, `len` bytes, of which `key` are the key.
#[derive(Clone, Copy)]
struct Member {
    start: u32,
    key: u32,
    len: u32,
}

/// The positions of an object's members in a text that is being read. Nothing is copied.
#[derive(Default)]
pub(crate) struct Spans {
    members: Vec<Member>,
    live: usize,
    is_unordered: bool,
}

impl Spans {
    /// Adds the member whose key stands at `key` in `text`, followed by a colon and a value up to `end`. Returns `None` if
    /// the text is longer than [`MAX_BYTES`].
    pub(crate) fn add(&mut self, text: &str, key: Range<usize>, end: usize) -> Option<()> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let start = key.start - 1;
        let member = Member {
            start: offset(start),
            key: offset(key.len()),
            len: offset(end - start),
        };
        match self.members.last() {
            None => self.members.reserve(TYPICAL_KEYS),
            Some(last) => self.is_unordered |= last.key(text) >= member.key(text),
        }
        self.members.push(member);
        self.live += end - start;
        Some(())
    }

    /// Creates members from the spans and their text, without a copy.
    pub(crate) fn within(self, text: String) -> Members {
        let mut members = Members {
            text,
            members: self.members,
            live: self.live,
        };
        if self.is_unordered {
            members.sort();
        }
        members
    }

    /// Copies the members out of the text.
    pub(crate) fn copied(&self, text: &str) -> Members {
        let mut members = Members::new();
        for member in &self.members {
            let (key, raw) = member.split(text);
            let copy = members.append(key, raw);
            members.members.push(copy);
        }
        if self.is_unordered {
            members.sort();
        }
        members
    }
}

impl Members {
    pub(crate) const fn new() -> Self {
        Self {
            text: String::new(),
            members: Vec::new(),
            live: 0,
        }
    }

    /// Adds a member of an object that is being read. [Sort](Self::sort) the members at the end. Returns `None` if they
    /// are longer than [`MAX_BYTES`].
    pub(crate) fn read(&mut self, key: &str, raw: &str) -> Option<()> {
        if self.text.len() + key.len() + raw.len() > MAX_BYTES {
            return None;
        }
        let member = self.append(&canonical(key), raw);
        self.members.push(member);
        Some(())
    }

    /// Sorts members that were read. If a key appears twice, the last member counts.
    pub(crate) fn sort(&mut self) {
        let Self {
            text,
            members,
            live,
        } = self;
        let key = |member: &Member| member.key(text);
        members.sort_by(|a, b| key(a).cmp(key(b)));
        members.dedup_by(|later, kept| {
            let is_same = key(later) == key(kept);
            if is_same {
                // The sort is stable, so this one was written later.
                *live -= kept.len as usize;
                *kept = *later;
            }
            is_same
        });
        self.compact();
    }

    pub(crate) fn insert(&mut self, key: &str, raw: &str) {
        let member = self.append(key, raw);
        match self.find(key) {
            Ok(at) => {
                self.live -= self.members[at].len as usize;
                self.members[at] = member;
                self.compact();
            }
            Err(at) => self.members.insert(at, member),
        }
    }

    fn append(&mut self, key: &str, raw: &str) -> Member {
        let member = Member {
            start: offset(self.text.len()),
            key: offset(key.len()),
            len: offset(key.len() + raw.len() + PUNCTUATION),
        };
        self.text.reserve(member.len as usize);
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
        self.text.push_str(raw);
        self.live += member.len as usize;
        member
    }

    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let Ok(at) = self.find(key) else { return false };
        self.live -= self.members.remove(at).len as usize;
        self.compact();
        true
    }

    /// Keeps the members for which `keep` returns `true`, given the key and the value's text.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        let Self {
            text,
            members,
            live,
        } = self;
        members.retain(|member| {
            let (key, raw) = member.split(text);
            let kept = keep(key, raw);
            if !kept {
                *live -= member.len as usize;
            }
            kept
        });
        self.compact();
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        Some(self.members[self.find(key).ok()?].split(&self.text).1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().map(|member| member.split(&self.text))
    }

    pub(crate) const fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns the length of what [`write_json`](Self::write_json) writes, in bytes.
    pub(crate) const fn json_len(&self) -> usize {
        2 + self.live + self.members.len().saturating_sub(1)
    }

    /// Returns that length with `key` set to a value of `raw` bytes.
    pub(crate) fn json_len_with(&self, key: &str, raw: usize) -> usize {
        let added = key.len() + raw + PUNCTUATION;
        match self.find(key) {
            Ok(at) => self.json_len() - self.members[at].len as usize + added,
            Err(_) => self.json_len() + added + usize::from(!self.members.is_empty()),
        }
    }

    /// Writes the members as one JSON object.
    pub(crate) fn write_json(&self, out: &mut String) {
        out.push('{');
        for (n, member) in self.members.iter().enumerate() {
            if n > 0 {
                out.push(',');
            }
            out.push_str(member.of(&self.text));
        }
        out.push('}');
    }

    /// Rewrites the text once less than half of it is live.
    fn compact(&mut self) {
        if self.text.len() > 2 * self.live + SLACK {
            *self = self.clone();
        }
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        // Records are mostly written in order, so look at the end first.
        match self.members.last() {
            Some(last) if last.key(&self.text) < key.as_bytes() => Err(self.members.len()),
            _ => self
                .members
                .binary_search_by(|member| member.key(&self.text).cmp(key.as_bytes())),
        }
    }
}

impl Member {
    fn of(self, text: &str) -> &str {
        &text[self.start as usize..][..self.len as usize]
    }

    /// For comparisons: bytes sort like text.
    fn key(self, text: &str) -> &[u8] {
        &text.as_bytes()[self.start as usize + 1..][..self.key as usize]
    }

    fn split(self, text: &str) -> (&str, &str) {
        let member = self.of(text);
        let key_end = 1 + self.key as usize;
        (&member[1..key_end], &member[key_end + 2..])
    }
}

/// Copies only live members, and leaves room for the change that the copy is made for.
impl Clone for Members {
    fn clone(&self) -> Self {
        let mut text = String::with_capacity(self.live + ROOM_FOR_CHANGE);
        let members = self.members.iter().map(|member| {
            let start = offset(text.len());
            text.push_str(member.of(&self.text));
            Member { start, ..*member }
        });
        Self {
            members: members.collect(),
            text,
            live: self.live,
        }
    }
}

/// Equal keys with equal texts.
impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

/// Nothing longer than [`MAX_BYTES`] is accepted, and `compact` keeps the text under four times that.
#[expect(clippy::cast_possible_truncation, reason = "bounded by MAX_BYTES")]
fn offset(bytes: usize) -> u32 {
    bytes as u32
}

/// Two quotes and a colon.
const PUNCTUATION: usize = 3;
/// The typical size of one more value.
const ROOM_FOR_CHANGE: usize = 64;
/// This much dead text is not worth a rewrite.
const SLACK: usize = 1024;
/// The first allocation has room for this many keys. Most sessions fit.
const TYPICAL_KEYS: usize = 8;
/// The maximum size of one object.
pub(crate) const MAX_BYTES: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_a_value_does_not_grow_the_text() {
        let mut members = Members::new();
        for n in 0..100_000 {
            members.insert("counter", &n.to_string());
        }
        assert_eq!(members.get("counter"), Some("99999"));
        assert!(members.text.len() < 2 * SLACK);
    }
}
