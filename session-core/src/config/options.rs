//! The choices that a session system offers.

use serde::{Deserialize, Serialize};

use crate::commit::lifetime::Lifetimes;

/// When a session that is only read gets a new lifetime. A session that is written always does.
///
/// Exhaustive: there is no fourth moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// Once half the lifetime is spent: an active user stays logged in, at the price of one write
    /// per half lifetime. The default.
    #[default]
    HalfLife,
    /// Never: only writes renew, as `@rudderjs/session` does.
    OnWrite,
    /// On every request.
    Always,
}

/// When a visitor gets a session, and so a cookie.
///
/// Exhaustive: a visitor has one or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Establish {
    /// When something is put or flashed, or the id is asked for: crawlers and anonymous visits cost no
    /// storage. The default.
    #[default]
    OnWrite,
    /// On the first request, as `@rudderjs/session` does.
    Always,
}

/// When the middleware opens the session. Exhaustive: before the handler, or in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// On every request, before the handler: flash ages with every request. The default.
    #[default]
    Eager,
    /// When the handler takes the session: other requests do not ask the store, and age no flash.
    Lazy,
}

/// What a request gets when the store does not answer its load. Exhaustive: it is served or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOutage {
    /// A session that reads as empty and whose writes are refused with
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable). The default.
    #[default]
    Serve,
    /// An error: the middleware answers 503.
    Refuse,
}

/// What a response becomes when its session cannot be saved. Exhaustive: it is sent or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSaveFailure {
    /// It is sent as it is, without a cookie; the failure is logged. The default.
    #[default]
    Respond,
    /// The middleware answers with the status of the error instead: 503 where the store failed.
    Refuse,
}

/// Which headers tell caches that a response belongs to one session. Exhaustive: on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caching {
    /// `Vary: Cookie` where the session was looked at, and `Cache-Control: no-store` where the cookie is set,
    /// unless the handler chose its own (OWASP Session Management Cheat Sheet, "Web Content Caching").
    /// The default.
    #[default]
    Headers,
    /// None: something else takes care.
    Off,
}

/// Every setting of a session system besides the cookie and the keys.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) lifetimes: Lifetimes,
    pub(crate) establish: Establish,
    pub(crate) opening: Opening,
    pub(crate) on_outage: OnOutage,
    pub(crate) on_save_failure: OnSaveFailure,
    pub(crate) caching: Caching,
}
