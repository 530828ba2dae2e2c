//! axum with tower-sessions: the newest version with its memory store, and the newest version that
//! its other stores support.

/// Defines the application for one version.
macro_rules! app {
    ($module:ident, $tower_sessions:ident) => {
        pub mod $module {
            use axum::Router;
            use axum::http::StatusCode;
            use $tower_sessions::Session;

            use super::super::axum::untouched;
            use super::super::status;
            use crate::app::Route;
            use crate::values;

            /// The routes, without the layer.
            pub fn routes() -> Router {
                routes!(seed, read, write, check)
            }

            async fn seed(session: Session) -> Result<StatusCode, StatusCode> {
                for (key, value) in values::all() {
                    session.insert_value(&key, value).await.map_err(failed)?;
                }
                Ok(StatusCode::OK)
            }

            async fn read(session: Session) -> Result<StatusCode, StatusCode> {
                let user_id = session.get("user_id").await.map_err(failed)?;
                Ok(status(values::found(user_id)))
            }

            async fn write(session: Session) -> Result<StatusCode, StatusCode> {
                let visits: Option<u64> = session.get("visits").await.map_err(failed)?;
                let visits = visits.unwrap_or_default() + 1;
                session.insert("visits", visits).await.map_err(failed)?;
                Ok(StatusCode::OK)
            }

            async fn check(session: Session) -> Result<StatusCode, StatusCode> {
                let visits = session.get("visits").await.map_err(failed)?;
                Ok(status(values::written(visits)))
            }

            fn failed(_: $tower_sessions::session::Error) -> StatusCode {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    };
}

app!(newest, tower_sessions);
app!(with_stores, tower_sessions_014);

use ::axum::Router;
use tower_sessions::{MemoryStore, SessionManagerLayer};
use tower_sessions_cookie_store::CookieSessionManagerLayer;
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::clients::Pool;

use crate::app::App;
use crate::tower::in_process;

/// The routes with the cookie store, signed.
pub fn cookie() -> impl App {
    in_process(cookie_router)
}

/// The application with the cookie store.
pub fn cookie_router() -> Router {
    with_stores::routes().layer(CookieSessionManagerLayer::signed(super::key()))
}

/// The routes with the memory store and signed ids.
pub fn memory() -> impl App {
    in_process(memory_router)
}

/// The application with the memory store.
pub fn memory_router() -> Router {
    let layer = SessionManagerLayer::new(MemoryStore::default()).with_signed(super::key());
    newest::routes().layer(layer)
}

/// The application with a store for a database and signed ids.
pub fn router_with(store: impl tower_sessions_014::SessionStore + Clone) -> Router {
    let layer = tower_sessions_014::SessionManagerLayer::new(store);
    with_stores::routes().layer(layer.with_signed(super::key()))
}

/// The application with the Redis store and signed ids.
pub fn redis_router(pool: Pool) -> Router {
    let layer = tower_sessions_014::SessionManagerLayer::new(RedisStore::new(pool));
    with_stores::routes().layer(layer.with_signed(super::key()))
}
