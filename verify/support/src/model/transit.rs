//! Requests and responses on their way between browsers and the service, and the promise that no
//! late response undoes a login.
//!
//! A browser sends up to six requests at once. They arrive in any order, and so do the responses,
//! of which some are lost. Once the response of a login has arrived, no response to a request that
//! was sent before changes who the browser is. [`Excuse`] lists all the exceptions.

use super::backend::{Backend, Storage};
use super::clients::{Issued, Sent};
use super::effect::Effect;
use super::play::{OpenRequest, Play};

/// A request that a browser sent.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) client: usize,
    pub(crate) cookies: Vec<Sent>,
    /// The handle in the browser's own cookie.
    pub(crate) own: Option<String>,
    /// When it was sent: the number of the event.
    pub(crate) sent_at: usize,
    /// The number of the login that its handler does. Both requests of a double click have the same.
    pub(crate) login: Option<usize>,
}

/// What a request's own cookie meant to the release that it reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The browser had no cookie.
    Without,
    /// Cookies that are not the browser's came along, and may have hidden its own.
    Foreign,
    /// The release does not know the secret that signed it: during a rollout, or after it was retired.
    Unverified,
    /// The session had ended, or it had moved and the grace period was over.
    Ended,
    /// The session goes on under another id.
    Moved,
    /// The session was there.
    Live,
}

/// A response on its way to its browser.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    mail: Mail,
    arrival: Arrival,
    effect: Effect,
    /// The cookie that it sets or, if `Some(None)`, removes.
    cookie: Option<Option<Issued>>,
    /// Who is logged in, if its session was stored under a new id.
    user: Option<String>,
    /// When its commit ended: the number of the event.
    committed_at: usize,
    /// Whether the session of the request's own cookie had moved before that.
    has_moved: bool,
    /// Whether the request itself had moved it, by a save by hand.
    has_left: bool,
}

/// The login that decides who the browser is.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    handle: String,
    number: Option<usize>,
    user: Option<String>,
    sent_at: usize,
    committed_at: usize,
    /// When its response arrived: the number of the event.
    arrived_at: usize,
}

/// Why a late response may change who the browser is. There is one more exception, which is not
/// checked at all: records that live in cookies. Every write sends the whole session there, and the
/// browser keeps what arrives last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excuse {
    /// The late request logged in or out itself. Its browser may never have seen the other answer.
    Choice,
    /// It came without the cookie of a session that the service knew, and began one.
    NoSession,
    /// It renewed the old id before the login was committed, so the service could not know better.
    /// With [`Renewal::OnUse`](session_core::Renewal::OnUse) that takes a session that is due or signed with an old secret.
    Renewal,
    /// It came with another cookie than the browser's own.
    Foreign,
    /// It belongs to another session, which the browser had before: not the one that logged in. The
    /// login did not move that session.
    OtherSession,
    /// Other software wrote over the record that said that the session had moved. That brought the
    /// old session back to life.
    Revived,
}

