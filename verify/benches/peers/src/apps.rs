//! The same small application for every framework and library.

/// Builds an axum router from these handlers.
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
pub mod private_jar;
pub mod ruts;
pub mod tower_sessions;
pub mod warp;

use ::axum::http::StatusCode;
use session_axum::{CookieDriver, KeyRing, MemoryDriver, Opening, Secret, SessionManager};
use session_bench::session::SECRET;

/// Returns a manager that keeps sessions in the cookie, with the default settings.
pub fn in_cookie() -> SessionManager {
    SessionManager::builder(CookieDriver, secret())
        .build()
        .expect("the defaults are valid")
}

/// Returns a manager that keeps sessions in the cookie, encrypted.
pub fn in_encrypted_cookie() -> SessionManager {
    let keys = KeyRing::new(secret());
    SessionManager::builder(CookieDriver::encrypted(&keys), keys)
        .build()
        .expect("the defaults are valid")
}

/// Returns a manager that keeps sessions in the cookie, and opens them when a handler asks.
pub fn in_cookie_lazily() -> SessionManager {
    SessionManager::builder(CookieDriver, secret())
        .opening(Opening::Lazy)
        .build()
        .expect("the defaults are valid")
}

/// Returns a manager that keeps sessions in memory, with the default settings.
pub fn in_memory() -> SessionManager {
    SessionManager::builder(MemoryDriver::new(), secret())
        .build()
        .expect("the defaults are valid")
}

pub fn secret() -> Secret {
    Secret::new(SECRET).expect("it is long enough")
}

/// The key for libraries that sign with the `cookie` crate.
fn key() -> tower_cookies::Key {
    tower_cookies::Key::from(SECRET.as_bytes())
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("it is a status")
}
