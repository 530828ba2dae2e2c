//! What is known about one cookie, as text and as JSON.

use serde::Serialize;
use session_core::{DriverName, KeyRing, MAX_COOKIE_BYTES, Record, SessionId, Timestamp, Values};

use crate::output::{self, Table};
use crate::time;
use crate::verdict::{Reason, Verdict};

/// One cookie with the session's name.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    /// The driver that its session belongs to.
    pub(crate) driver: Option<DriverName>,
    pub(crate) id: Option<SessionId>,
    pub(crate) record: Option<Record>,
    /// The index of the key that signed it.
    pub(crate) key: Option<usize>,
    /// The bytes of its name and value, `None` if there is no cookie.
    pub(crate) size: Option<usize>,
}

/// What the report of a finding refers to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) cookie_name: &'a str,
    /// `SESSION_DRIVER`.
    pub(crate) driver: DriverName,
    pub(crate) keys: usize,
    pub(crate) full_id: bool,
    /// The position among the cookies with this name, counting from 1, and their number.
    pub(crate) position: (usize, usize),
}

#[derive(Serialize)]
struct Json<'a> {
    valid: Option<bool>,
    reason: Option<&'static str>,
    driver: Option<String>,
    id: Option<String>,
    data: Option<&'a Values>,
    flash: Option<&'a Values>,
    expires_at: Option<String>,
    key: Option<usize>,
    size: Option<usize>,
    limit: usize,
}

impl Finding {
    pub(crate) fn absent() -> Self {
        Self {
            verdict: Verdict::Invalid(Reason::Absent),
            driver: None,
            id: None,
            record: None,
            key: None,
            size: None,
        }
    }

    /// A cookie that no key signed. Its content cannot be trusted, so only its form is examined.
    pub(crate) fn unsigned(token: &str, cookie_name: &str, keys: &KeyRing) -> Self {
        let whole = keys.sign(String::new()).len() - 1;
        let reason = match token.rsplit_once('.') {
            _ if token.is_empty() => Reason::Empty,
            None => Reason::Unsigned,
            Some((_, signature)) if signature.len() < whole => Reason::Truncated {
                length: signature.len(),
                expected: whole,
            },
            Some(_) => Reason::Forged,
        };
        Self {
            verdict: Verdict::Invalid(reason),
            size: Some(cookie_name.len() + token.len()),
            ..Self::absent()
        }
    }

    /// A cookie that a key signed. Nothing else is known about it yet.
    pub(crate) fn signed(token: &str, cookie_name: &str, key: usize) -> Self {
        Self {
            verdict: Verdict::Unknown,
            key: Some(key),
            size: Some(cookie_name.len() + token.len()),
            ..Self::absent()
        }
    }

    pub(crate) fn with_record(
        mut self,
        verdict: Verdict,
        driver: DriverName,
        record: Record,
    ) -> Self {
        self.verdict = verdict;
        self.driver = Some(driver);
        self.id = Some(record.id().clone());
        self.record = Some(record);
        self
    }

    pub(crate) fn with_id(
        mut self,
        verdict: Verdict,
        driver: Option<DriverName>,
        id: &str,
    ) -> Self {
        self.verdict = verdict;
        self.driver = driver;
        self.id = SessionId::from_stored(id);
        self
    }

    pub(crate) fn with_reason(mut self, reason: Reason) -> Self {
        self.verdict = Verdict::Invalid(reason);
        self
    }

    pub(crate) fn json(&self, context: Context<'_>) -> impl Serialize {
        let record = self.record.as_ref();
        Json {
            valid: match self.verdict {
                Verdict::Valid => Some(true),
                Verdict::Invalid(_) => Some(false),
                Verdict::Unknown => None,
            },
            reason: self.verdict.reason(),
            driver: self.driver.map(|driver| driver.to_string()),
            id: self.id.as_ref().map(|id| output::id(id, context.full_id)),
            data: record.map(Record::data),
            flash: record.map(Record::flash_next),
            expires_at: record.and_then(Record::expires_at).map(time::iso),
            key: self.key,
            size: self.size,
            limit: MAX_COOKIE_BYTES,
        }
    }

    pub(crate) fn text(&self, context: Context<'_>) -> String {
        let mut table = Table::default();
        if let (position, count @ 2..) = context.position {
            table.row("cookie", format!("{position} of {count} with this name"));
        }
        if let Some(driver) = self.driver {
            table.row("driver", driver.to_string());
        }
        if let Some(id) = &self.id {
            table.row("id", output::printable(&output::id(id, context.full_id)));
        }
        if let Some(key) = self.key {
            table.row("key", key_text(key, context.keys));
        }
        if let Some(record) = &self.record {
            table.row("expires", expiry_text(record.expires_at(), context.now));
            if let Some(created_at) = record.created_at() {
                table.row("created", time::moment(created_at, context.now));
            }
        }
        if let Some(size) = self.size {
            let over = if size > MAX_COOKIE_BYTES {
                " (too large: browsers drop it)"
            } else {
                ""
            };
            table.row("size", format!("{size} of {MAX_COOKIE_BYTES} bytes{over}"));
        }
        if let Some(record) = &self.record {
            table.values("data", record.data());
            table.values("flash", record.flash_next());
        }
        format!("{}\n{}", self.verdict.headline(self, context), table.text())
    }
}

pub(crate) fn expiry_text(expires_at: Option<Timestamp>, now: Timestamp) -> String {
    expires_at.map_or_else(|| "never".to_owned(), |time| time::moment(time, now))
}

fn key_text(key: usize, keys: usize) -> String {
    let kind = if key == 0 {
        "primary"
    } else {
        "previous; the service will reissue the cookie"
    };
    format!("{} of {keys} ({kind})", key + 1)
}
