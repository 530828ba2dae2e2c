//! Deciding what a commit has to do, without doing it.

use std::time::Duration;

use crate::commit::fate::Fate;
use crate::config::options::Options;
use crate::merge::Changes;
use crate::record::owner::Ownership;
use crate::session::life::{Life, Origin};
use crate::session::state::State;
use crate::{Error, Establish, Record, Renewal, SessionId, Timestamp, Version};

/// What a commit has to do. A plain value: the manager carries it out.
pub(crate) enum Plan {
    /// Do nothing. The client keeps its cookie.
    Keep,
    /// Do nothing, although something was written: the session under this id has ended or goes on under another one.
    Drop {
        id: SessionId,
        owner: Option<Box<str>>,
    },
    /// Log out: remove the record if there is one, and the cookie if the client has one.
    End {
        old: Option<Box<Origin>>,
        has_cookie: bool,
    },
    /// Store the session, after removing the record that was logged out of.
    Write {
        removing: Option<Box<Origin>>,
        write: Box<Write>,
    },
    /// Remove the record that was logged out of. Then fail: what was written afterwards cannot be stored.
    Fail { removing: Box<Origin>, error: Error },
    /// Extend the record's life, by a save if its stored form is outdated.
    Touch {
        handle: String,
        write: Box<Write>,
        is_outdated: bool,
    },
    /// Give the client its cookie again, and store nothing.
    Reissue {
        id: SessionId,
        handle: String,
        ttl: Duration,
        is_remembered: bool,
    },
}

/// A record to be stored, and how.
pub(crate) struct Write {
    pub(crate) record: Record,
    pub(crate) changes: Box<Changes>,
    pub(crate) mode: Mode,
    /// Whose record it replaces, if it replaces one.
    pub(crate) before: Ownership,
    pub(crate) fate: Fate,
}

/// The record that a session leaves behind when it gets another id.
pub(crate) struct Left {
    pub(crate) id: SessionId,
    pub(crate) handle: String,
    /// Whether its owner was logged in before: then the session that goes on is a copy of that login.
    pub(crate) is_copied: bool,
}

/// Where a record is stored.
pub(crate) enum Mode {
    /// Under an id that the store does not hold, unless an earlier save by hand succeeded although its answer was lost.
    Create { is_retry: bool },
    /// Over the record that was loaded.
    Update {
        version: Version,
        /// Whether the session gets a new lifetime. Otherwise its end stays where it is.
        renews: bool,
        /// The content of a cookie that need not be sent, because the client has it.
        known: Option<String>,
    },
    /// Under a new id, while the old record becomes one that says that the session has moved.
    Regenerate { old: Left, version: Version },
}

impl Mode {
    /// Returns the content of the client's cookie, if it need not be sent.
    pub(crate) fn handle(&self) -> Option<&str> {
        match self {
            Self::Update { known, .. } => known.as_deref(),
            Self::Create { .. } | Self::Regenerate { .. } => None,
        }
    }
}

/// What a plan depends on besides the session.
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) options: &'a Options,
    pub(crate) can_revoke: bool,
}

impl Plan {
    /// Returns `true` if the plan logs somebody out.
    pub(crate) const fn is_logout(&self) -> bool {
        matches!(
            self,
            Self::End { .. }
                | Self::Fail { .. }
                | Self::Write {
                    removing: Some(_),
                    ..
                }
        )
    }

    /// Returns the session that the plan is about, and its owner where it is known.
    pub(crate) fn subject(&self) -> (Option<&SessionId>, Option<&str>) {
        match self {
            Self::Keep | Self::End { old: None, .. } => (None, None),
            Self::Drop { id, owner } => (Some(id), owner.as_deref()),
            Self::Reissue { id, .. } => (Some(id), None),
            Self::End { old: Some(old), .. } | Self::Fail { removing: old, .. } => {
                (Some(&old.id), old.ownership.owner.as_deref())
            }
            Self::Write { write, .. } | Self::Touch { write, .. } => {
                (Some(write.record.id()), write.record.owner())
            }
        }
    }

