//! What can go wrong while a request is served.

use std::error::Error as StdError;
use std::fmt;

/// A failure at request time, with its source.
///
/// A cookie that is absent, expired, forged or unknown is *not* an error: it gives a new session. An error means that a
/// system failed, or that the caller asked for something impossible.
///
/// # Examples
///
/// ```
/// use session_core::ErrorKind;
/// # pollster::block_on(async {
/// # let secret = session_core::Secret::generate().unwrap();
/// # let driver = session_core::MemoryDriver::new();
/// # let manager = session_core::SessionManager::builder(driver, secret).build().unwrap();
/// let session = manager.open(None).await?;
/// session.put("visits", "three")?;
///
/// let error = session.get::<u32>("visits").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Decode);
/// assert_eq!(error.key(), Some("visits"));
/// assert_eq!(error.to_string(), r#"the value of "visits" is a string and cannot be read as u32"#);
/// # Ok::<(), session_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    key: Option<Box<str>>,
    /// What is wrong with a value that cannot be read, or with an argument.
    mismatch: Option<Box<str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kind of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A stored value cannot be read as the requested type. The value stays as it is.
    Decode,
    /// A value cannot be written as JSON that reads back. The session stays as it was.
    Encode,
    /// The session would exceed its limit. The session stays as it was.
    #[non_exhaustive]
    TooLarge {
        /// The size that was asked for, in bytes: of the cookie's name and value if the session lives in the cookie,
        /// otherwise of the record's JSON.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The store failed or did not answer in time. Try again later. If only the answer to a save was lost, the save may
    /// have happened.
    Unavailable,
    /// Others kept changing the session, or the value, faster than this request could.
    Conflict,
    /// The session was already committed, so this write would not be saved.
    Closed,
    /// This task has no session: no layer opened one, or the layer opens sessions lazily and the handler did not take
    /// this one, or the task was spawned without [`Session::scope`](crate::Session::scope).
    Missing,
    /// A layer of other sessions with the same cookie name is around this one.
    Nested,
    /// The driver cannot do this, or a setting that it needs is missing.
    Unsupported,
    /// An argument is outside its limits.
    Invalid,
    /// The operating system's random number generator failed.
    Random,
}

impl Error {
    /// Creates an error without a source.
    #[must_use]
    pub const fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            key: None,
            mismatch: None,
            source: None,
        }
    }

    /// Creates the error that a driver returns if its store failed.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Unavailable).with_source(source)
    }

    /// Adds the failure that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the session key that the failure is about, if it is about one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(crate) const fn too_large(size: usize, limit: usize) -> Self {
        Self::new(ErrorKind::TooLarge { size, limit })
    }

    pub(crate) fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Creates the error for an argument that is outside its limits.
    pub(crate) fn invalid(problem: &str) -> Self {
        Self {
            mismatch: Some(problem.into()),
            ..Self::new(ErrorKind::Invalid)
        }
    }

    /// Adds what a value is, and the type as which it cannot be read.
    pub(crate) fn with_mismatch(mut self, found: &str, expected: &str) -> Self {
        self.mismatch = Some(format!("is {found} and cannot be read as {expected}").into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |f: &mut fmt::Formatter<'_>| match &self.key {
            Some(key) => write!(f, "the value of {key:?}"),
            None => f.write_str("a value"),
        };
        match self.kind {
            ErrorKind::Decode => {
                value(f)?;
                let mismatch = self.mismatch.as_deref();
                write!(f, " {}", mismatch.unwrap_or("cannot be read"))
            }
            ErrorKind::Encode => {
                value(f)?;
                f.write_str(" cannot be written as JSON")
            }
            ErrorKind::TooLarge { size, limit } => {
                write!(
                    f,
                    "the session would take {size} bytes, the limit is {limit}"
                )
            }
            ErrorKind::Unavailable => f.write_str("the session store is unavailable"),
            ErrorKind::Conflict => {
                f.write_str("the session is being changed by too many requests at once")
            }
            ErrorKind::Closed => f.write_str("the session was already saved with its response"),
            ErrorKind::Missing => f.write_str(
                "this task has no session: add the session layer around the route, or run a spawned task in \
                 `Session::scope`",
            ),
            ErrorKind::Nested => f.write_str(
                "a session layer is inside another one with the same cookie name: give them different names or \
                 separate routes",
            ),
            ErrorKind::Unsupported => f.write_str("the session system cannot do this"),
            ErrorKind::Invalid => {
                if self.key.is_some() {
                    value(f)?;
                    f.write_str(" ")?;
                }
                f.write_str(self.mismatch.as_deref().unwrap_or("an argument is invalid"))
            }
            ErrorKind::Random => {
                f.write_str("the operating system's random number generator failed")
            }
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_exact_and_do_not_repeat_their_source() {
        for (kind, message) in [
            (ErrorKind::Decode, "a value cannot be read"),
            (ErrorKind::Encode, "a value cannot be written as JSON"),
            (
                ErrorKind::TooLarge {
                    size: 5000,
                    limit: 4096,
                },
                "the session would take 5000 bytes, the limit is 4096",
            ),
            (ErrorKind::Unavailable, "the session store is unavailable"),
            (
                ErrorKind::Conflict,
                "the session is being changed by too many requests at once",
            ),
            (
                ErrorKind::Closed,
                "the session was already saved with its response",
            ),
            (
                ErrorKind::Missing,
                "this task has no session: add the session layer around the route, or run a spawned task in \
                 `Session::scope`",
            ),
            (
                ErrorKind::Nested,
                "a session layer is inside another one with the same cookie name: give them different names or \
                 separate routes",
            ),
            (ErrorKind::Unsupported, "the session system cannot do this"),
            (ErrorKind::Invalid, "an argument is invalid"),
            (
                ErrorKind::Random,
                "the operating system's random number generator failed",
            ),
        ] {
            let error = Error::new(kind).with_source("boom");
            assert_eq!(error.to_string(), message);
            assert_eq!(error.source().unwrap().to_string(), "boom");
        }
        assert_eq!(
            Error::new(ErrorKind::Encode).with_key("a\nb").to_string(),
            r#"the value of "a\nb" cannot be written as JSON"#
        );
    }
}
