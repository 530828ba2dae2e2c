//! Committing a session: carrying out its plan against the store.

use std::future::poll_fn;
use std::task::{self, Poll};
use std::time::Duration;

use crate::commit::execute::Committing;
use crate::commit::fate::Fate;
use crate::commit::manager::Inner;
use crate::commit::plan::{Context, Mode, Plan, Write};
use crate::cookie::set_cookie::MAX_COOKIE_BYTES;
use crate::merge::Changes;
use crate::record::owner::Ownership;
use crate::session::life::Origin;
use crate::{
    Error, ErrorKind, Event, EventKind, Expected, Loaded, Outcome, Record, Saved, Session,
    SessionId, SessionManager, Timestamp, Token, Touched, Version,
};

impl SessionManager {
    /// Closes the session and saves it if there is something to save.
    ///
    /// Changes that faster requests saved meanwhile are merged. A session that ended meanwhile stays ended: the write is
    /// dropped, and the outcome is [`Outcome::Keep`]. After the commit the session can still be read, and every write
    /// is an error. Committing again does nothing.
    ///
    /// Drive a commit to its end once it has begun. A commit that is dropped halfway through
    /// [`regenerate`](Session::regenerate) may leave the session under both ids. Adapters take care of this.
    ///
    /// # Errors
    ///
    /// On every error the client keeps its cookie, and the store keeps what it held before, minus the record that was
    /// logged out of in the same request:
    /// - [`ErrorKind::Unavailable`]: the store failed. If only its answer was lost, the save may have happened.
    /// - [`ErrorKind::TooLarge`]: the session exceeds the driver's capacity, perhaps only once merged.
    /// - [`ErrorKind::Conflict`]: other requests were faster 256 times, or for five seconds.
    /// - [`ErrorKind::Decode`]: an `update` met a value of another type that was stored meanwhile.
    /// - [`ErrorKind::Random`]: no random id could be generated for a new session.
    pub async fn commit(&self, session: &Session) -> Result<Outcome, Error> {
        let plan = self.plan(session).await?;
        self.carry_out_for(session, plan).await
    }

    /// Closes the session and decides what to do with it, once no other task is saving it by hand.
    pub(crate) async fn plan(&self, session: &Session) -> Result<Plan, Error> {
        poll_fn(|cx| self.poll_plan(session, cx)).await
    }

    pub(crate) fn poll_plan(
        &self,
        session: &Session,
        cx: &mut task::Context<'_>,
    ) -> Poll<Result<Plan, Error>> {
        let plan = session.poll_idle(cx, |state| state.plan(&self.context()));
        plan.map_err(|error| {
            let failed = Event::failed(EventKind::SaveFailed, &error);
            self.0.events.emit(failed);
            error
        })
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context {
            now: self.now(),
            options: &self.0.options,
            can_revoke: self.can_revoke(),
        }
    }

    /// Carries out the plan of this session, at once if that needs no waiting.
    pub(crate) async fn carry_out_for(
        &self,
        session: &Session,
        mut plan: Plan,
    ) -> Result<Outcome, Error> {
        let _committing = Committing::of(session, &plan);
        match self.carry_out_now(&mut plan) {
            Some(result) => result,
            None => self.carry_out(&mut plan).await,
        }
    }
}

impl Inner {
    /// Removes the record of a session that was logged out of. If the session has moved meanwhile, it lives on under an id
    /// that this request must not learn: then the logout fails, because its page would be a lie, and the cookie of the login
    /// stays.
    pub(super) async fn log_out(&self, old: Option<&Origin>) -> Result<(), Error> {
        let Some(old) = old else { return Ok(()) };
        let (driver, watch) = (self.driver(), self.events.stopwatch());
        if driver.can_revoke() {
            let held = driver.load(old.handle()).await?;
            if held.is_some_and(|held| held.record.is_moved()) {
                return Err(Error::new(ErrorKind::Conflict)
                    .with_source("the session got another id meanwhile: log out again"));
            }
        }
        driver.destroy(&old.id).await?;
        let owner = old.ownership.owner.as_deref();
        let destroyed = Event::of(EventKind::Destroyed, &old.id, owner);
        self.events.emit(destroyed.after(watch));
        Ok(())
    }

    /// Gives the client its cookie again. If another request may have ended or moved the session meanwhile, the store is
    /// asked first: this cookie must not overwrite the newer one.
    pub(super) async fn reissue(
        &self,
        id: &SessionId,
        handle: String,
        ttl: Duration,
        is_remembered: bool,
    ) -> Result<Outcome, Error> {
        let driver = self.driver();
        if driver.can_revoke() {
            let held = driver.load(&handle).await?;
            if !held.is_some_and(|held| self.is_live(&held.record)) {
                return Ok(self.dropped(id, None));
            }
        }
        self.issue(handle, ttl, is_remembered)
    }

