//! What a driver is asked and what it answers.

use std::fmt;

use crate::{Record, Version};

/// A record with the version that the store holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The record.
    pub record: Record,
    /// What to expect when it is saved.
    pub version: Version,
}

impl Loaded {
    /// Creates the answer of a load.
    #[must_use]
    pub const fn new(record: Record, version: Version) -> Self {
        Self { record, version }
    }
}

/// What must be in the store for a save to take place.
///
/// Exhaustive on purpose: a driver that ignored a new case would lose updates.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// No record with this id.
    Absent,
    /// The record in this version.
    Version(&'a Version),
}

/// The answer to a save. Exhaustive, as [`Expected`] is.
#[derive(Clone)]
pub enum Saved {
    /// The record is stored. `handle` is what the cookie shall carry, before it is signed: the id for
    /// a server-side store. (One that can revoke and has other handles overrides [`Driver::retire`].) It must be fit for a cookie (RFC 6265: no spaces, quotes, commas,
    /// semicolons, backslashes or control characters).
    Done {
        /// The handle.
        handle: String,
    },
    /// Nothing was stored, because the store holds this instead; `None`: it holds nothing.
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

/// The answer to a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// The record lives longer now.
    Done,
    /// There is no such record any more.
    Gone,
    /// This store can extend a record only by saving it.
    MustSave,
}

/// The answer to a retirement.
#[derive(Clone, Debug)]
pub enum Retired {
    /// The record was there in the expected version and is gone now.
    Done,
    /// There was no such record any more.
    Gone,
    /// Another request changed the record meanwhile; it is still there, like this.
    Changed(Box<Loaded>),
}

/// How much one record may hold.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Capacity {
    /// As much as the core itself allows: 1 GiB of JSON.
    Unlimited,
    /// At most so many bytes of the record's JSON.
    Json(usize),
    /// The record travels in the handle, so that the cookie is the limit: 4096 bytes of name and value
    /// once signed (RFC 6265, "Implementation Limits").
    Cookie {
        /// Returns the length of the handle, in bytes, for a record of so many bytes of JSON.
        handle_len: fn(usize) -> usize,
    },
}
