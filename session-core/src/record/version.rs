//! The versions of a stored record.

use std::fmt;

use bytes::Bytes;

use crate::{Error, ErrorKind};

/// The version of a stored record, which a store compares before it saves: a counter, a hash, or the stored bytes. It is
/// opaque to the core.
#[derive(Clone, PartialEq, Eq)]
pub struct Version(VersionRepr);

#[derive(Clone, PartialEq, Eq)]
enum VersionRepr {
    None,
    Number(u64),
    Bytes(Bytes),
}

impl Version {
    /// Creates the version of a store that cannot compare.
    #[must_use]
    pub const fn none() -> Self {
        Self(VersionRepr::None)
    }

    /// Creates a version from a number, such as a counter in a column.
    #[must_use]
    pub const fn number(number: u64) -> Self {
        Self(VersionRepr::Number(number))
    }

    /// Creates a version from bytes: a hash of what is stored, or the stored bytes themselves, which are not copied.
    ///
    /// The stored bytes must then differ each time, because [versions are never reused](crate::Driver#contract).
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self(VersionRepr::Bytes(bytes.into()))
    }

    /// Generates a version that no other save has or will have: 128 random bits from the operating system.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Random`](crate::ErrorKind::Random) if the operating system's generator fails.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|source| Error::new(ErrorKind::Random).with_source(source))?;
        Ok(Self::bytes(bytes.to_vec()))
    }

    /// Returns the number, if the version was created from one.
    #[must_use]
    pub const fn as_number(&self) -> Option<u64> {
        match self.0 {
            VersionRepr::Number(number) => Some(number),
            VersionRepr::None | VersionRepr::Bytes(_) => None,
        }
    }

    /// Returns the bytes, if the version was created from bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            VersionRepr::Bytes(bytes) => Some(bytes),
            VersionRepr::None | VersionRepr::Number(_) => None,
        }
    }
}

/// Shows only the number of bytes: they may be the record itself.
impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            VersionRepr::None => f.write_str("Version(none)"),
            VersionRepr::Number(number) => write!(f, "Version({number})"),
            VersionRepr::Bytes(bytes) => write!(f, "Version({} bytes)", bytes.len()),
        }
    }
}
