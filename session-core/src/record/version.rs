//! The versions of a stored record.

use std::fmt;

use bytes::Bytes;

use crate::{Error, ErrorKind};

/// What a store compares before it sets: a counter, a hash, the stored bytes. Opaque to the core.
#[derive(Clone, PartialEq, Eq)]
pub struct Version(VersionRepr);

#[derive(Clone, PartialEq, Eq)]
enum VersionRepr {
    None,
    Number(u64),
    Bytes(Bytes),
}

impl Version {
    /// The version of a store that cannot compare.
    #[must_use]
    pub const fn none() -> Self {
        Self(VersionRepr::None)
    }

    /// A version that is a number, such as a counter in a column.
    #[must_use]
    pub const fn number(number: u64) -> Self {
        Self(VersionRepr::Number(number))
    }

    /// A version that is bytes: a hash of what is stored, or the stored bytes themselves, which are not copied.
    ///
    /// What is stored must then differ each time, as the [contract](crate::Driver#contract) says of versions.
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self(VersionRepr::Bytes(bytes.into()))
    }

    /// A version that no other save has or will have: 128 random bits of the operating system's generator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Random`](crate::ErrorKind::Random) when the generator fails.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|source| Error::new(ErrorKind::Random).with_source(source))?;
        Ok(Self::bytes(bytes.to_vec()))
    }

    /// Returns the number, if it was made from one.
    #[must_use]
    pub const fn as_number(&self) -> Option<u64> {
        match self.0 {
            VersionRepr::Number(number) => Some(number),
            VersionRepr::None | VersionRepr::Bytes(_) => None,
        }
    }

    /// Returns the bytes, if it was made from bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            VersionRepr::Bytes(bytes) => Some(bytes),
            VersionRepr::None | VersionRepr::Number(_) => None,
        }
    }
}

/// Bytes are shown as their number only: they may be the record itself.
impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            VersionRepr::None => f.write_str("Version(none)"),
            VersionRepr::Number(number) => write!(f, "Version({number})"),
            VersionRepr::Bytes(bytes) => write!(f, "Version({} bytes)", bytes.len()),
        }
    }
}
