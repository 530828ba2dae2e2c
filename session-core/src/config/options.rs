//! The choices that a session system offers.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::commit::lifetime::Lifetimes;
use crate::http::transport::AUTHORIZATION;
use crate::record::owner;
use crate::{ConfigError, Timestamp, Values};

/// When a session in use gets a new lifetime.
///
/// A session whose record has more than a lifetime left is always due: the clock was stepped back, or the lifetime was
/// shortened. The lifetime in force caps every session the next time it is opened.
///
/// The cookie driver also renews with every write, because a write sends a new cookie in any case.
///
/// Exhaustive: there is no fourth moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// Renews on any request, read or write, once a tenth of the lifetime is spent: "minutes without use" is accurate
    /// to a tenth, and a request that comes sooner costs no write and sends no cookie. The default.
    #[default]
    OnUse,
    /// Renews with every write and never without one, as `@rudderjs/session` does.
    OnWrite,
    /// Renews on every request.
    Always,
}

/// When a visitor gets a session, and with it a cookie.
///
/// Exhaustive: a visitor has a session or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Establish {
    /// Once something is put or flashed, or the id is asked for. Crawlers and anonymous visits cost no storage. The
    /// default.
    #[default]
    OnWrite,
    /// On the first request, as `@rudderjs/session` does.
    Always,
}

/// When the middleware opens the session.
///
/// Exhaustive: before the handler runs, or while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// On every request, before the handler runs. Flash ages with every request. The default.
    #[default]
    Eager,
    /// When the handler takes the session. Other requests neither ask the store nor age flash.
    Lazy,
}

/// What happens to a request when the store does not answer.
///
/// Exhaustive: the request is served or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOutage {
    /// It gets a session that reads as empty and whose writes fail with
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable). The default.
    #[default]
    Serve,
    /// It fails: the middleware answers 503.
    Refuse,
}

/// What happens to a response whose session cannot be saved.
///
/// Exhaustive: a response is sent or replaced, and a logout is the one failure that nobody notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSaveFailure {
    /// The response is sent without a cookie, and the failure is logged. But a logout that could not be carried out is
    /// answered as with [`Refuse`](Self::Refuse), because a page that says goodbye must not be a lie. The default.
    #[default]
    RefuseLogout,
    /// The response is sent without a cookie, and the failure is logged, even for a logout.
    Respond,
    /// The middleware answers with the status of the error instead: 503 if the store failed.
    Refuse,
}

/// Whether headers tell caches that a response belongs to one session.
///
/// Exhaustive: on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caching {
    /// Adds `Vary: Cookie` if the handler took the session, and `Cache-Control: no-store` if the response sets the cookie,
    /// unless the handler chose `private` or `no-store` (OWASP Session Management Cheat Sheet, "Web Content Caching").
    /// The default.
    #[default]
    Headers,
    /// Adds no headers. Something else takes care of caches.
    Off,
}

/// Whether a logout tells the browser to remove what it keeps of the site (W3C Clear Site Data).
///
/// The header covers all of the host, and browsers heed it over HTTPS only. It never names cookies: that would remove those
/// of other applications on the domain, and the one that this response sets.
///
/// Exhaustive: nothing, what is seen, or what is stored too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearSiteData {
    /// Adds no header. The default.
    #[default]
    Off,
    /// Removes cached pages, so that the back button shows none of them: `"cache"`.
    Cache,
    /// Also removes what scripts stored, such as `localStorage` and service workers: `"cache", "storage"`.
    CacheAndStorage,
}

/// What a driver that encrypts does with records that are not encrypted.
///
/// Exhaustive: a driver that encrypts reads plain records or does not, and it writes one of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlainRecords {
    /// They are no sessions. The default.
    #[default]
    Refuse,
    /// They are sessions, and are encrypted when they are next saved. Use it for one lifetime after turning encryption on.
    Accept,
    /// They are sessions, and nothing is encrypted any more, while encrypted records still open. Use it for one lifetime
    /// before turning encryption off, and while servers that do not encrypt yet share the sessions.
    Write,
}

/// Where the token travels between the client and the service.
///
/// A browser keeps cookies automatically. Other clients, such as mobile applications, may prefer a token: they find it in
/// the response header `X-Session-Token` and send it back as `Authorization: Bearer …` (RFC 6750, "Authorization Request
/// Header Field"). An empty token in the response means that the session ended: forget the token. A browser's script sees
/// the response header of another origin only if the service exposes it (`Access-Control-Expose-Headers`).
///
/// Exhaustive: one way, the other, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// In a cookie. A token in a header is ignored. The default.
    #[default]
    Cookie,
    /// In headers. Cookies are ignored, and none is set.
    Header,
    /// Both are accepted. The response's token goes the way that the request's token came. A client without a token gets
    /// both: then a script of the page can read the token, which `HttpOnly` would prevent. Where that matters, give pages
    /// and the API layers of their own.
    Both,
}

