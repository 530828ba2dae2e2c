//! The life of a request's session: new, loaded, moved, gone, or ended.

use crate::record::owner::Ownership;
use crate::{SessionId, Timestamp, Version};

/// Where a request's session stands.
#[derive(Debug)]
pub(crate) enum Life {
    /// Nothing has been stored. The id is generated when it is first needed.
    New { id: Option<SessionId> },
    /// It continues a stored record. `regenerate` sets `new_id`.
    Loaded {
        origin: Origin,
        new_id: Option<SessionId>,
    },
    /// It was loaded, and a save or a reload by hand found that it has ended. Whatever is written is dropped, unless the
    /// request calls `regenerate`. The store may still hold the record, for another release whose absolute lifetime is longer.
    Gone { old: Origin },
    /// It was logged out in this request. What is written from then on belongs to a new session.
    Ended {
        old: Option<Origin>,
        id: Option<SessionId>,
    },
    /// The record that was found says that the session goes on under another id, which this request must not learn.
    /// Whatever is written is dropped, unless the request calls `regenerate`. `id` is never stored.
    Moved {
        old: SessionId,
        id: Option<SessionId>,
    },
    /// The store did not answer.
    Unavailable,
}

/// The record that a session continues, without the values.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) id: SessionId,
    pub(crate) version: Version,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) ownership: Ownership,
    /// Whether the record was due for renewal when it was loaded.
    pub(crate) is_due: bool,
    /// Whether the client needs a cookie: an old key signed the one that it has, or it has none yet.
    pub(crate) needs_cookie: bool,
    /// Whether the record is stored in a form that the driver no longer writes.
    pub(crate) is_outdated: bool,
    /// The content of the client's cookie, where it is not the id and may be needed.
    pub(crate) handle: Option<String>,
}

/// What the load showed that the commit has to do, even if nobody writes.
#[derive(Default)]
pub(crate) struct Duties {
    /// As in [`Origin`].
    pub(crate) is_due: bool,
    /// As in [`Origin`].
    pub(crate) needs_cookie: bool,
    /// As in [`Origin`].
    pub(crate) handle: Option<String>,
}

impl Origin {
    /// Returns what events name.
    pub(crate) fn subject(&self) -> (SessionId, Option<Box<str>>) {
        (self.id.clone(), self.ownership.owner.clone())
    }

    /// Returns the content of the client's cookie.
    pub(crate) fn handle(&self) -> &str {
        self.handle.as_deref().unwrap_or(self.id.as_str())
    }
}

impl Life {
    /// Returns the session's id, if it has one by now.
    pub(crate) fn id(&self) -> Option<&SessionId> {
        match self {
            Self::New { id } | Self::Ended { id, .. } | Self::Moved { id, .. } => id.as_ref(),
            Self::Loaded { origin, new_id } => Some(new_id.as_ref().unwrap_or(&origin.id)),
            Self::Gone { old } => Some(&old.id),
            Self::Unavailable => None,
        }
    }

    /// Gives an id to a session that has none.
    pub(crate) fn establish(&mut self, new: SessionId) {
        match self {
            Self::New { id } | Self::Ended { id, .. } | Self::Moved { id, .. } => *id = Some(new),
            Self::Loaded { .. } | Self::Gone { .. } | Self::Unavailable => {}
        }
    }

    /// Gives the session another id. One that has moved or ended becomes a session of its own.
    pub(crate) fn regenerate(&mut self, new: SessionId) {
        match self {
            Self::New { id } | Self::Ended { id, .. } => *id = Some(new),
            Self::Loaded { new_id, .. } => *new_id = Some(new),
            Self::Moved { .. } | Self::Gone { .. } => *self = Self::New { id: Some(new) },
            Self::Unavailable => {}
        }
    }

    /// Ends the session and returns the life of the one that follows it in this request. A session that had moved is
    /// out of this request's reach.
    pub(crate) fn end(self) -> Self {
        let old = match self {
            Self::Loaded { origin, .. } | Self::Gone { old: origin } => Some(origin),
            Self::Ended { old, .. } => old,
            Self::Moved { old, .. } => return Self::Moved { old, id: None },
            Self::New { .. } | Self::Unavailable => None,
        };
        Self::Ended { old, id: None }
    }

    /// Returns the stored record that the session continues.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Loaded { origin, .. } => Some(origin),
            Self::New { .. }
            | Self::Gone { .. }
            | Self::Ended { .. }
            | Self::Moved { .. }
            | Self::Unavailable => None,
        }
    }

    /// Notes that the session that it continues has ended, or moved.
    pub(crate) fn lose(&mut self, has_moved: bool) {
        *self = match std::mem::replace(self, Self::Unavailable) {
            Self::Loaded { origin, .. } if has_moved => Self::Moved {
                old: origin.id,
                id: None,
            },
            Self::Loaded { origin, .. } => Self::Gone { old: origin },
            life => life,
        };
    }

    /// Forgets the id of a session that a save could not store, because it had ended.
    pub(crate) fn begin_again(&mut self) {
        *self = match std::mem::replace(self, Self::Unavailable) {
            Self::New { .. } => Self::New { id: None },
            Self::Ended { .. } => Self::Ended {
                old: None,
                id: None,
            },
            life => life,
        };
    }
}
