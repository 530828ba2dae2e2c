//! What a driver is asked and what it answers.

use std::fmt;

use crate::{Record, Version};

/// A record and the version that the store holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The record.
    pub record: Record,
    /// The version to expect when the record is saved.
    pub version: Version,
    /// Whether the store holds the record in a form that the driver no longer writes, such as encrypted under an old key.
    pub is_outdated: bool,
}

impl Loaded {
    /// Creates the answer to a load.
    #[must_use]
    pub const fn new(record: Record, version: Version) -> Self {
        Self {
            record,
            version,
            is_outdated: false,
        }
    }

    /// Marks the stored form as outdated. The record is then saved instead of touched, and saved before its cookie is
    /// reissued.
    #[must_use]
    pub const fn outdated(mut self) -> Self {
        self.is_outdated = true;
        self
    }
}

/// What the store must hold for a save to take place.
///
/// Exhaustive on purpose: a driver that ignored a new case would lose updates.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// No record with this id.
    Absent,
    /// The record in this version.
    Version(&'a Version),
}

/// The answer to a save. Exhaustive, like [`Expected`].
#[derive(Clone)]
pub enum Saved {
    /// The record is stored.
    ///
    /// `handle` is the content of the cookie before it is signed: the id, for a server-side store. It must be valid in a
    /// cookie (RFC 6265, "Syntax": no white space, quotes, commas, semicolons, backslashes or control characters).
    Done {
        /// The handle.
        handle: String,
        /// The version that the store holds now, as [`load`](crate::Driver::load) returns it.
        version: Version,
    },
    /// Nothing was stored, because the store holds this instead, or nothing at all.
    // Boxed, so that the common answer stays small.
    Conflict(Option<Box<Loaded>>),
}

/// The handle is redacted: it is what a stolen cookie would contain.
impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done { .. } => f.write_str("Done"),
            Self::Conflict(held) => f.debug_tuple("Conflict").field(held).finish(),
        }
    }
}

/// The answer to a touch. Exhaustive, like [`Expected`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// The record's life was changed.
    Done,
    /// The record no longer exists.
    Gone,
    /// The manager must save the record instead: the store holds another version, or cannot change a record's life
    /// without saving it.
    MustSave,
}

/// How much one record may hold.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Capacity {
    /// As much as the manager allows ([`Builder::max_bytes`](crate::Builder::max_bytes)).
    Unlimited,
    /// At most this many bytes of the record's JSON.
    Json(usize),
    /// The record travels in the handle, so the cookie sets the limit: 4096 bytes of name and value once signed
    /// (RFC 6265, "Implementation Limits").
    Cookie {
        /// Returns the length of the handle, in bytes, for a record of so many bytes of JSON.
        handle_len: fn(usize) -> usize,
    },
}
