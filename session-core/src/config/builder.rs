//! Building a manager.

use std::sync::Arc;
use std::time::Duration;

use super::options::{Options, TokenHeaders};
use super::settings::StoreOptions;
use crate::commit::manager::Inner;
use crate::cookie::set_cookie::CookieTemplate;
use crate::events::observer::Events;
use crate::{
    Caching, ClearSiteData, Clock, ConfigError, CookieOptions, Driver, Establish, KeyRing,
    Observer, OnOutage, OnSaveFailure, Opening, Renewal, SessionManager, SystemClock, Transport,
};

impl SessionManager {
    /// Starts building a manager. `keys` is a [`KeyRing`] or a single [`Secret`](crate::Secret).
    pub fn builder(driver: impl Driver, keys: impl Into<KeyRing>) -> Builder {
        Builder {
            driver: Box::new(driver),
            keys: keys.into(),
            cookie: CookieOptions::default(),
            options: Options::default(),
            store: None,
            clock: Box::new(SystemClock),
            events: Events::default(),
        }
    }
}

/// Builds a [`SessionManager`]. Created by [`SessionManager::builder`].
///
/// Every default is safe for production.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use session_core::{CookieOptions, MemoryDriver, Secret, SessionManager};
///
/// let manager = SessionManager::builder(MemoryDriver::new(), Secret::generate()?)
///     .lifetime(Duration::from_secs(30 * 60))
///     .absolute_lifetime(Duration::from_secs(12 * 60 * 60))
///     .cookie(CookieOptions::default().name("__Host-session"))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    driver: Box<dyn Driver>,
    keys: KeyRing,
    cookie: CookieOptions,
    options: Options,
    /// What the driver was made from, if the settings say so.
    store: Option<StoreOptions>,
    clock: Box<dyn Clock>,
    events: Events,
}

impl Builder {
    /// Takes over the settings of a [`SessionConfig`](crate::SessionConfig).
    pub(crate) fn with_options(mut self, options: Options, store: StoreOptions) -> Self {
        self.options = options;
        self.store = Some(store);
        self
    }

    /// Sets the cookie's name and attributes. Default: [`CookieOptions::default`].
    pub fn cookie(mut self, cookie: CookieOptions) -> Self {
        self.cookie = cookie;
        self
    }

