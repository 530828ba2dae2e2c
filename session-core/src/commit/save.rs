//! Saving and reloading a session by hand, before its request ends or in a stream that goes on.

use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::commit::fate::Fate;
use crate::commit::plan::{Mode, Plan, Write};
use crate::record::owner::Ownership;
use crate::session::life::{Life, Origin};
use crate::session::state::State;
use crate::{
    Error, ErrorKind, Event, EventKind, Loaded, Outcome, Session, SessionId, SessionManager,
};

/// # Saving by hand
impl Session {
    /// Saves now what was written so far, for a response that streams: server-sent events, or a WebSocket. The session can
    /// be written again, and saved again. Returns once the store has it.
    ///
    /// Call it in the handler or in the stream. In a stream, call it before the first write: the session was closed when
    /// the response began, and saving by hand opens it again. From then on nothing is saved without another call.
    ///
    /// Once the response has begun, the client cannot get a cookie any more. So a session that was never stored cannot be
    /// written, and [`regenerate`](Self::regenerate) fails with [`ErrorKind::Closed`]. While the session lives,
    /// [`destroy`](Self::destroy) works: the record is removed, and the cookie that the client keeps opens nothing. A save
    /// renews the session in the store as any write does, unless the request is a [`background`](Self::background) request.
    ///
    /// What other requests stored meanwhile is merged, and visible afterwards. If the session ended meanwhile, what was
    /// written is dropped, as at the end of a request, and the result is `Ok`. The session reads as empty then, as after a
    /// [`reload`](Self::reload) that returns `false`, and in a stream every later write is an error.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the save may have happened. What was written stays in the session and is
    /// saved by the next call, so an [`update`](Self::update) may count twice.
    ///
    /// # Errors
    ///
    /// The same as [`SessionManager::commit`]. The session keeps what was written, and the next call tries again. Returns
    /// [`ErrorKind::Closed`] if the response has begun and the first save finds no session. Returns
    /// [`ErrorKind::Unsupported`] once the response has begun if the driver cannot revoke: the session is in the cookie.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_core::{Error, Session};
    ///
    /// async fn stream(session: Session) -> Result<(), Error> {
    ///     session.save().await?;
    ///     for n in 0..3 {
    ///         session.put("progress", n)?;
    ///         session.save().await?;
    ///         // Send an event, or wait for the next one.
    ///     }
    ///     Ok(())
    /// }
    /// # let session = session_core::testing::session(|_| Ok(()));
    /// # pollster::block_on(stream(session)).unwrap();
    /// ```
    pub async fn save(&self) -> Result<(), Error> {
        let Some(manager) = self.look().manager.clone() else {
            return Ok(());
        };
        let plan = match self.when_idle(|state| state.begin_save(&manager)).await? {
            Begun::Nothing => return Ok(()),
            Begun::Resume => return self.resume().await,
            Begun::Save(plan) => plan,
        };
        let mut saving = Saving {
            session: self,
            plan,
        };
        let outcome = manager.carry_out(&mut saving.plan).await?;
        saving.finish(&manager, &outcome)
    }

    /// Reads what other requests stored meanwhile. What this one wrote and did not save yet stays on top of it.
    ///
    /// Returns `false` if the session ended meanwhile or got another id. It then reads as empty, and what was written is
    /// dropped. So is what the request writes later, unless it calls [`regenerate`](Self::regenerate), as a login does:
    /// that begins a session of its own. Once the response has begun, later writes are errors. A session that was never
    /// stored, or that is in the client's cookie, stays as it is.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unavailable`] if the store failed, and [`ErrorKind::Decode`] if an
    /// [`update`](Self::update) that is not saved yet finds a value of another type. The session stays as it was.
    pub async fn reload(&self) -> Result<bool, Error> {
        let Some(manager) = self.look().manager.clone() else {
            return Ok(true);
        };
        let handle = match self.when_idle(|state| state.begin_reload(&manager)).await? {
            Reload::Nothing { is_live } => return Ok(is_live),
            Reload::From(handle) => handle,
        };
        let saving = Saving {
            session: self,
            plan: Plan::Keep,
        };
        let events = &manager.0.events;
        let watch = events.stopwatch();
        let loaded = manager.0.driver().load(&handle).await;
        let loaded = loaded.inspect_err(|error| {
            events.emit(Event::failed(EventKind::LoadFailed, error).after(watch));
        })?;
        let is_moved = |loaded: &Loaded| loaded.record.is_moved();
        let has_moved = loaded.as_ref().is_some_and(is_moved);
        let loaded = loaded.filter(|loaded| manager.0.is_live(&loaded.record));
        if let Some(Loaded { record, .. }) = &loaded {
            let owner = manager.0.observed_owner(record);
            let found = Event::of(EventKind::Loaded, record.id(), owner.as_deref());
            events.emit(found.remembering(record.remembered_for).after(watch));
        }
        let is_live = loaded.is_some();
        let reloaded = match loaded {
            Some(loaded) => {
                let origin = origin(&manager, &loaded, handle);
                self.rebase(&loaded, origin, false, State::keep_duties)
            }
            None => {
                self.lose(&manager, has_moved);
                Ok(())
            }
        };
        drop(saving);
        reloaded.map(|()| is_live)
    }

