//! Requests through `SessionLayer`, around a service that only uses its session.

use std::convert::Infallible;

use http::header::COOKIE;
use http::{HeaderValue, Request, Response};
use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::{Opening, Secret, Session, SessionManager};
use session_tower::SessionLayer;
use tower::{Layer, Service, service_fn};

use crate::cases::Case;
use crate::requests::{forged, manager, token};
use crate::session::{SECRET, SESSION};

/// Returns a case for each path of a request through a middleware.
#[must_use]
pub fn cases() -> Vec<Case> {
    vec![
        Case::new("tower: untouched", || {
            through(manager(CookieDriver), Cookie::None, untouched)
        }),
        Case::new("tower: untouched, with a cookie", || {
            through(manager(CookieDriver), Cookie::Signed, untouched)
        }),
        Case::new("tower: untouched, with a cookie, lazily", || {
            through(lazily(), Cookie::Signed, untouched)
        }),
        Case::new("tower: read", || {
            through(manager(CookieDriver), Cookie::Signed, read)
        }),
        Case::new("tower: read + write", || {
            through(manager(CookieDriver), Cookie::Signed, read_write)
        }),
        Case::new("tower: bad signature", || {
            through(manager(CookieDriver), Cookie::Forged, nothing_to_read)
        }),
    ]
}

/// The token that a request carries.
#[derive(Clone, Copy, Debug)]
enum Cookie {
    None,
    Signed,
    Forged,
}

/// Returns a case that sends requests to this handler.
fn through(manager: SessionManager, cookie: Cookie, handler: fn()) -> impl FnMut(usize) {
    let token = token(&manager, SESSION).as_str().to_owned();
    let cookie = match cookie {
        Cookie::None => None,
        Cookie::Signed => Some(format!("session={token}")),
        Cookie::Forged => Some(format!("session={}", forged(&token))),
    };
    let cookie = cookie.map(|cookie| HeaderValue::try_from(cookie).expect("it is a header"));
    let mut service =
        SessionLayer::new(manager).layer(service_fn(move |_: Request<()>| async move {
            handler();
            Ok::<_, Infallible>(Response::new(()))
        }));
    move |times| {
        for _ in 0..times {
            let mut request = Request::new(());
            if let Some(cookie) = &cookie {
                request.headers_mut().insert(COOKIE, cookie.clone());
            }
            let Ok(response) = block_on(service.call(request));
            assert!(response.status().is_success());
        }
    }
}

fn untouched() {}

fn read() {
    assert_eq!(user_id(), Some(42));
}

fn nothing_to_read() {
    assert_eq!(user_id(), None);
}

fn read_write() {
    let session = session();
    let visits: u64 = session.get_or("visits", 0).expect("it is a number");
    session.put("visits", visits + 1).expect("it fits");
}

fn user_id() -> Option<u64> {
    session().get("user_id").expect("it is a number")
}

fn session() -> Session {
    Session::current().expect("the layer is there")
}

fn lazily() -> SessionManager {
    let secret = Secret::new(SECRET).expect("it is long enough");
    let manager = SessionManager::builder(CookieDriver, secret).opening(Opening::Lazy);
    manager.build().expect("the defaults are valid")
}