    pub(super) async fn touch(
        &self,
        handle: String,
        write: &mut Write,
        is_outdated: bool,
    ) -> Result<Outcome, Error> {
        let (record, ttl) = (&write.record, self.ttl(&write.record));
        let touched = match &write.mode {
            Mode::Update { version, .. } if !is_outdated => {
                self.driver().touch(record, version, ttl).await?
            }
            _ => Touched::MustSave,
        };
        match touched {
            Touched::Done => self.issue(handle, ttl, record.remembered_for.is_some()),
            Touched::Gone => Ok(self.dropped(record.id(), record.owner())),
            Touched::MustSave => Box::pin(self.write(write)).await,
        }
    }

    // The write stays where the plan put it: passing it by value would grow every future that awaits it.
    pub(super) async fn write(&self, write: &mut Write) -> Result<Outcome, Error> {
        let Write {
            record,
            changes,
            mode,
            fate,
            ..
        } = write;
        self.check_size(record)?;
        match mode {
            Mode::Create { is_retry: false } => self.create(record, fate).await,
            Mode::Create { is_retry: true } => {
                Box::pin(self.create_again(record, changes, fate)).await
            }
            Mode::Update {
                version,
                renews,
                known,
            } => {
                self.update(record, changes, version, *renews, known.as_deref(), fate)
                    .await
            }
            // Boxed, because the rare path is the longest: all others would carry its future too.
            Mode::Regenerate { old, version } => {
                Box::pin(self.regenerate(record, changes, old, version, fate)).await
            }
        }
    }

    pub(super) async fn create(&self, record: &Record, fate: &mut Fate) -> Result<Outcome, Error> {
        let ttl = self.ttl(record);
        match self.driver().save(record, Expected::Absent, ttl).await? {
            Saved::Done { handle, version } => {
                *fate = Fate::Stored(version);
                match self.issue(handle, ttl, record.remembered_for.is_some()) {
                    Ok(outcome) => Ok(outcome),
                    Err(error) => {
                        // Nobody will ever have its cookie. If it cannot be removed, it expires.
                        let _ = self.driver().destroy(record.id()).await;
                        Err(error)
                    }
                }
            }
            // Somebody stored a record under an id that was just generated. It is not ours to overwrite.
            Saved::Conflict(_) => Err(Error::new(ErrorKind::Conflict)),
        }
    }

    /// Stores a new record, or saves over it if an earlier try stored it.
    async fn create_again(
        &self,
        record: &mut Record,
        changes: &Changes,
        fate: &mut Fate,
    ) -> Result<Outcome, Error> {
        let held = self.driver().load(record.id().as_str()).await?;
        match held.filter(|held| self.is_live(&held.record)) {
            None => self.create(record, fate).await,
            Some(mut held) => {
                *record = self.merge(record, changes, &held, true)?;
                self.update(record, changes, &mut held.version, true, None, fate)
                    .await
            }
        }
    }

    async fn update(
        &self,
        record: &mut Record,
        changes: &Changes,
        version: &mut Version,
        renews: bool,
        known: Option<&str>,
        fate: &mut Fate,
    ) -> Result<Outcome, Error> {
        let begin = self.clock.now();
        if !renews {
            self.keep_renewal(record, version, begin).await?;
        }
        for attempt in 0..MAX_ATTEMPTS {
            let ttl = self.ttl(record);
            match self
                .driver()
                .save(record, Expected::Version(version), ttl)
                .await?
            {
                Saved::Done { handle, version } => {
                    *fate = Fate::Stored(version);
                    return self.answer(record, known, handle, ttl);
                }
                Saved::Conflict(Some(current)) if self.is_live(&current.record) => {
                    let conflict = Event::of(EventKind::Conflict, record.id(), record.owner());
                    self.events.emit(conflict);
                    *record = self.merge(record, changes, &current, renews)?;
                    *version = current.version;
                    self.give_way(begin, attempt).await?;
                }
                // Gone, moved, or past its end in a store that keeps what has ended.
                Saved::Conflict(held) => {
                    *fate = Fate::without(held.as_deref());
                    return Ok(self.dropped(record.id(), record.owner()));
                }
            }
        }
        Err(Error::new(ErrorKind::Conflict))
    }

    /// Looks whether another request renewed the session meanwhile, if this request, which does not, took long enough for
    /// that. Its save must not shorten the session's life.
    async fn keep_renewal(
        &self,
        record: &mut Record,
        version: &Version,
        now: Timestamp,
    ) -> Result<(), Error> {
        if self.is_due(record, now)
            && let Some(held) = self.driver().load(record.id().as_str()).await?
            && held.version == *version
        {
            record.expires_at = held.record.expires_at;
        }
        Ok(())
    }

