//! The same small application with every framework and library.

/// An axum router of these handlers.
macro_rules! routes {
    ($seed:ident, $read:ident, $write:ident, $check:ident) => {
        ::axum::Router::new()
            .route(Route::Seed.path(), ::axum::routing::get($seed))
            .route(Route::Untouched.path(), ::axum::routing::get(untouched))
            .route(Route::Read.path(), ::axum::routing::get($read))
            .route(Route::Write.path(), ::axum::routing::get($write))
            .route(Route::Check.path(), ::axum::routing::get($check))
    };
}

pub mod actix;
pub mod axum;
pub mod poem;
pub mod ruts;
pub mod tower_sessions;
pub mod warp;

use ::axum::http::StatusCode;
use session_axum::{CookieDriver, MemoryDriver, Opening, Secret, SessionManager};
use session_bench::session::SECRET;

/// Our sessions in the cookie, with the defaults.
pub fn in_cookie() -> SessionManager {
    SessionManager::builder(CookieDriver, secret())
        .build()
        .expect("the defaults are possible")
}

/// Our sessions in the cookie, opened when a handler takes them.
pub fn in_cookie_lazily() -> SessionManager {
    SessionManager::builder(CookieDriver, secret())
        .opening(Opening::Lazy)
        .build()
        .expect("the defaults are possible")
}

/// Our sessions in memory, with the defaults.
pub fn in_memory() -> SessionManager {
    SessionManager::builder(MemoryDriver::new(), secret())
        .build()
        .expect("the defaults are possible")
}

pub fn secret() -> Secret {
    Secret::new(SECRET).expect("it is long enough")
}

/// The key of those that sign with the crate `cookie`.
fn key() -> tower_cookies::Key {
    tower_cookies::Key::from(SECRET.as_bytes())
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("it is a status")
}