    /// Returns the own idle lifetime of the session that is stored.
    pub(crate) fn remembered_for(&self) -> Option<Duration> {
        match self {
            Self::Write { write, .. } | Self::Touch { write, .. } => write.record.remembered_for,
            _ => None,
        }
    }

    /// Leaves out everything that only makes sense if a response brings the client a cookie.
    pub(crate) fn without_cookie(self) -> Self {
        let is_new = |write: &Write| !matches!(write.mode, Mode::Update { .. });
        match self {
            Self::Write {
                removing: Some(old),
                write,
            } if is_new(&write) => Self::End {
                old: Some(old),
                has_cookie: false,
            },
            Self::Write { write, .. } if is_new(&write) => Self::Keep,
            Self::Reissue { .. } => Self::Keep,
            plan => plan,
        }
    }
}

impl State {
    /// Closes the session and decides what to do with it.
    pub(crate) fn plan(&mut self, context: &Context<'_>) -> Result<Plan, Error> {
        let is_modified = self.is_modified();
        if std::mem::replace(&mut self.is_closed, true) {
            return Ok(Plan::Keep);
        }
        // What the commit stores under another id, a save by hand must find first.
        self.saves_by_hand &= matches!(self.life, Life::Loaded { new_id: None, .. });
        let plan = self.decide(is_modified, context)?;
        if !matches!(plan, Plan::Keep) {
            // Until it is carried out, nobody may save by hand: both would count the same changes.
            self.busy = Some(Vec::new());
        }
        Ok(plan)
    }

    /// Decides how to save what was written so far. The rest is left to the commit.
    pub(crate) fn plan_save(&mut self, context: &Context<'_>) -> Result<Plan, Error> {
        if !self.is_modified() {
            return Ok(Plan::Keep);
        }
        self.decide(true, context)
    }

    fn decide(&mut self, is_modified: bool, context: &Context<'_>) -> Result<Plan, Error> {
        let options = context.options;
        match &self.life {
            Life::Unavailable => Ok(Plan::Keep),
            Life::New { .. } if is_modified || options.establish == Establish::Always => {
                let write = self.create(context)?;
                Ok(Plan::Write {
                    removing: None,
                    write,
                })
            }
            Life::Moved { old, .. } if is_modified => Ok(Plan::Drop {
                id: old.clone(),
                owner: None,
            }),
            Life::Gone { old } if is_modified => Ok(Plan::Drop {
                id: old.id.clone(),
                owner: old.ownership.owner.clone(),
            }),
            Life::New { .. } | Life::Moved { .. } | Life::Gone { .. } => Ok(Plan::Keep),
            Life::Ended { old, .. } => {
                let old = old.clone().map(Box::new);
                self.plan_ended(old, context)
            }
            Life::Loaded { origin, new_id } => {
                let lifetimes = &options.lifetimes;
                let is_write =
                    is_modified || lifetimes.is_undated(origin.expires_at, origin.created_at);
                if !is_write && !origin.is_due && !origin.needs_cookie {
                    return Ok(Plan::Keep);
                }
                let (origin, new_id) = (origin.clone(), new_id.clone());
                Ok(self.plan_loaded(origin, new_id, is_write, context))
            }
        }
    }

    fn plan_ended(
        &mut self,
        old: Option<Box<Origin>>,
        context: &Context<'_>,
    ) -> Result<Plan, Error> {
        if self.is_established() {
            return match (self.create(context), old) {
                (Ok(write), removing) => Ok(Plan::Write { removing, write }),
                (Err(error), Some(removing)) => Ok(Plan::Fail { removing, error }),
                (Err(error), None) => Err(error),
            };
        }
        // Without a cookie there is nothing to log out of, unless this request stored a session by hand. Another site's form
        // must not be able to make a browser, which does not send the cookie with it (SameSite=Lax), remove the cookie.
        let has_cookie = self.has_cookie;
        Ok(if old.is_some() || has_cookie {
            Plan::End { old, has_cookie }
        } else {
            Plan::Keep
        })
    }