    /// Returns `true` if a session with this record would be renewed now.
    pub(super) fn is_due(&self, record: &Record, now: Timestamp) -> bool {
        let lifetimes = self.options.lifetimes.remembering(record.remembered_for);
        let end = record.expires_at().unwrap_or_default();
        lifetimes.is_due(now, end, record.created_at())
    }

    /// Returns what the client gets for a stored record: its cookie, unless that is the one that it has.
    pub(super) fn answer(
        &self,
        record: &Record,
        known: Option<&str>,
        handle: String,
        ttl: Duration,
    ) -> Result<Outcome, Error> {
        if known == Some(&*handle) {
            return Ok(Outcome::Keep);
        }
        self.issue(handle, ttl, record.remembered_for.is_some())
    }

    pub(super) fn merge(
        &self,
        ours: &Record,
        changes: &Changes,
        current: &Loaded,
        renews: bool,
    ) -> Result<Record, Error> {
        let mut merged = changes.onto(current)?;
        merged.id = ours.id.clone();
        merged.created_at = merged.created_at.or(ours.created_at);
        let now = self.clock.now();
        merged.stamp(
            &Ownership::of(&current.record, &self.options),
            now,
            &self.options,
        );
        let renewed = || {
            let lifetimes = self.options.lifetimes.remembering(merged.remembered_for);
            lifetimes.expiry(now, merged.created_at)
        };
        // Another request may have renewed the session.
        merged.expires_at = Some(match merged.expires_at {
            Some(end) if !renews => end,
            _ => renewed(),
        });
        self.check_size(&merged)?;
        Ok(merged)
    }

    /// Returns `true` if the session goes on under this record: it has not ended and not moved.
    pub(super) fn is_live(&self, record: &Record) -> bool {
        record.sealed.is_none()
            && !record.is_moved()
            && self.options.lifetimes.is_live(self.clock.now(), record)
    }

    /// Signs a handle, unless no cookie could carry it: because of a mistake in the driver, or because the record grew.
    fn issue(&self, handle: String, ttl: Duration, is_remembered: bool) -> Result<Outcome, Error> {
        if !handle
            .bytes()
            .fold(true, |fit, byte| fit & is_cookie_octet(byte))
        {
            return Err(Error::new(ErrorKind::Encode)
                .with_source("the driver's handle is not valid in a cookie"));
        }
        let value = self.keys.sign(handle);
        let size = self.cookie.name().len() + value.len();
        if size > MAX_COOKIE_BYTES {
            return Err(Error::too_large(size, MAX_COOKIE_BYTES));
        }
        Ok(Outcome::Set(Token {
            value,
            ttl,
            is_remembered,
        }))
    }

    /// Notes that what was written is dropped, because the session ended meanwhile.
    pub(super) fn dropped(&self, id: &SessionId, owner: Option<&str>) -> Outcome {
        let dropped = Event::of(EventKind::LateWriteDropped, id, owner);
        self.events.emit(dropped);
        Outcome::Keep
    }

    pub(super) fn ttl(&self, record: &Record) -> Duration {
        record
            .expires_at()
            .unwrap_or_default()
            .since(self.clock.now())
    }

    /// Lets other tasks run for a random number of turns, so that requests that collided do not collide again in step.
    /// There is no timer without a runtime, and the store's round trip is the longer wait anyway.
    pub(super) async fn give_way(&self, begin: Timestamp, attempt: u32) -> Result<(), Error> {
        if self.clock.now().since(begin) > MAX_WAIT {
            return Err(Error::new(ErrorKind::Conflict));
        }
        let mut random = [0];
        // Without randomness all wait equally long, which only costs time.
        let _ = getrandom::fill(&mut random);
        let mut turns = u32::from(random[0]) & ((1 << attempt.min(MAX_PAUSE_BITS)) - 1);
        poll_fn(|cx| {
            if turns == 0 {
                return Poll::Ready(());
            }
            turns -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Ok(())
    }
}

/// RFC 6265, "Syntax": the characters of a cookie's value. Without branches, so that many are checked at a time.
const fn is_cookie_octet(byte: u8) -> bool {
    (byte > b' ')
        & (byte < 0x7f)
        & (byte != b'"')
        & (byte != b',')
        & (byte != b';')
        & (byte != b'\\')
}

/// How often others may be faster. Each time one of them got its change in, so this many requests on one session at once
/// all succeed.
pub(super) const MAX_ATTEMPTS: u32 = 256;
/// How long others may be faster.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// A pause is at most 2⁸ − 1 turns.
const MAX_PAUSE_BITS: u32 = 8;