    /// Sets how long a session lives without use: the idle timeout. Default: 120 minutes.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.options.lifetimes.idle = lifetime;
        self
    }

    /// Sets how long a session lives at most, however much it is used. Default: no limit.
    ///
    /// It counts from the first save. For a record from before the limit was set, it counts from the next request that
    /// opens the record. The same holds for a record that `@rudderjs/session` saved meanwhile, because it drops the time
    /// at which the session began.
    pub fn absolute_lifetime(mut self, lifetime: Duration) -> Self {
        self.options.lifetimes.absolute = Some(lifetime);
        self
    }

    /// Names the data key that says whose session it is, such as `user_id`, so that a user's sessions can be
    /// [listed](SessionManager::sessions_of) and [ended](SessionManager::revoke_all_of). Default: none.
    ///
    /// The value is a string or a number. A number counts as its text. Storing anything else under the key fails with
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), except `null`, which is no owner.
    ///
    /// In a server-side store, each record then also says when it was created and saved and when it got its owner.
    pub fn owner_key(mut self, key: impl Into<String>) -> Self {
        self.options.owner_key = Some(key.into().into_boxed_str());
        self
    }

    /// Sets how many sessions an owner may have. Default: no limit.
    ///
    /// When one too many gets its owner, at a login, the sessions that got theirs first end. It needs an
    /// [`owner_key`](Self::owner_key) and a driver that lists an owner's sessions. If the store fails at that moment, the
    /// login stands, the failure is logged, and the next login ends what is too much.
    pub fn sessions_per_owner(mut self, limit: usize) -> Self {
        self.options.sessions_per_owner = Some(limit);
        self
    }

    /// Sets when a session in use gets a new lifetime. Default: [`Renewal::OnUse`].
    pub fn renewal(mut self, renewal: Renewal) -> Self {
        self.options.lifetimes.renewal = renewal;
        self
    }

    /// Sets the grace period after [`regenerate`](crate::Session::regenerate): how long the old id is known as moved.
    /// Default: 10 seconds.
    ///
    /// A request that left the browser before a login, and arrives during the grace period, cannot undo it. With zero, the
    /// old record is removed at once, and such a request starts a new session that replaces the login.
    ///
    /// Only a driver that can revoke has a grace period.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// Sets the most bytes that a record may have as JSON, so that one client cannot fill the store. Default: 1 MiB.
    ///
    /// A write that would exceed it fails with [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge). A driver with a
    /// smaller [`Capacity`](crate::Capacity), such as the cookie driver, keeps its own limit. The largest possible
    /// value is 1 GiB.
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.options.max_bytes = max_bytes;
        self
    }

    /// Sets when a visitor gets a session. Default: [`Establish::OnWrite`].
    pub fn establish(mut self, establish: Establish) -> Self {
        self.options.establish = establish;
        self
    }

    /// Sets when middleware opens the session. Default: [`Opening::Eager`].
    pub fn opening(mut self, opening: Opening) -> Self {
        self.options.opening = opening;
        self
    }

    /// Sets what happens to a request when the store does not answer. Default: [`OnOutage::Serve`].
    pub fn on_outage(mut self, on_outage: OnOutage) -> Self {
        self.options.on_outage = on_outage;
        self
    }

    /// Sets what happens to a response whose session cannot be saved. Default: [`OnSaveFailure::RefuseLogout`].
    pub fn on_save_failure(mut self, on_save_failure: OnSaveFailure) -> Self {
        self.options.on_save_failure = on_save_failure;
        self
    }

    /// Sets where the token travels: in a cookie, in headers, or in both. Default: [`Transport::Cookie`].
    pub fn transport(mut self, transport: Transport) -> Self {
        self.options.transport = transport;
        self
    }

    /// Sets the names of the headers that carry tokens, in lower case: in the request and in the response. Default:
    /// `authorization`, with the scheme `Bearer`, and `x-session-token`. In a request header of your own the token stands
    /// alone.
    pub fn token_headers(mut self, request: &'static str, response: &'static str) -> Self {
        self.options.token_headers = TokenHeaders { request, response };
        self
    }

    /// Sets the caching headers of responses. Default: [`Caching::Headers`].
    pub fn caching(mut self, caching: Caching) -> Self {
        self.options.caching = caching;
        self
    }

    /// Sets what a logout tells the browser to remove besides the cookie. Default: [`ClearSiteData::Off`].
    pub fn clear_site_data(mut self, clear_site_data: ClearSiteData) -> Self {
        self.options.clear_site_data = clear_site_data;
        self
    }

    /// Sets whether records without an expiry are accepted and given one. Default: `false`.
    ///
    /// Turn it on for one lifetime after moving from `@rudderjs/session` 1.x, whose cookies have no `exp`.
    ///
    /// # Security
    ///
    /// While it is on, such a cookie is valid forever, even for someone who copied it.
    pub fn accept_without_expiry(mut self, accept: bool) -> Self {
        self.options.lifetimes.accept_without_expiry = accept;
        self
    }

    /// Sets where time comes from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Sets what gets every event of the sessions, for metrics or an audit trail: a function, or an [`Observer`].
    /// Default: none.
    ///
    /// A second call replaces the first observer.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.events = Events::to(observer);
        self
    }

    /// Checks the settings, alone and together, and builds the manager.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] that names the setting: an invalid cookie ([`CookieOptions::validate`]), a lifetime of
    /// zero, an absolute lifetime shorter than the lifetime, an empty owner key, or a limit of sessions per owner that is
    /// zero or has no owner key.
    pub fn build(self) -> Result<SessionManager, ConfigError> {
        self.options.lifetimes.validate()?;
        self.options.validate_owners()?;
        self.options.token_headers.validate()?;
        let cookie = CookieTemplate::new(self.cookie)?;
        let Self {
            driver,
            keys,
            mut options,
            store,
            clock,
            events,
            ..
        } = self;
        // Nobody could list what is in the clients' cookies.
        options.has_stamps = options.owner_key.is_some() && driver.can_revoke();
        Ok(SessionManager(Arc::new(Inner {
            driver,
            keys,
            cookie,
            options,
            store,
            clock,
            events,
        })))
    }
}
