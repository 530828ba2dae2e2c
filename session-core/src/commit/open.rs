//! Opening the session of a request.

use crate::cookie::key_ring::Verified;
use crate::events::observer::Stopwatch;
use crate::record::owner::Ownership;
use crate::record::tail::Tail;
use crate::session::life::Duties;
use crate::session::state::State;
use crate::{
    Error, Event, EventKind, Immediate, Loaded, OnOutage, Record, Refusal, Session, SessionId,
    SessionManager, Version,
};

impl SessionManager {
    /// Opens the session of a request that came with these tokens: the values of all its cookies that have the
    /// session's name, in order. `None` stands for no cookie.
    ///
    /// The first token that verifies and belongs to a live session wins, so a forged or stale duplicate cannot lock a
    /// user out. At most 8 tokens are tried. If none works, whether forged, expired or unknown, the session is new: that
    /// is not an error, and the client's id is never adopted.
    ///
    /// A request that comes with the id that [`regenerate`](Session::regenerate) replaced gets a session that reads as
    /// empty. Its writes are dropped and it sends no cookie, so that it cannot undo the login, unless it calls
    /// `regenerate` itself. That lasts for the [grace period](crate::Builder::grace).
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store failed and the manager was built
    /// with [`OnOutage::Refuse`]. By default the session opens and reports the outage through
    /// [`Session::is_available`].
    pub async fn open<'a>(
        &self,
        tokens: impl IntoIterator<Item = &'a str>,
    ) -> Result<Session, Error> {
        let driver = self.0.driver();
        if let Some(driver) = driver.immediate() {
            return self.open_now(driver, tokens);
        }
        let mut search = Search::default();
        for token in tokens.into_iter().take(MAX_CANDIDATES) {
            if let Some(verified) = self.verify(token, &mut search) {
                let watch = self.0.events.stopwatch();
                let loaded = driver.load(verified.handle).await;
                if let Some(found) = self.judge(loaded, verified, watch, &mut search) {
                    return found;
                }
            }
        }
        Ok(self.without_record(search))
    }

    /// Does the same with a driver that never waits.
    pub(crate) fn open_now<'a>(
        &self,
        driver: &dyn Immediate,
        tokens: impl IntoIterator<Item = &'a str>,
    ) -> Result<Session, Error> {
        let found = self.first_of(tokens, |verified, search| {
            let watch = self.0.events.stopwatch();
            self.judge(driver.load_now(verified.handle), verified, watch, search)
        });
        found.unwrap_or_else(|search| Ok(self.without_record(search)))
    }

    /// Does the same, but leaves a record in a cookie unread if it is [at rest](Opened::AtRest).
    pub(crate) fn look_now<'a>(
        &self,
        driver: &dyn Immediate,
        tokens: impl IntoIterator<Item = &'a str>,
    ) -> Result<Opened, Error> {
        let found = self.first_of(tokens, |verified, search| {
            let watch = self.0.events.stopwatch();
            let loaded = match driver.json_in(verified.handle) {
                Some(json) if verified.key == 0 && self.is_at_rest(&json) => {
                    return Some(Ok(Opened::AtRest(json)));
                }
                Some(json) => Ok(read(json)),
                None => driver.load_now(verified.handle),
            };
            let found = self.judge(loaded, verified, watch, search)?;
            Some(found.map(Opened::Session))
        });
        found.unwrap_or_else(|search| Ok(Opened::Session(self.without_record(search))))
    }

    /// Returns what `look` finds with the first token that verifies and leads to something.
    fn first_of<'a, T>(
        &self,
        tokens: impl IntoIterator<Item = &'a str>,
        look: impl Fn(Verified<'a>, &mut Search) -> Option<T>,
    ) -> Result<T, Search> {
        let mut search = Search::default();
        for token in tokens.into_iter().take(MAX_CANDIDATES) {
            if let Some(verified) = self.verify(token, &mut search)
                && let Some(found) = look(verified, &mut search)
            {
                return Ok(found);
            }
        }
        Err(search)
    }

    fn is_at_rest(&self, json: &str) -> bool {
        let lifetimes = &self.0.options.lifetimes;
        Tail::read(json).is_some_and(|tail| lifetimes.is_at_rest(self.now(), &tail))
    }

    /// Returns the session of a record at rest, or `None` if the text turns out to be none.
    pub(crate) fn wake(&self, json: String) -> Option<Session> {
        let watch = self.0.events.stopwatch();
        let loaded = read(json)?;
        let record = &loaded.record;
        if record.sealed.is_some() || record.is_moved() {
            return None;
        }
        Some(self.live(loaded, Duties::default(), watch))
    }

    /// Opens the session of a request without a cookie.
    pub(crate) fn guest(&self) -> Session {
        Session::new(State::new(Some(self.clone())))
    }

    fn verify<'a>(&self, token: &'a str, search: &mut Search) -> Option<Verified<'a>> {
        search.has_cookie = true;
        let verified = self.0.keys.verify(token);
        if verified.is_none() {
            self.0.events.invalid(token);
        }
        verified
    }

    /// Returns the session if the search is over.
    fn judge(
        &self,
        loaded: Result<Option<Loaded>, Error>,
        verified: Verified<'_>,
        watch: Stopwatch,
        search: &mut Search,
    ) -> Option<Result<Session, Error>> {
        match loaded {
            Ok(Some(loaded)) => match self.admit(loaded, verified, watch) {
                Admitted::Live(session) => return Some(Ok(session)),
                Admitted::Moved(id) => search.moved = search.moved.take().or(Some(id)),
                Admitted::Expired | Admitted::Unreadable => {}
            },
            Ok(None) => {
                let unknown = Event::new(EventKind::Refused(Refusal::Unknown));
                self.0.events.emit(unknown.after(watch));
            }
            Err(error) => {
                let failed = Event::failed(EventKind::LoadFailed, &error);
                self.0.events.emit(failed.after(watch));
                return Some(match self.0.options.on_outage {
                    OnOutage::Serve => Ok(Session::new(State::unavailable(Some(self.clone())))),
                    OnOutage::Refuse => Err(error),
                });
            }
        }
        None
    }

    /// Returns the session of a request whose tokens open none.
    fn without_record(&self, search: Search) -> Session {
        let manager = self.clone();
        let mut state = match search.moved {
            Some(old) => State::moved(old, manager),
            None => State::new(Some(manager)),
        };
        state.has_cookie = search.has_cookie;
        Session::new(state)
    }

    /// Makes a session of a record, if the record is live.
    fn admit(&self, loaded: Loaded, verified: Verified<'_>, watch: Stopwatch) -> Admitted {
        let event = |kind, owner| {
            let record = &loaded.record;
            let event = Event::of(kind, record.id(), owner).remembering(record.remembered_for);
            self.0.events.emit(event.after(watch));
        };
        let (now, lifetimes) = (self.now(), &self.0.options.lifetimes);
        let record = &loaded.record;
        if record.sealed.is_some() {
            event(EventKind::Refused(Refusal::Sealed), None);
            return Admitted::Unreadable;
        }
        if !lifetimes.is_live(now, record) {
            let owner = self.0.observed_owner(record);
            event(EventKind::Expired, owner.as_deref());
            return Admitted::Expired;
        }
        if record.is_moved() {
            event(EventKind::Moved, None);
            return Admitted::Moved(loaded.record.id);
        }
        let lifetimes = lifetimes.remembering(record.remembered_for);
        let is_due = record
            .expires_at()
            .is_some_and(|end| lifetimes.is_due(now, end, record.created_at()));
        let needs_cookie = verified.key > 0;
        // A copy is made only where it may be needed: most handles are the id.
        let is_needed = is_due || needs_cookie || self.can_revoke();
        let handle = (is_needed && verified.handle != record.id().as_str())
            .then(|| verified.handle.to_owned());
        let duties = Duties {
            is_due,
            needs_cookie,
            handle,
        };
        Admitted::Live(self.live(loaded, duties, watch))
    }

    fn live(&self, loaded: Loaded, duties: Duties, watch: Stopwatch) -> Session {
        let record = &loaded.record;
        let ownership = Ownership::of(record, &self.0.options);
        let owner = ownership.owner.as_deref();
        let found = Event::of(EventKind::Loaded, record.id(), owner);
        let found = found.remembering(record.remembered_for);
        self.0.events.emit(found.after(watch));
        let manager = Some(self.clone());
        Session::new(State::loaded(loaded, duties, ownership, manager))
    }
}

/// Reads the record in a cookie.
fn read(json: String) -> Option<Loaded> {
    let record = Record::from_json(json).ok()?;
    Some(Loaded::new(record, Version::none()))
}

/// The session of a request, or the record that it will be made from if anybody asks for it.
pub(crate) enum Opened {
    Session(Session),
    /// The JSON of a live record, from a cookie that the primary key signed, without flash and not due for renewal: whether
    /// it is read makes a difference to nobody but who asks for the session.
    AtRest(String),
}

/// What the tokens of a request told so far.
#[derive(Default)]
struct Search {
    has_cookie: bool,
    /// The first record that has moved.
    moved: Option<SessionId>,
}

/// What a stored record means to the request that names it.
enum Admitted {
    Live(Session),
    /// The session goes on under another id.
    Moved(SessionId),
    Expired,
    /// The driver did not open the sealed record.
    Unreadable,
}

/// How many cookies with the session's name are tried.
const MAX_CANDIDATES: usize = 8;
