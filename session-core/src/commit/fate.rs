//! What became of a write.

use crate::{Loaded, Version};

/// What became of a write.
#[derive(Default)]
pub(crate) enum Fate {
    /// Nothing is stored, because the session has ended.
    #[default]
    Ended,
    /// Nothing is stored, because the session goes on under another id.
    Moved,
    /// The store holds this version.
    Stored(Version),
    /// The same, beside a session to which another request moved the one that was loaded. The client's cookie may be that
    /// of the other session.
    StoredBeside(Version),
}

impl Fate {
    /// Returns the fate of a write that met this instead of the session.
    pub(crate) fn without(held: Option<&Loaded>) -> Self {
        match held {
            Some(held) if held.record.is_moved() => Self::Moved,
            _ => Self::Ended,
        }
    }

    /// Returns the version that the store holds.
    pub(crate) fn version(self) -> Option<Version> {
        match self {
            Self::Stored(version) | Self::StoredBeside(version) => Some(version),
            Self::Ended | Self::Moved => None,
        }
    }

    /// Notes that another request moved the session first.
    pub(crate) fn put_beside(&mut self) {
        if let Self::Stored(version) = std::mem::take(self) {
            *self = Self::StoredBeside(version);
        }
    }
}
