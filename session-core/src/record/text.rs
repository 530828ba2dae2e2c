//! A record as JSON text, and the length of that text.

use std::time::Duration;

use super::json::escape;
use crate::{Record, Timestamp};

impl Record {
    /// Returns the record as JSON, including the expiry.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.write_json(self.expires_at)
    }

    /// Returns the record as JSON without the expiry, for stores that keep it beside the record.
    #[must_use]
    pub fn to_json_without_expiry(&self) -> String {
        self.write_json(None)
    }

    fn write_json(&self, expires_at: Option<Timestamp>) -> String {
        let id = escape(self.id.as_str());
        let mut json = String::with_capacity(
            self.data.json_len()
                + self.flash_next.json_len()
                + self.sealed.as_ref().map_or(0, |sealed| sealed.len())
                + id.len()
                + ROOM_FOR_FIELDS,
        );
        json.push_str("{\"id\":\"");
        json.push_str(&id);
        json.push_str("\",\"data\":");
        self.data.write_json(&mut json);
        json.push_str(",\"flash_next\":");
        self.flash_next.write_json(&mut json);
        let times = [
            (",\"exp\":", expires_at),
            (",\"iat\":", self.created_at),
            (",\"sat\":", self.saved_at),
            (",\"oat\":", self.owned_at),
        ];
        for (name, time) in times {
            if let Some(time) = time {
                json.push_str(name);
                json.push_str(itoa::Buffer::new().format(time.as_millis()));
            }
        }
        if let Some(idle) = self.remembered_for {
            json.push_str(REMEMBER);
            json.push_str(itoa::Buffer::new().format(whole_millis(idle)));
        }
        if !self.flash_from.is_empty() {
            json.push_str(",\"flash_from\":");
            self.flash_from.write_json(&mut json);
        }
        if self.is_moved {
            json.push_str(",\"moved\":true");
        }
        if let Some(sealed) = &self.sealed {
            json.push_str(",\"sealed\":");
            json.push_str(sealed);
        }
        json.push('}');
        json
    }
}

/// Returns the length of [`Record::to_json`] from the lengths of its parts, all in bytes.
pub(crate) fn json_len(
    id: &str,
    data: usize,
    flash: usize,
    times: impl IntoIterator<Item = Timestamp>,
    remembered_for: Option<Duration>,
) -> usize {
    let times: usize = times
        .into_iter()
        .map(|time| 7 + digits(time.as_millis()))
        .sum();
    let remember = remembered_for.map_or(0, |idle| REMEMBER.len() + digits(whole_millis(idle)));
    "{\"id\":\"\",\"data\":,\"flash_next\":}".len()
        + escape(id).len()
        + data
        + flash
        + times
        + remember
}

/// A lifetime as it is stored.
fn whole_millis(lifetime: Duration) -> u64 {
    u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX)
}

fn digits(n: u64) -> usize {
    n.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// The field's name and punctuation.
const REMEMBER: &str = ",\"remember\":";
/// Room for names, punctuation and two times, and for what a driver appends: the mark of `session-redis`.
const ROOM_FOR_FIELDS: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_rudderjs_writes() {
        let json = r#"{"id":"1-1","data":{"a":1},"flash_next":{"n":"hi"},"exp":1700000000000,"iat":1600000000000,"sat":1600000000001,"oat":1600000000002,"remember":60000}"#;
        let record = Record::from_json(json).unwrap();
        assert_eq!(record.to_json(), json);
        assert_eq!(
            record.to_json_without_expiry(),
            json.replace(r#","exp":1700000000000"#, "")
        );
        let times = [
            record.expires_at,
            record.created_at,
            record.saved_at,
            record.owned_at,
        ];
        assert_eq!(
            json.len(),
            json_len(
                "1-1",
                record.data.json_len(),
                record.flash_next.json_len(),
                times.into_iter().flatten(),
                record.remembered_for,
            )
        );
    }
}
