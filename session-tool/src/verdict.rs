//! Whether the service accepts a cookie, and why not.

use session_core::Record;

use crate::finding::{Context, Finding};
use crate::time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Valid,
    Invalid(Reason),
    /// It is signed, but the store cannot be asked.
    Unknown,
}

/// Why the service does not accept a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Absent,
    Empty,
    Unsigned,
    /// The signature has so many characters of so many.
    CutOff(usize, usize),
    NoSession,
    Forged,
    Expired,
    NoExpiry,
    NoRecord,
    Foreign,
    TooMany,
}

impl Verdict {
    /// The word that scripts know the reason by. `None` where there is nothing to explain.
    pub(crate) const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Valid => None,
            Self::Invalid(reason) => Some(reason.word()),
            Self::Unknown => Some("unavailable"),
        }
    }

    /// The verdict in one line.
    pub(crate) fn headline(self, finding: &Finding, context: Context<'_>) -> String {
        match self {
            Self::Valid => "valid".to_owned(),
            Self::Invalid(reason) => {
                let explanation = reason.explain(finding, context);
                format!("not valid ({}): {explanation}", reason.word())
            }
            Self::Unknown => {
                "not known (unavailable): it is signed, but its store cannot be asked".to_owned()
            }
        }
    }
}

impl Reason {
    const fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Empty | Self::Unsigned | Self::CutOff(..) | Self::NoSession => "malformed",
            Self::Forged => "forged",
            Self::Expired => "expired",
            Self::NoExpiry => "no expiry",
            Self::NoRecord => "no record",
            Self::Foreign => "foreign",
            Self::TooMany => "too many",
        }
    }

    fn explain(self, finding: &Finding, context: Context<'_>) -> String {
        let text = match self {
            Self::Absent => {
                return format!(
                    "there is no cookie named {} (SESSION_COOKIE)",
                    context.cookie_name
                );
            }
            Self::CutOff(len, whole) => {
                return format!(
                    "its signature has {len} characters instead of {whole}; is it cut off?"
                );
            }
            Self::Forged => {
                let keys = match context.keys {
                    1 => "the only key".to_owned(),
                    keys => format!("the {keys} keys"),
                };
                return format!(
                    "{keys} did not sign it; it was changed, or made with another SESSION_SECRET"
                );
            }
            Self::Expired => {
                let ended = finding.record.as_ref().and_then(Record::expires_at);
                let distance = time::distance(ended.unwrap_or_default(), context.now);
                return format!("it ended {distance}");
            }
            Self::Foreign => {
                let kind = match finding.driver {
                    Some(driver) => format!("is a cookie of the {driver} driver"),
                    None => "carries the id of a session in a store".to_owned(),
                };
                return format!("it {kind}, but SESSION_DRIVER is {}", context.driver);
            }
            Self::Empty => "it is empty; such a line removes the cookie",
            Self::Unsigned => "it has no signature; an id alone is no cookie",
            Self::NoSession => "it is signed, but what it holds is no session",
            Self::NoExpiry => {
                "it has no expiry, as those of @rudderjs/session 1.x; \
                 --accept-without-expiry decides as a service that accepts them"
            }
            Self::NoRecord => {
                "Redis has no such session; it ended, was logged out, or has another SESSION_PREFIX"
            }
            Self::TooMany => "the service does not look at that many cookies of one name",
        };
        text.to_owned()
    }
}
