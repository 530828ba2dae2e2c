//! What a commit must do, decided without looking at the store.

use session_core::Establish;

use super::request::{Id, Phase, Request};
use super::world::World;

/// What a commit must do, decided when the session is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Keep,
    /// Drop what was written: the session has ended or moved.
    Drop,
    /// Store a new session.
    Begin,
    /// Remove a session after a logout.
    End,
    Write,
    Regenerate,
    Renew,
    Reissue,
}

impl World {
    /// Closes a session for writing and decides what its commit must do.
    pub(crate) fn close(request: &mut Request) -> Decision {
        let decision = Self::decide(request);
        if request.phase == Phase::Open {
            request.close();
        }
        if decision == Decision::Begin && request.id == Id::None {
            request.id = Id::Minted(None);
        }
        decision
    }

    pub(crate) fn decide(request: &Request) -> Decision {
        let settings = &request.settings;
        match (&request.origin, request.phase) {
            (_, Phase::Unavailable | Phase::Closed) => Decision::Keep,
            (None, Phase::Open) if request.is_moved => {
                if request.is_established() {
                    Decision::Drop
                } else {
                    Decision::Keep
                }
            }
            (None, Phase::Open) => {
                let always = settings.establish == Establish::Always && !request.is_destroyed;
                if always || request.is_established() {
                    Decision::Begin
                } else if request.is_logout() {
                    Decision::End
                } else {
                    Decision::Keep
                }
            }
            (Some(_), Phase::Open) if request.has_ended => {
                if request.is_modified() {
                    Decision::Drop
                } else {
                    Decision::Keep
                }
            }
            (Some(origin), Phase::Open) => {
                // A record from before there was an absolute lifetime must learn its times.
                let is_undated = settings.absolute.is_some() && origin.record.created_at.is_none();
                if request.is_regenerated() {
                    Decision::Regenerate
                } else if request.is_modified() || is_undated {
                    Decision::Write
                } else if origin.is_due {
                    Decision::Renew
                } else if origin.needs_cookie {
                    Decision::Reissue
                } else {
                    Decision::Keep
                }
            }
        }
    }
}
