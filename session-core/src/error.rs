//! What can go wrong while a request is served.

use std::error::Error as StdError;
use std::fmt;

/// A failure at request time, with its source kept.
///
/// A cookie that is absent, expired, forged or unknown is *not* an error: it gives a fresh session.
/// An error means that a system failed or that the caller asked for something impossible.
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
/// assert_eq!(error.to_string(), r#"the value of "visits" is not of the requested type"#);
/// # Ok::<(), session_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    key: Option<Box<str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What sort of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A stored value is not of the requested type. The value is left as it is.
    Decode,
    /// A value cannot be written as JSON. The session is left as it was.
    Encode,
    /// The session would grow over what its driver can store. The session is left as it was.
    TooLarge {
        /// The size that was asked for, in bytes: of the cookie's name and value for a session that
        /// lives in the cookie, of the record's JSON otherwise.
        size: usize,
        /// The most that fits, in bytes.
        limit: usize,
    },
    /// The store failed or did not answer in time: try again later. Where its answer to a save was lost, the save may
    /// or may not have taken place.
    Unavailable,
    /// Other requests changed the session faster than this one could, many times over.
    Conflict,
    /// The session was already committed: this write came too late to be saved.
    Closed,
    /// There is no session here: no middleware opened one for this task, or it opens sessions lazily and the handler has
    /// not taken this one.
    Missing,
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
            source: None,
        }
    }

    /// Creates the error by which a driver says that its store failed.
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

    /// Returns what sort of failure this is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.into());
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
                f.write_str(" is not of the requested type")
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
            ErrorKind::Missing => {
                f.write_str("there is no session here: add the session layer around this route")
            }
            ErrorKind::Random => f.write_str("the operating system gave no random bytes"),
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
        let text = |kind| Error::new(kind).to_string();
        assert_eq!(
            text(ErrorKind::Decode),
            "a value is not of the requested type"
        );
        assert_eq!(
            Error::new(ErrorKind::Encode)
                .with_key("a\nb")
                .with_source("boom")
                .to_string(),
            r#"the value of "a\nb" cannot be written as JSON"#
        );
        assert_eq!(
            text(ErrorKind::TooLarge {
                size: 5000,
                limit: 4096
            }),
            "the session would take 5000 bytes, the limit is 4096"
        );
        assert_eq!(
            Error::unavailable("refused").to_string(),
            "the session store is unavailable"
        );
        assert_eq!(
            text(ErrorKind::Conflict),
            "the session is being changed by too many requests at once"
        );
        assert_eq!(
            text(ErrorKind::Closed),
            "the session was already saved with its response"
        );
        assert_eq!(
            text(ErrorKind::Missing),
            "there is no session here: add the session layer around this route"
        );
        assert_eq!(
            text(ErrorKind::Random),
            "the operating system gave no random bytes"
        );
    }

    #[test]
    fn the_source_is_kept() {
        let error = Error::unavailable("connection refused");
        assert_eq!(error.source().unwrap().to_string(), "connection refused");
    }
}
