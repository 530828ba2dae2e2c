//! Committing a session: carrying out its plan against the store.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use crate::commit::manager::Inner;
use crate::commit::plan::{Mode, Plan, Write};
use crate::cookie::set_cookie::MAX_COOKIE_BYTES;
use crate::merge::Changes;
use crate::{
    Error, ErrorKind, Expected, Loaded, Outcome, Record, Retired, Saved, Session, SessionId,
    SessionManager, Token, Touched, Version, events,
};

impl SessionManager {
    /// Closes the session and saves it if there is something to save.
    ///
    /// Changes that faster requests saved meanwhile are merged. A session that ended meanwhile stays ended: the write is
    /// dropped, and the outcome is [`Outcome::Keep`]. After the commit the session can still be read, and every write
    /// is an error. Committing again does nothing.
    ///
    /// Drive a commit to its end once it has begun. A commit that is dropped halfway through
    /// [`regenerate`](Session::regenerate) may leave the old record in the store. Adapters take care of this.
    ///
    /// # Errors
    ///
    /// On every error the client keeps its cookie, and the store keeps what it held before, minus the record that was
    /// logged out of in the same request:
    /// - [`ErrorKind::Unavailable`]: the store failed. If only its answer was lost, the save may have happened.
    /// - [`ErrorKind::TooLarge`]: the session exceeds the driver's capacity, perhaps only once merged.
    /// - [`ErrorKind::Conflict`]: other requests were faster 256 times.
    /// - [`ErrorKind::Decode`]: an `update` met a value of another type that was stored meanwhile.
    /// - [`ErrorKind::Random`]: no random id could be generated for a new session.
    pub async fn commit(&self, session: &Session) -> Result<Outcome, Error> {
        let plan = self.plan(session)?;
        self.carry_out(plan).await
    }

    /// Closes the session and decides what to do with it.
    pub(crate) fn plan(&self, session: &Session) -> Result<Plan, Error> {
        let options = &self.0.options;
        session
            .lock()
            .plan(self.now(), &options.lifetimes, options.establish)
            .inspect_err(events::save_failed)
    }

    pub(crate) async fn carry_out(&self, plan: Plan) -> Result<Outcome, Error> {
        self.0.execute(plan).await.inspect_err(events::save_failed)
    }
}

impl Inner {
    async fn execute(&self, plan: Plan) -> Result<Outcome, Error> {
        match plan {
            Plan::Keep => Ok(Outcome::Keep),
            Plan::Reissue { id, handle, ttl } => self.reissue(&id, handle, ttl).await,
            Plan::End(id) => {
                self.destroy(id).await?;
                Ok(Outcome::Clear)
            }
            Plan::Write {
                removing,
                mut write,
            } => {
                // A logout comes first: whatever happens next, it is done.
                self.destroy(removing).await?;
                self.write(&mut write).await
            }
            Plan::Touch { handle, mut write } => self.touch(handle, &mut write).await,
        }
    }

    async fn destroy(&self, id: Option<SessionId>) -> Result<(), Error> {
        if let Some(id) = id {
            self.driver().destroy(&id).await?;
            events::destroyed(&id);
        }
        Ok(())
    }

    /// Gives the client its cookie again. Where another request may have ended the session or given it another
    /// id meanwhile, the store is asked first: this cookie must not overwrite the newer one.
    async fn reissue(
        &self,
        id: &SessionId,
        handle: String,
        ttl: Duration,
    ) -> Result<Outcome, Error> {
        let driver = self.driver();
        if driver.can_revoke() && driver.load(&handle).await?.is_none() {
            return Ok(dropped(id));
        }
        self.issue(handle, ttl)
    }

    async fn touch(&self, handle: String, write: &mut Write) -> Result<Outcome, Error> {
        let (id, ttl) = (write.record.id().clone(), self.ttl(&write.record));
        let outcome = match self.driver().touch(&id, ttl).await? {
            Touched::Done => self.issue(handle, ttl)?,
            Touched::Gone => dropped(&id),
            Touched::MustSave => Box::pin(self.write(write)).await?,
        };
        if outcome != Outcome::Keep {
            events::renewed(&id);
        }
        Ok(outcome)
    }

    // What is written stays where the plan put it: what is passed by value grows each future that awaits it.
    async fn write(&self, write: &mut Write) -> Result<Outcome, Error> {
        let Write {
            record,
            changes,
            mode,
        } = write;
        self.check_size(record)?;
        match mode {
            Mode::Create => {
                let outcome = self.create(record).await?;
                events::created(record.id());
                Ok(outcome)
            }
            Mode::Update(version) => self.update(record, changes, version).await,
            // Boxed, for the rare way is the longest: all others would carry its future too.
            Mode::Regenerate { old, version } => {
                Box::pin(self.regenerate(record, changes, old, version)).await
            }
        }
    }

    async fn create(&self, record: &Record) -> Result<Outcome, Error> {
        let ttl = self.ttl(record);
        match self.driver().save(record, Expected::Absent, ttl).await? {
            Saved::Done { handle } => match self.issue(handle, ttl) {
                Ok(outcome) => Ok(outcome),
                Err(error) => {
                    // Nobody will ever have its cookie. If it cannot be removed, it expires.
                    let _ = self.driver().destroy(record.id()).await;
                    Err(error)
                }
            },
            // Somebody put a record under an id that was just drawn. It is not ours to overwrite.
            Saved::Conflict(_) => Err(Error::new(ErrorKind::Conflict)),
        }
    }

