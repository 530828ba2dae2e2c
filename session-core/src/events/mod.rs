//! The events in the life of a session: each is one value, for the log and for an observer.
//!
//! No event carries a token, a secret, a whole id or a value, except the owner. The first eight characters of an id are
//! enough to follow a session through a log (OWASP Session Management Cheat Sheet, "Logging Sessions Life Cycle").

pub(crate) mod log;
pub(crate) mod observer;

use std::fmt;
use std::time::Duration;

use crate::{Error, SessionId};
use observer::Stopwatch;

/// Something that happened to a session.
///
/// An [`Observer`](crate::Observer) gets every event. No event has a token, a secret, a whole id or a value of the
/// session, except its owner.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    kind: EventKind,
    id: Option<&'a SessionId>,
    owner: Option<&'a str>,
    reason: Option<&'static str>,
    error: Option<&'a Error>,
    remembered_for: Option<Duration>,
    duration: Option<Duration>,
}

impl<'a> Event<'a> {
    pub(crate) const fn new(kind: EventKind) -> Self {
        Self {
            kind,
            id: None,
            owner: None,
            reason: None,
            error: None,
            remembered_for: None,
            duration: None,
        }
    }

    pub(crate) const fn of(kind: EventKind, id: &'a SessionId, owner: Option<&'a str>) -> Self {
        let mut event = Self::new(kind);
        event.id = Some(id);
        event.owner = owner;
        event
    }

    pub(crate) const fn failed(kind: EventKind, error: &'a Error) -> Self {
        let mut event = Self::new(kind);
        event.error = Some(error);
        event
    }

    pub(crate) const fn about(mut self, id: Option<&'a SessionId>, owner: Option<&'a str>) -> Self {
        self.id = id;
        self.owner = owner;
        self
    }

    pub(crate) const fn because(mut self, reason: Option<&'static str>) -> Self {
        self.reason = reason;
        self
    }

    pub(crate) const fn remembering(mut self, lifetime: Option<Duration>) -> Self {
        self.remembered_for = lifetime;
        self
    }

    pub(crate) fn after(mut self, watch: Stopwatch) -> Self {
        self.duration = watch.elapsed();
        self
    }

    /// Returns what happened.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        self.kind
    }

    /// Returns the first eight characters of the session's id, as in the log. After
    /// [`Regenerated`](EventKind::Regenerated) it is the new id.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        self.id.map(SessionId::prefix)
    }

    /// Returns the session's owner, if there is a [`Builder::owner_key`](crate::Builder::owner_key), the session has an
    /// owner, and the owner is known without asking the store.
    #[must_use]
    pub const fn owner(&self) -> Option<&'a str> {
        self.owner
    }

    /// Returns why a token was refused.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// Returns what failed.
    #[must_use]
    pub const fn error(&self) -> Option<&'a Error> {
        self.error
    }

    /// Returns the session's own idle lifetime, if the event is about a session that was loaded or stored, and
    /// [`remember_for`](crate::Session::remember_for) gave it one.
    #[must_use]
    pub const fn remembered_for(&self) -> Option<Duration> {
        self.remembered_for
    }

    /// Returns how long the driver took for the load, or for the whole save with its retries.
    ///
    /// Every load of a request ends with one event that has it, and every save too, unless
    /// `wasm32-unknown-unknown`, where the standard library has no clock, is the target.
    #[must_use]
    pub const fn duration(&self) -> Option<Duration> {
        self.duration
    }
}

/// Shows what the accessors return: no whole id.
impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind)
            .field("id", &self.id())
            .field("owner", &self.owner)
            .field("reason", &self.reason)
            .field("error", &self.error)
            .field("remembered_for", &self.remembered_for)
            .field("duration", &self.duration)
            .finish()
    }
}

/// What happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A request found its session. With the session in the client's cookie, that is when somebody asks for it, unless it
    /// has flash or is due for renewal.
    Loaded,
    /// A session was stored for the first time.
    Created,
    /// Changes of a session were stored.
    Saved,
    /// The session got a new lifetime, although nothing was written.
    Renewed,
    /// The session got another id, usually at a login.
    Regenerated,
    /// The user logged out.
    Destroyed,
    /// The session was ended by its id or its owner, or because its owner had one too many.
    Revoked,
    /// A token names a record that has expired. A store that forgets expired records causes
    /// [`Refusal::Unknown`] instead.
    Expired,
    /// A request came with the id that [`regenerate`](crate::Session::regenerate) replaced.
    Moved,
    /// A token opens no session.
    Refused(Refusal),
    /// Another request changed the session meanwhile. Both changes are merged.
    Conflict,
    /// The session ended while a request wrote to it. What the request wrote is dropped.
    LateWriteDropped,
    /// The store failed to load a session.
    LoadFailed,
    /// The session could not be saved.
    SaveFailed,
}

impl EventKind {
    /// Returns a name for a metric's label, such as `late_write_dropped`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Created => "created",
            Self::Saved => "saved",
            Self::Renewed => "renewed",
            Self::Regenerated => "regenerated",
            Self::Destroyed => "destroyed",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Moved => "moved",
            Self::Refused(Refusal::Invalid) => "refused_invalid",
            Self::Refused(Refusal::Unreadable) => "refused_unreadable",
            Self::Refused(Refusal::Unknown) => "refused_unknown",
            Self::Refused(Refusal::Sealed) => "refused_sealed",
            Self::Conflict => "conflict",
            Self::LateWriteDropped => "late_write_dropped",
            Self::LoadFailed => "load_failed",
            Self::SaveFailed => "save_failed",
        }
    }
}

/// Why a token opens no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// It is forged, truncated, or signed with a key that is not in the ring.
    Invalid,
    /// Its cookie is in the header, but cannot be read.
    Unreadable,
    /// Its signature is valid, but the store has no such record.
    Unknown,
    /// Its record is encrypted, and this service does not open encrypted sessions.
    Sealed,
}