    /// Notes that the session has ended or moved. What was to be saved is dropped.
    fn lose(&self, manager: &SessionManager, has_moved: bool) {
        let (subject, is_modified, lost) = {
            let mut state = self.lock();
            let subject = state.life.origin().map(Origin::subject);
            let is_modified = state.is_modified();
            (subject, is_modified, state.lose(has_moved))
        };
        drop(lost);
        if is_modified && let Some((id, owner)) = subject {
            manager.0.dropped(&id, owner.as_deref());
        }
    }

    /// Ends a save, a reload or a commit.
    pub(super) fn wake_waiting(&self) {
        let waiting = self.lock().busy.take();
        for waker in waiting.into_iter().flatten() {
            waker.wake();
        }
    }

    /// Opens a session that was committed for writes that are saved by hand.
    async fn resume(&self) -> Result<(), Error> {
        if !self.reload().await? || self.look().life.origin().is_none() {
            return Err(Error::new(ErrorKind::Closed));
        }
        self.look().saves_by_hand = true;
        Ok(())
    }

    /// Continues from what the store holds, with the changes that are not saved yet. They are replayed while the session is
    /// not locked, because that runs the caller's code.
    fn rebase(
        &self,
        loaded: &Loaded,
        mut origin: Origin,
        is_saved: bool,
        prepare: impl FnOnce(&mut State, &mut Origin),
    ) -> Result<(), Error> {
        for _ in 0..MAX_TRIES {
            let (changes, revision) = {
                let state = self.lock();
                (state.changes.clone(), state.revision)
            };
            let merged = changes.unwrap_or_default().onto(loaded);
            let mut state = self.lock();
            // A clone may have written meanwhile.
            if state.revision == revision {
                let merged = match merged {
                    // Then the session stays as it was: on this version, it would overwrite what it cannot merge with.
                    Err(error) if !is_saved => return Err(error),
                    merged => merged,
                };
                prepare(&mut state, &mut origin);
                return state.rebase(loaded, origin, merged);
            }
        }
        Err(Error::new(ErrorKind::Conflict))
    }

    /// Runs `act` once no task is saving or reloading the session.
    async fn when_idle<T>(&self, act: impl Fn(&mut State) -> T) -> T {
        poll_fn(|cx| self.poll_idle(cx, &act)).await
    }

    pub(crate) fn poll_idle<T>(
        &self,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut State) -> T,
    ) -> Poll<T> {
        let mut state = self.lock();
        if let Some(waiting) = &mut state.busy {
            if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
            return Poll::Pending;
        }
        Poll::Ready(act(&mut state))
    }
}

/// What a save does first.
enum Begun {
    Nothing,
    /// The session was closed by the commit.
    Resume,
    Save(Plan),
}

/// Where a reload reads.
enum Reload {
    Nothing { is_live: bool },
    From(String),
}

impl State {
    fn begin_save(&mut self, manager: &SessionManager) -> Result<Begun, Error> {
        if matches!(self.life, Life::Unavailable) {
            return Err(Error::new(ErrorKind::Unavailable));
        }
        if !manager.can_revoke() {
            // Before the response begins, it saves the session.
            return if self.is_closed {
                Err(unsupported())
            } else {
                Ok(Begun::Nothing)
            };
        }
        if self.is_closed && !self.saves_by_hand {
            return Ok(Begun::Resume);
        }
        self.saves_by_hand = true;
        let context = manager.context();
        Ok(match self.plan_save(&context)? {
            Plan::Keep => Begun::Nothing,
            plan => {
                self.busy = Some(Vec::new());
                Begun::Save(plan)
            }
        })
    }