    async fn update(
        &self,
        record: &mut Record,
        changes: &Changes,
        version: &mut Version,
    ) -> Result<Outcome, Error> {
        for attempt in 0..MAX_ATTEMPTS {
            let ttl = self.ttl(record);
            match self
                .driver()
                .save(record, Expected::Version(version), ttl)
                .await?
            {
                Saved::Done { handle } => return self.issue(handle, ttl),
                Saved::Conflict(Some(current)) if self.is_live(&current.record) => {
                    events::conflict(record.id());
                    *record = self.merge(record, changes, &current)?;
                    *version = current.version;
                    pause(attempt).await;
                }
                // Gone, or past its end in a store that keeps what has ended.
                Saved::Conflict(_) => return Ok(dropped(record.id())),
            }
        }
        Err(Error::new(ErrorKind::Conflict))
    }

    /// Stores the record under its new id, then removes the old one if nobody wrote it meanwhile; else joins
    /// what was written and tries again. So no acknowledged write is lost, and at no moment is the session
    /// under neither id.
    async fn regenerate(
        &self,
        record: &mut Record,
        changes: &Changes,
        old: &SessionId,
        version: &mut Version,
    ) -> Result<Outcome, Error> {
        let driver = self.driver();
        for attempt in 0..MAX_ATTEMPTS {
            let outcome = self.create(record).await?;
            if !driver.can_revoke() {
                events::regenerated(record.id());
                return Ok(outcome);
            }
            match driver.retire(old, version).await {
                Ok(Retired::Done) => {
                    events::regenerated(record.id());
                    return Ok(outcome);
                }
                Ok(Retired::Changed(current)) if self.is_live(&current.record) => {
                    events::conflict(old);
                    driver.destroy(record.id()).await?;
                    *record = self.merge(record, changes, &current)?;
                    *version = current.version;
                    pause(attempt).await;
                }
                // It was logged out, or has expired: it must not live on under another id.
                Ok(Retired::Gone | Retired::Changed(_)) => {
                    driver.destroy(record.id()).await?;
                    return Ok(dropped(old));
                }
                Err(error) => {
                    // Whether the old record is gone is unknown; the new one was shown to nobody. If it cannot be
                    // removed either, it expires.
                    let _ = driver.destroy(record.id()).await;
                    return Err(error);
                }
            }
        }
        Err(Error::new(ErrorKind::Conflict))
    }

    fn merge(&self, ours: &Record, changes: &Changes, current: &Loaded) -> Result<Record, Error> {
        let mut merged = changes.onto(current)?;
        merged.id = ours.id.clone();
        merged.created_at = merged.created_at.or(ours.created_at);
        merged.expires_at = Some(
            self.options
                .lifetimes
                .expiry(self.clock.now(), merged.created_at),
        );
        self.check_size(&merged)?;
        Ok(merged)
    }

    fn is_live(&self, record: &Record) -> bool {
        self.options.lifetimes.is_live(self.clock.now(), record)
    }

    fn check_size(&self, record: &Record) -> Result<(), Error> {
        self.budget(self.clock.now(), record.created_at())
            .check_record(record)
    }

    /// Signs a handle, unless no cookie could carry it: a driver's mistake or a record that grew.
    fn issue(&self, handle: String, ttl: Duration) -> Result<Outcome, Error> {
        if !handle
            .bytes()
            .fold(true, |fit, byte| fit & is_cookie_octet(byte))
        {
            return Err(Error::new(ErrorKind::Encode)
                .with_source("the driver's handle does not fit into a cookie"));
        }
        let value = self.keys.sign(handle);
        let size = self.cookie.name().len() + value.len();
        if size > MAX_COOKIE_BYTES {
            return Err(Error::new(ErrorKind::TooLarge {
                size,
                limit: MAX_COOKIE_BYTES,
            }));
        }
        Ok(Outcome::Set(Token { value, ttl }))
    }

    fn ttl(&self, record: &Record) -> Duration {
        record
            .expires_at()
            .unwrap_or_default()
            .since(self.clock.now())
    }
}

/// RFC 6265, "Syntax": what a cookie's value may consist of.
const fn is_cookie_octet(byte: u8) -> bool {
    byte > b' ' && byte < 0x7f && byte != b'"' && byte != b',' && byte != b';' && byte != b'\\'
}

fn dropped(id: &SessionId) -> Outcome {
    events::late_write_dropped(id);
    Outcome::Keep
}

/// Lets other tasks run for a random number of turns, so that requests which collided do not do so again
/// in step. There is no timer without a runtime, and the store's round trip is the longer wait anyway.
async fn pause(attempt: u32) {
    let mut random = [0];
    // Without randomness all wait alike, which costs time only.
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
}

/// How often others may be faster. Each time one of them got its change in, so this many requests on one
/// session at once all do.
const MAX_ATTEMPTS: u32 = 256;
/// A pause is at most 2⁴ − 1 turns.
const MAX_PAUSE_BITS: u32 = 4;
