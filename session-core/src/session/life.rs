//! The life of a request's session: new, loaded or ended.

use crate::{SessionId, Timestamp, Version};

/// Where a request's session stands.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives in the session's one allocation"
)]
pub(crate) enum Life {
    /// Nothing has been stored. The id is generated when it is first needed.
    New { id: Option<SessionId> },
    /// It continues a stored record. `new_id` is set by `regenerate`.
    Loaded {
        origin: Origin,
        new_id: Option<SessionId>,
    },
    /// It was logged out in this request. What is written from then on belongs to a new session, whose id is generated
    /// when it is first needed.
    Ended {
        old: Option<SessionId>,
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
    /// Whether the record was due for renewal when it was loaded.
    pub(crate) is_due: bool,
    /// The handle, if the client must get its cookie again: it was signed with an old key, or lives longer now.
    pub(crate) reissue: Option<String>,
}

impl Life {
    /// Returns the id under which the session will be stored, if it has one by now.
    pub(crate) fn id(&self) -> Option<&SessionId> {
        match self {
            Self::New { id } | Self::Ended { id, .. } => id.as_ref(),
            Self::Loaded { origin, new_id } => Some(new_id.as_ref().unwrap_or(&origin.id)),
            Self::Unavailable => None,
        }
    }

    /// Gives the session this id instead of the one it has.
    pub(crate) fn set_id(&mut self, new: SessionId) {
        match self {
            Self::New { id } | Self::Ended { id, .. } => *id = Some(new),
            Self::Loaded { new_id, .. } => *new_id = Some(new),
            Self::Unavailable => {}
        }
    }

    /// Returns the stored record that the session continues.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Loaded { origin, .. } => Some(origin),
            Self::New { .. } | Self::Ended { .. } | Self::Unavailable => None,
        }
    }

    /// Ends the session and returns the life of the one that follows it in this request.
    pub(crate) fn ended(self) -> Self {
        let old = match self {
            Self::Loaded { origin, .. } => Some(origin.id),
            Self::Ended { old, .. } => old,
            Self::New { .. } | Self::Unavailable => None,
        };
        Self::Ended { old, id: None }
    }
}
