//! Routes for what no playground needs.
//!
//! Each adapter serves them below `/lab`, inside the manager's middleware unless noted:
//!
//! | Route | Does |
//! |---|---|
//! | `GET /lab/reply` | sends the [`reply`] that the request asks for, without taking the session |
//! | `POST /lab/reply` | puts `true` under `replied`, then sends the [`reply`] |
//! | `GET /lab/stream` | [introduces](introduce) the visitor; the body is [`observations`] |
//! | `GET /lab/endless` | the same, but the body never ends |
//! | `GET /lab/socket` | [introduces](introduce) the visitor and upgrades to a WebSocket, which sends one [`observe`] |
//! | `GET /lab/twice` | [counts](count); inside the middleware twice, with the same manager |
//! | `GET /lab/current` | [counts](count) in [`Session::current`], yields, and sends `visits` from [`Session::current`] |
//! | `GET /lab/extractors` | takes the session twice and [uses](use_all) it as one, together with [`Session::current`] |
//! | `PUT /lab/json` | takes the session, then the body with the framework's JSON extractor; 204 |
//! | `GET /lab/misuse` | fails with the session's error in [`misuse`] |
//! | `POST /lab/refuse` | [writes](write) and fails with a framework error that nobody handles |
//! | `POST /lab/recover` | [writes](write) and fails with an application error; the error handler sends 418 and [`RECOVERED`] |
//! | `GET /lab/panic` | [writes](write) and panics with [`PANIC`] |
//! | `GET /lab/stall` | [writes](write) and never answers |
//! | `GET /lab/outside` | is outside the middleware; 200 |
//! | `GET /lab/missing` | is outside the middleware, but takes the session |

use std::io;
use std::task::Poll;

use futures_util::stream::{self, Stream};
use http::{HeaderMap, HeaderName, Response};
use session_core::{Error, Session};

/// What the application's error handler sends.
pub(crate) const RECOVERED: &str = "recovered by the application";
/// The message of the panic that a handler raises.
pub(crate) const PANIC: &str = "a handler panics on purpose";
/// A request header that names a line of the [`reply`]: `name: value`, or `status: 404`.
pub(crate) const REPLY: &str = "reply";

/// A request header that marks the request as background, by the middleware's rule.
pub(crate) const BACKGROUND: &str = "x-background";

/// Builds the response that the request's [`REPLY`] headers describe.
pub(crate) fn reply(request: &HeaderMap) -> Response<String> {
    let mut response = Response::new("a reply".to_owned());
    for line in request.get_all(REPLY) {
        let (name, value) = line.to_str().unwrap().split_once(": ").unwrap();
        if name == "status" {
            *response.status_mut() = value.parse().unwrap();
        } else {
            let name: HeaderName = name.parse().unwrap();
            response.headers_mut().append(name, value.parse().unwrap());
        }
    }
    response
}

/// Puts `"Ada"` under `name`, unless the visitor has a name.
pub(crate) fn introduce(session: &Session) -> Result<(), Error> {
    if !session.has("name") {
        session.put("name", "Ada")?;
    }
    Ok(())
}

/// Describes what the session holds and what happens to a write, as `n: name, result`.
pub(crate) fn observe(session: &Session, n: u32) -> String {
    let name: Option<String> = session.get("name").ok().flatten();
    let written = session.put("late", n).map_err(|error| error.kind());
    format!("{n}: {name:?}, {written:?}\n")
}

/// Observes the session three times, each time when the client is ready for more, then ends or waits forever.
pub(crate) fn observations(
    session: Session,
    is_endless: bool,
) -> impl Stream<Item = io::Result<String>> + Send + Sync + 'static {
    let mut n = 0;
    stream::poll_fn(move |_| {
        n += 1;
        match n {
            1..=3 => Poll::Ready(Some(Ok(observe(&session, n)))),
            _ if is_endless => Poll::Pending,
            _ => Poll::Ready(None),
        }
    })
}

/// Increments `visits` and returns the new value.
pub(crate) fn count(session: &Session) -> Result<String, Error> {
    let visits = session.update("visits", 0_u64, |visits| visits + 1)?;
    Ok(visits.to_string())
}

pub(crate) fn visits(session: &Session) -> Result<String, Error> {
    Ok(session.get_or("visits", 0_u64)?.to_string())
}

/// Puts one value through each handle and returns what the last one sees.
pub(crate) fn use_all(one: &Session, two: &Session, current: &Session) -> Result<String, Error> {
    one.put("one", 1)?;
    two.put("two", 2)?;
    current.put("current", 3)?;
    Ok(two.all().to_json())
}

/// Puts `true` under `key` and regenerates the session.
pub(crate) fn write(session: &Session, key: &str) -> Result<(), Error> {
    session.put(key, true)?;
    session.regenerate()
}

/// Stores more than a cookie can hold, and reads a text as a number.
pub(crate) fn misuse(session: &Session) -> Result<String, Error> {
    session.put("secret-key", "text")?;
    session.put("large", "x".repeat(5_000))?;
    Ok(session.get_or("secret-key", 0)?.to_string())
}
