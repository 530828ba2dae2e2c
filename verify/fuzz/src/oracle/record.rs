//! A second implementation of the wire format: which texts are records, and how a record is
//! written.

use std::collections::BTreeMap;

use crate::oracle::json::{self, canonical, escape, unescape};

/// Keys in their canonical escaping, with the text of their values.
pub(crate) type Members = BTreeMap<String, String>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) data: Members,
    pub(crate) flash: Members,
    pub(crate) flash_from: Members,
    pub(crate) exp: Option<u64>,
    pub(crate) iat: Option<u64>,
    pub(crate) sat: Option<u64>,
    pub(crate) oat: Option<u64>,
    pub(crate) remember: Option<u64>,
    pub(crate) is_moved: bool,
    /// The text of whatever is there.
    pub(crate) sealed: Option<String>,
}

impl Record {
    /// Reads a record. The last occurrence of a field counts, but each one must be valid.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut record = Self::default();
        for member in json::object(text)? {
            let Some(name) = unescape(member.key) else {
                continue;
            };
            match &*name {
                "id" => record.id = string(member.raw)?,
                "data" => record.data = object(member.raw)?,
                "flash_next" => record.flash = object(member.raw)?,
                // Fields of other software are ignored.
                "flash_from" => record.flash_from = members(member.raw).unwrap_or_default(),
                "exp" => record.exp = Some(millis(member.raw)?),
                "iat" => record.iat = Some(millis(member.raw)?),
                // So is anything else in these.
                "sat" => record.sat = millis(member.raw),
                "oat" => record.oat = millis(member.raw),
                "remember" => record.remember = millis(member.raw).filter(|idle| *idle > 0),
                "moved" => record.is_moved = member.raw == "true",
                "sealed" => record.sealed = Some(member.raw.to_owned()),
                _ => {}
            }
        }
        (!record.id.is_empty()).then_some(record)
    }

    pub(crate) fn write(&self) -> String {
        let mut text = format!(
            "{{\"id\":\"{}\",\"data\":{},\"flash_next\":{}",
            escape(&self.id),
            write(&self.data),
            write(&self.flash)
        );
        let times = [
            ("exp", self.exp),
            ("iat", self.iat),
            ("sat", self.sat),
            ("oat", self.oat),
            ("remember", self.remember),
        ];
        for (name, time) in times {
            if let Some(time) = time {
                text.push_str(&format!(",\"{name}\":{time}"));
            }
        }
        if !self.flash_from.is_empty() {
            text.push_str(&format!(",\"flash_from\":{}", write(&self.flash_from)));
        }
        if self.is_moved {
            text.push_str(",\"moved\":true");
        }
        if let Some(sealed) = &self.sealed {
            text.push_str(&format!(",\"sealed\":{sealed}"));
        }
        text + "}"
    }
}

pub(crate) fn members(text: &str) -> Option<Members> {
    let members = json::object(text)?;
    let members = members.iter();
    Some(
        members
            .map(|member| (canonical(member.key), member.raw.to_owned()))
            .collect(),
    )
}

pub(crate) fn write(members: &Members) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(key, raw)| format!("\"{key}\":{raw}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn object(raw: &str) -> Option<Members> {
    if raw == "null" {
        Some(Members::new())
    } else {
        members(raw)
    }
}

fn string(raw: &str) -> Option<String> {
    unescape(raw.strip_prefix('"')?.strip_suffix('"')?)
}

/// Converts a JavaScript number to whole milliseconds, rounded down and saturated at both ends.
fn millis(raw: &str) -> Option<u64> {
    if !raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    if let Ok(millis) = raw.parse() {
        return Some(millis);
    }
    let millis: f64 = raw.parse().ok()?;
    millis.is_finite().then_some(millis as u64)
}