    fn begin_reload(&mut self, manager: &SessionManager) -> Result<Reload, Error> {
        let handle = match &self.life {
            Life::Unavailable => return Err(Error::new(ErrorKind::Unavailable)),
            // Unless the commit stored what was written after the logout.
            Life::Ended { id: Some(_), .. } if self.is_closed => {
                self.life.id().map(SessionId::as_str)
            }
            Life::Ended { .. } | Life::Moved { .. } | Life::Gone { .. } => {
                return Ok(Reload::Nothing { is_live: false });
            }
            life if manager.can_revoke() => match life.origin() {
                Some(origin) if !self.is_closed || self.saves_by_hand => Some(origin.handle()),
                // The commit stored it under this id.
                _ if self.is_closed => life.id().map(SessionId::as_str),
                _ => None,
            },
            _ => None,
        };
        let Some(handle) = handle.map(str::to_owned) else {
            return Ok(Reload::Nothing { is_live: true });
        };
        self.busy = Some(Vec::new());
        Ok(Reload::From(handle))
    }

    /// What the request still owes its client after a reload.
    fn keep_duties(&mut self, origin: &mut Origin) {
        if let Some(before) = self.life.origin() {
            origin.is_due = before.is_due && !self.is_closed;
            origin.needs_cookie = before.needs_cookie;
        }
        if self.is_closed {
            self.forget_new_id();
        }
    }
}

/// A save or a reload under way, which ends when it is dropped.
struct Saving<'a> {
    session: &'a Session,
    plan: Plan,
}

impl Saving<'_> {
    /// Continues from what was stored.
    fn finish(mut self, manager: &SessionManager, outcome: &Outcome) -> Result<(), Error> {
        match std::mem::replace(&mut self.plan, Plan::Keep) {
            Plan::End { .. } => {
                if let Life::Ended { old, .. } = &mut self.session.lock().life {
                    *old = None;
                }
                Ok(())
            }
            Plan::Write { write, .. } => {
                let Write {
                    record, mode, fate, ..
                } = *write;
                let is_beside = matches!(fate, Fate::StoredBeside(_));
                let has_moved = matches!(fate, Fate::Moved);
                let Some(version) = fate.version() else {
                    self.session.lock().begin_again();
                    // What a clone wrote meanwhile is dropped, too.
                    self.session.lose(manager, has_moved);
                    return Ok(());
                };
                let handle = match outcome {
                    Outcome::Set(token) => token.handle(),
                    Outcome::Keep | Outcome::Clear => mode.handle(),
                };
                let loaded = Loaded::new(record, version);
                let origin = origin(manager, &loaded, handle.unwrap_or_default().to_owned());
                let needs_cookie = matches!(outcome, Outcome::Set(_));
                self.session.rebase(&loaded, origin, true, |state, origin| {
                    origin.needs_cookie = needs_cookie;
                    state.has_cookie &= !is_beside;
                    state.forget_new_id();
                })
            }
            Plan::Drop { .. } => {
                let lost = self.session.lock().lose(false);
                drop(lost);
                Ok(())
            }
            Plan::Keep | Plan::Fail { .. } | Plan::Touch { .. } | Plan::Reissue { .. } => Ok(()),
        }
    }
}

/// What was not saved stays to be saved.
impl Drop for Saving<'_> {
    fn drop(&mut self) {
        if let Plan::Write { write, .. } = &mut self.plan {
            let mut state = self.session.lock();
            state.may_be_stored |= matches!(write.mode, Mode::Create { .. });
            let State { changes, data, .. } = &mut *state;
            let later = changes.replace(std::mem::take(&mut write.changes));
            if let (Some(changes), Some(later)) = (changes, later) {
                changes.append(*later, data);
            }
            if state.is_background {
                state.keep_flash();
            }
        }
        self.session.wake_waiting();
    }
}

/// How often a clone may write while what it wrote before is replayed.
const MAX_TRIES: u32 = 1_000;

fn origin(manager: &SessionManager, loaded: &Loaded, handle: String) -> Origin {
    let record = &loaded.record;
    Origin {
        id: record.id.clone(),
        version: loaded.version.clone(),
        expires_at: record.expires_at,
        created_at: record.created_at,
        ownership: Ownership::of(record, &manager.0.options),
        is_due: false,
        needs_cookie: false,
        is_outdated: loaded.is_outdated,
        handle: (handle != record.id.as_str()).then_some(handle),
    }
}

fn unsupported() -> Error {
    Error::new(ErrorKind::Unsupported).with_source(
        "the session is in the client's cookie, and the response has begun; use a server-side driver, such as Redis",
    )
}
