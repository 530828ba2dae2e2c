//! Whether the service accepts a cookie, and why not.

use session_core::Record;

use crate::finding::{Context, Finding};
use crate::time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Valid,
    Invalid(Reason),
    /// The signature is correct, but the store cannot be reached.
    Unknown,
}

/// Why the service rejects a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Absent,
    Empty,
    Unsigned,
    Truncated {
        length: usize,
        expected: usize,
    },
    NoSession,
    Forged,
    Expired,
    NoExpiry,
    NoRecord,
    Foreign,
    /// The record is encrypted, and the settings say that none is.
    Encrypted,
    /// The other way round.
    NotEncrypted,
    TooMany,
}

impl Verdict {
    /// Returns the word that scripts match on, `None` for a valid cookie.
    pub(crate) const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Valid => None,
            Self::Invalid(reason) => Some(reason.word()),
            Self::Unknown => Some("unavailable"),
        }
    }

    /// Describes the verdict in one line.
    pub(crate) fn headline(self, finding: &Finding, context: Context<'_>) -> String {
        match self {
            Self::Valid => "valid".to_owned(),
            Self::Invalid(reason) => {
                let explanation = reason.explain(finding, context);
                format!("invalid ({}): {explanation}", reason.word())
            }
            Self::Unknown => {
                "unknown (unavailable): the signature is correct, but the store cannot be reached"
                    .to_owned()
            }
        }
    }
}

impl Reason {
    const fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Empty | Self::Unsigned | Self::Truncated { .. } | Self::NoSession => "malformed",
            Self::Forged => "forged",
            Self::Expired => "expired",
            Self::NoExpiry => "no expiry",
            Self::NoRecord => "no record",
            Self::Foreign => "foreign",
            Self::Encrypted => "encrypted",
            Self::NotEncrypted => "not encrypted",
            Self::TooMany => "too many",
        }
    }

    fn explain(self, finding: &Finding, context: Context<'_>) -> String {
        match self {
            Self::Absent => format!("no cookie named {} (SESSION_COOKIE)", context.cookie_name),
            Self::Truncated { length, expected } => format!(
                "the signature has {length} characters instead of {expected}; the cookie may be truncated"
            ),
            Self::Forged => {
                let mismatch = match context.keys {
                    1 => "does not match the key".to_owned(),
                    keys => format!("matches none of the {keys} keys"),
                };
                format!(
                    "the signature {mismatch}; the cookie was altered, or signed with a different SESSION_SECRET"
                )
            }
            Self::Expired => {
                let expired = finding.record.as_ref().and_then(Record::expires_at);
                let distance = time::distance(expired.unwrap_or_default(), context.now);
                format!("the session expired {distance}")
            }
            Self::Foreign => {
                let kind = match finding.driver {
                    Some(driver) => format!("belongs to the {driver} driver"),
                    None => "holds the id of a stored session".to_owned(),
                };
                format!("the cookie {kind}, but SESSION_DRIVER is {}", context.driver)
            }
            Self::Empty => {
                "the cookie is empty; servers send an empty cookie to remove it".to_owned()
            }
            Self::Unsigned => {
                "the cookie has no signature; a session id alone is not enough".to_owned()
            }
            Self::NoSession => {
                "the signature is correct, but the content is not a session".to_owned()
            }
            Self::NoExpiry => "the session never expires, as in @rudderjs/session 1.x; \
                 pass --accept-without-expiry if the service accepts such sessions"
                .to_owned(),
            Self::NoRecord => {
                "the store has no such session; it expired, was logged out, or has a different SESSION_PREFIX or SESSION_TABLE"
                    .to_owned()
            }
            Self::Encrypted => {
                "the session is encrypted, but SESSION_ENCRYPT is not true".to_owned()
            }
            Self::NotEncrypted => {
                "the session is not encrypted, but SESSION_ENCRYPT is true; \
                 SESSION_PLAIN_RECORDS=accept would accept it"
                    .to_owned()
            }
            Self::TooMany => "too many cookies of the same name come before it".to_owned(),
        }
    }
}