impl<S: Backend> Play<'_, S> {
    /// Sends a request, which is sometimes a login, and sometimes the same login twice.
    pub(super) async fn send(&mut self) {
        let idle: Vec<usize> = (0..self.clients.len())
            .filter(|client| self.under_way(*client) < MOST_AT_ONCE)
            .collect();
        if idle.is_empty() {
            return;
        }
        let client = self.choices.pick(&idle);
        let browser = &self.clients[client];
        let own = browser.cookie.as_ref().map(|cookie| cookie.handle.clone());
        let cookies = browser.sends(&self.issued, &mut self.choices);
        let is_login = self.choices.one_in(8);
        self.logins += usize::from(is_login);
        let fits = self.under_way(client) + 2 <= MOST_AT_ONCE;
        let is_double = is_login && fits && self.choices.one_in(2);
        self.counts.double_clicks += usize::from(is_double);
        for _ in 0..=usize::from(is_double) {
            let mail = Mail {
                client,
                cookies: cookies.clone(),
                own: own.clone(),
                sent_at: self.tick(),
                login: is_login.then_some(self.logins),
            };
            if self.choices.one_in(3) {
                self.trace(|| format!("sent by {client}, on its way: {mail:?}"));
                self.mails.push(mail);
            } else {
                self.open(mail).await;
            }
        }
    }

    /// Lets one of the requests arrive.
    pub(super) async fn arrive(&mut self) {
        if !self.mails.is_empty() {
            let n = self.choices.below(self.mails.len());
            let mail = self.mails.swap_remove(n);
            self.open(mail).await;
        }
    }

    /// Returns how many requests of a client have no answer yet.
    fn under_way(&self, client: usize) -> usize {
        let is_its = |mail: &&Mail| mail.client == client;
        let sent = self.mails.iter().filter(is_its).count();
        let open = self.open.iter().map(|open| &open.mail);
        let answered = self.responses.iter().map(|response| &response.mail);
        sent + open.filter(is_its).count() + answered.filter(is_its).count()
    }

    /// Returns what the browser's own cookie means to a release.
    pub(super) fn arrival(&self, release: usize, mail: &Mail) -> Arrival {
        let release = &self.releases[release];
        let is_foreign = |sent: &&Sent| match &sent.issued {
            Some(issued) => Some(&issued.handle) != mail.own.as_ref(),
            None => false,
        };
        let is_own = |sent: &&Sent| sent.issued.is_some();
        if mail.cookies.iter().any(|sent| is_foreign(&sent)) || mail.cookies.len() > MOST_TRIED {
            return Arrival::Foreign;
        }
        let Some(own) = mail.cookies.iter().find(is_own) else {
            return Arrival::Without;
        };
        if release.key(own).is_none() {
            return Arrival::Unverified;
        }
        let now = self.now();
        let handle = mail.own.as_deref().unwrap_or_default();
        match self.world.live(handle, now) {
            Some(stored) if stored.is_moved => Arrival::Moved,
            Some(stored) => {
                let end = release.settings.end(stored.record.created_at);
                if end.is_some_and(|end| end <= now) {
                    Arrival::Ended
                } else {
                    Arrival::Live
                }
            }
            None => Arrival::Ended,
        }
    }

    /// Returns `true` if the session of a browser's own cookie goes on under another id.
    pub(super) fn has_moved(&self, mail: &Mail) -> bool {
        let own = mail.own.as_ref();
        let stored = own.and_then(|own| self.world.live(own, self.now()));
        stored.is_some_and(|stored| stored.is_moved)
    }

    /// Puts the response of a commit on its way.
    pub(super) fn respond(
        &mut self,
        open: &OpenRequest,
        effect: Effect,
        cookie: Option<Option<Issued>>,
        user: Option<String>,
        has_moved: bool,
    ) {
        let mail = open.mail.clone();
        if let Some(Some(issued)) = &cookie {
            self.issued.push(issued.clone());
            if self.issued.len() > MOST_COOKIES {
                self.issued.remove(0);
            }
            let origin = open.request.origin.as_ref();
            let left = open.request.left.clone();
            let old = match open.arrival {
                // A save by hand has replaced what the request came with.
                Arrival::Foreign if open.request.brings.is_some() => left,
                Arrival::Foreign => origin.map(|origin| origin.handle.clone()),
                Arrival::Live | Arrival::Moved => mail.own.clone(),
                // The login did not find the session, so it did not move it.
                Arrival::Without | Arrival::Unverified | Arrival::Ended => None,
            };
            if let (Effect::Login, Some(old)) = (effect, old) {
                self.came_from.insert(issued.handle.clone(), old);
            }
        }
        let committed_at = self.tick();
        self.responses.push(Response {
            mail,
            arrival: open.arrival,
            effect,
            cookie,
            user,
            committed_at,
            has_moved,
            has_left: open.request.left.is_some(),
        });
    }

    /// Delivers one of the responses, or loses it.
    pub(super) fn deliver(&mut self) {
        if self.responses.is_empty() {
            return;
        }
        let n = self.choices.below(self.responses.len());
        let response = self.responses.swap_remove(n);
        let is_lost = self.choices.one_in(12);
        self.trace(|| {
            format!(
                "{}: {response:?}",
                if is_lost { "lost" } else { "delivered" }
            )
        });
        if !is_lost {
            self.receive(response);
        }
    }

    /// Updates the browser's cookie, after checking that the response may do so.
    fn receive(&mut self, response: Response) {
        let client = response.mail.client;
        let named = |cookie: &Option<Issued>| cookie.as_ref().map(|issued| issued.handle.clone());
        let before = named(&self.clients[client].cookie);
        let after = response.cookie.as_ref().map_or(before.clone(), named);
        let is_changed = before != after;
        self.check_late(&response, is_changed);
        let arrived_at = self.tick();
        let browser = &mut self.clients[client];
        if let Some(cookie) = response.cookie {
            browser.cookie = cookie;
        }
        if is_changed {
            browser.login = None;
        }
        if let (Effect::Login, Some(handle)) = (response.effect, after) {
            self.counts.logins += 1;
            browser.login = Some(Login {
                handle,
                number: response.mail.login,
                user: response.user,
                sent_at: response.mail.sent_at,
                committed_at: response.committed_at,
                arrived_at,
            });
        }
    }

    /// Asserts that a response does not change who the browser is, if its request was sent before
    /// the response of the login arrived.
    fn check_late(&mut self, response: &Response, is_changed: bool) {
        let Some(login) = &self.clients[response.mail.client].login else {
            return;
        };
        let is_late = response.mail.sent_at < login.arrived_at;
        // The exception of records that live in cookies.
        if !is_late || self.world.storage == Storage::Client {
            return;
        }
        let is_second_click = response.mail.login.is_some() && response.mail.login == login.number;
        if is_second_click && response.effect == Effect::Login {
            assert_eq!(
                response.user, login.user,
                "a double click logged in two users"
            );
            self.counts.second_clicks += 1;
        }
        match self.excuse(login, response) {
            None => {
                assert!(
                    !is_changed,
                    "a late response undid a login: {response:?} after {login:?}"
                );
                let is_older = response.mail.sent_at < login.sent_at;
                self.counts.older += usize::from(is_older);
                self.counts.late += 1;
            }
            Some(excuse) if is_changed => {
                self.trace(|| format!("a late response is excused: {excuse:?}"));
                self.counts.excused += 1;
            }
            Some(_) => {}
        }
    }

    /// Returns why a late response may change who the browser is.
    fn excuse(&self, login: &Login, response: &Response) -> Option<Excuse> {
        let own = response.mail.own.as_deref();
        let is_early = response.committed_at < login.committed_at;
        let is_known = matches!(response.arrival, Arrival::Moved | Arrival::Live);
        match (response.arrival, response.effect) {
            (_, Effect::Nothing | Effect::Again { is_renewal: false }) => None,
            (Arrival::Foreign, _) => Some(Excuse::Foreign),
            // The login is out of reach for a logout that comes with the old id. One that sets a cookie
            // called regenerate before, so it has a session of its own, like another login.
            (_, Effect::Logout) if is_known && response.has_moved && !response.has_left => {
                matches!(response.cookie, Some(Some(_))).then_some(Excuse::Choice)
            }
            (_, Effect::Login | Effect::Logout) => Some(Excuse::Choice),
            (_, Effect::Begin) => (!is_known).then_some(Excuse::NoSession),
            (_, Effect::Again { .. }) if is_early => Some(Excuse::Renewal),
            (_, Effect::Again { .. }) if own.is_some_and(|own| self.revived.contains(own)) => {
                Some(Excuse::Revived)
            }
            (_, Effect::Again { .. }) => {
                (!self.leads_to(own, &login.handle)).then_some(Excuse::OtherSession)
            }
        }
    }

    /// Returns `true` if logins led from the session under `own` to the one under `handle`.
    fn leads_to(&self, own: Option<&str>, handle: &str) -> bool {
        let mut handle = Some(handle);
        while let Some(name) = handle {
            if own == Some(name) {
                return true;
            }
            handle = self.came_from.get(name).map(String::as_str);
        }
        false
    }

    /// Returns the number of the next event.
    fn tick(&mut self) -> usize {
        self.events += 1;
        self.events
    }
}

/// How many requests a browser sends at once.
const MOST_AT_ONCE: usize = 6;
/// How many cookies of a request the service tries.
const MOST_TRIED: usize = 8;
/// How many recent cookies may be sent again.
const MOST_COOKIES: usize = 40;