/// The names of the headers that carry tokens, in lower case. They live as long as the process, because the
/// types of headers take static names.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct TokenHeaders {
    pub(crate) request: &'static str,
    pub(crate) response: &'static str,
}

impl TokenHeaders {
    pub(crate) fn validate(self) -> Result<(), ConfigError> {
        for name in [self.request, self.response] {
            if !Self::allows(name) {
                return Err(ConfigError::new(
                    "token header",
                    format!("{name:?} cannot carry a token"),
                    OWN_HEADER,
                ));
            }
        }
        Ok(())
    }

    /// Checks a name from a file and makes it static. Each name is leaked once, however often the file is read.
    /// `setting` is the path of the setting.
    pub(crate) fn lasting(setting: &'static str, name: &str) -> Result<&'static str, ConfigError> {
        static LASTING: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        if !Self::allows(name) {
            // The name is not repeated: it may be a secret under a wrong key.
            let problem = "cannot carry a token";
            return Err(ConfigError::new(setting, problem, OWN_HEADER));
        }
        let mut lasting = LASTING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = lasting.get(name) {
            return Ok(name);
        }
        let name: &'static str = Box::leak(name.into());
        lasting.insert(name);
        Ok(name)
    }

    fn allows(name: &str) -> bool {
        let is_valid = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.~!#$%&'*+^`|".contains(&byte)
        };
        !name.is_empty() && name.bytes().all(is_valid) && !TAKEN.contains(&name)
    }
}

impl Default for TokenHeaders {
    fn default() -> Self {
        Self {
            request: AUTHORIZATION,
            response: "x-session-token",
        }
    }
}

const OWN_HEADER: &str = "use the name of a header of your own, in lower case";
/// Headers that mean something else.
const TAKEN: [&str; 6] = [
    "cookie",
    "set-cookie",
    "vary",
    "cache-control",
    "content-length",
    "transfer-encoding",
];

/// Every setting of a session system besides the cookie and the keys.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) lifetimes: Lifetimes,
    /// The data key that holds the session's owner.
    pub(crate) owner_key: Option<Box<str>>,
    /// Whether records say when they were saved and when they got their owner.
    pub(crate) has_stamps: bool,
    /// How many sessions an owner may have.
    pub(crate) sessions_per_owner: Option<usize>,
    /// For how long a regenerated id is known as moved.
    pub(crate) grace: Duration,
    /// The most bytes of JSON that a record may have.
    pub(crate) max_bytes: usize,
    pub(crate) establish: Establish,
    pub(crate) opening: Opening,
    pub(crate) on_outage: OnOutage,
    pub(crate) on_save_failure: OnSaveFailure,
    pub(crate) caching: Caching,
    pub(crate) transport: Transport,
    pub(crate) token_headers: TokenHeaders,
    pub(crate) clear_site_data: ClearSiteData,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lifetimes: Lifetimes::default(),
            owner_key: None,
            has_stamps: false,
            sessions_per_owner: None,
            grace: DEFAULT_GRACE,
            max_bytes: DEFAULT_MAX_BYTES,
            establish: Establish::default(),
            opening: Opening::default(),
            on_outage: OnOutage::default(),
            on_save_failure: OnSaveFailure::default(),
            caching: Caching::default(),
            transport: Transport::default(),
            token_headers: TokenHeaders::default(),
            clear_site_data: ClearSiteData::default(),
        }
    }
}

impl Options {
    pub(crate) fn validate_owners(&self) -> Result<(), ConfigError> {
        let limit = "sessions per owner";
        match (self.owner_key.as_deref(), self.sessions_per_owner) {
            (Some(""), _) => Err(ConfigError::new(
                "owner key",
                "is empty",
                "use the data key that holds the user, such as `user_id`",
            )),
            (None, Some(_)) => Err(ConfigError::new(
                limit,
                "has no owner key",
                "set the owner key too",
            )),
            (_, Some(0)) => Err(ConfigError::new(limit, "is zero", "use at least 1")),
            _ => Ok(()),
        }
    }

    /// Returns when a session that is first saved now begins, if its record is to say so.
    pub(crate) fn begins_at(&self, now: Timestamp) -> Option<Timestamp> {
        (self.has_stamps || self.lifetimes.absolute.is_some()).then_some(now)
    }

    /// Returns the owner of a session with this data.
    pub(crate) fn owner_in(&self, data: &Values) -> Option<Box<str>> {
        owner::read(data.get_raw(self.owner_key.as_deref()?)?)
    }
}

pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(10);
/// 1 MiB.
pub(crate) const DEFAULT_MAX_BYTES: usize = 1 << 20;