    fn plan_loaded(
        &mut self,
        origin: Origin,
        new_id: Option<SessionId>,
        is_write: bool,
        context: &Context<'_>,
    ) -> Plan {
        let Context {
            now,
            options,
            can_revoke,
        } = *context;
        let lifetimes = options.lifetimes.remembering(self.remembered_for);
        let handle = origin.handle().to_owned();
        let Origin {
            id,
            version,
            expires_at,
            ownership,
            is_due,
            needs_cookie,
            is_outdated,
            ..
        } = origin;
        let created_at = origin.created_at.or_else(|| options.begins_at(now));
        let renewed = lifetimes.expiry(now, created_at);
        if let Some(new_id) = new_id {
            let owner_key = options.owner_key.as_deref();
            let old = Left {
                id,
                handle,
                is_copied: ownership.owner.is_some()
                    && !owner_key.is_some_and(|key| self.log().sets(key)),
            };
            let mode = Mode::Regenerate { old, version };
            let write = self.write(new_id, created_at, renewed, mode, ownership, context);
            return Plan::Write {
                removing: None,
                write,
            };
        }
        if is_write {
            // Unless the session is renewed its end stays, and the cookie is not sent again: a response that is overtaken
            // on its way must not replace the cookie of a newer session.
            // A request may take long, and another one renew the session meanwhile: this one must not shorten its life.
            let is_due =
                is_due || expires_at.is_some_and(|end| lifetimes.is_due(now, end, created_at));
            let renews = self.log().sets_lifetime()
                || !self.is_background
                    && (is_due
                        || expires_at.is_none()
                        || !can_revoke
                        || lifetimes.renewal != Renewal::OnUse);
            let end = expires_at.filter(|_| !renews).unwrap_or(renewed);
            let mode = Mode::Update {
                version,
                renews,
                known: (!renews && !needs_cookie).then_some(handle),
            };
            let write = self.write(id, created_at, end, mode, ownership, context);
            return Plan::Write {
                removing: None,
                write,
            };
        }
        if is_due {
            let mode = Mode::Update {
                version,
                renews: true,
                known: None,
            };
            let write = self.write(id, created_at, renewed, mode, ownership, context);
            return Plan::Touch {
                handle,
                write,
                is_outdated,
            };
        }
        let end = expires_at.unwrap_or_default();
        if is_outdated {
            let mode = Mode::Update {
                version,
                renews: false,
                known: None,
            };
            let write = self.write(id, created_at, end, mode, ownership, context);
            return Plan::Write {
                removing: None,
                write,
            };
        }
        let ttl = end.since(now);
        Plan::Reissue {
            id,
            handle,
            ttl,
            is_remembered: self.remembered_for.is_some(),
        }
    }

    fn create(&mut self, context: &Context<'_>) -> Result<Box<Write>, Error> {
        let Context { now, options, .. } = *context;
        let id = self.id()?;
        let created_at = options.begins_at(now);
        let lifetimes = options.lifetimes.remembering(self.remembered_for);
        let expires_at = lifetimes.expiry(now, created_at);
        let before = Ownership::default();
        let is_retry = self.may_be_stored;
        let mode = Mode::Create { is_retry };
        Ok(self.write(id, created_at, expires_at, mode, before, context))
    }

    fn write(
        &mut self,
        id: SessionId,
        created_at: Option<Timestamp>,
        expires_at: Timestamp,
        mode: Mode,
        before: Ownership,
        context: &Context<'_>,
    ) -> Box<Write> {
        let mut record = self.record(id, created_at, expires_at);
        record.stamp(&before, context.now, context.options);
        // The session can still be read after the commit, but not changed.
        Box::new(Write {
            record,
            changes: self.changes.take().unwrap_or_default(),
            mode,
            before,
            fate: Fate::default(),
        })
    }
}
