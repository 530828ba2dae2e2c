//! The routes beside the playground's: what a framework does around a session that no playground needs.
//!
//! Each adapter has them below `/lab`, written as its framework is used, with the middleware of the same manager
//! around them unless it says otherwise:
//!
//! | Route | Does |
//! |---|---|
//! | `GET /lab/cookies` | puts `true` under `cookies`; the response sets the cookies [`FOREIGN`] and, by hand, [`OWN`] |
//! | `GET /lab/caching` | puts `true` under `caching`; the response brings [`CACHE_CONTROL`] and [`VARY`] |
//! | `GET /lab/stream` | puts `"Ada"` under `name`; the body is [`chunk`] 1 to 3, each made when it is its turn |
//! | `GET /lab/twice` | [`count`]s; the middleware is around it twice, both of the same manager |
//! | `GET /lab/current` | [`count`]s the session of the running task, which the handler does not take |
//! | `PUT /lab/json` | takes the session, then the body as JSON by the framework's own means; 204 |
//! | `POST /lab/refuse` | puts `true` under `refused`, then fails by an error of the framework that nobody handles |
//! | `POST /lab/recover` | puts `true` under `recovered`, then fails by an error of the application's own, which its error handler answers with 418 and [`RECOVERED`] |
//! | `GET /lab/panic` | puts `true` under `panicked`, then panics with [`PANIC`] |
//! | `GET /lab/outside` | no middleware is around it; 200 |
//! | `GET /lab/missing` | no middleware is around it, and its handler takes the session |

use session_core::{Error, Session};

/// Set-Cookie lines of a handler's own, in their order.
pub const FOREIGN: [&str; 3] = ["theme=dark; Path=/", "lang=en", "sessions=other; HttpOnly"];
/// A Set-Cookie line of the session's name, which a handler should not send.
pub const OWN: &str = "session=by-hand; Path=/";
/// What a handler says to caches.
pub const CACHE_CONTROL: &str = "private, max-age=60";
/// What a handler says that its response depends on.
pub const VARY: &str = "Accept-Language";
/// What an application's error handler answers.
pub const RECOVERED: &str = "recovered by the application";
/// What a panic says.
pub const PANIC: &str = "on purpose: a handler that panics";

/// Raises `visits` and returns it as text.
///
/// # Errors
///
/// As the session's verbs.
pub fn count(session: &Session) -> Result<String, Error> {
    let visits = session.update("visits", 0_u64, |visits| visits + 1)?;
    Ok(visits.to_string())
}

/// A part of a body: a line with what the session holds by then, and what becomes of a write to it.
#[must_use]
pub fn chunk(session: &Session, n: u32) -> String {
    let name: Option<String> = session.get("name").ok().flatten();
    let written = session.put("late", n).map_err(|error| error.kind());
    format!("{n} {name:?} {written:?}\n")
}
