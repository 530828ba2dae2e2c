//! axum with ruts, which keeps its records in moka.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use ruts::store::Ttl;
use ruts::store::moka::{MokaStore, MokaStoreBuilder};
use ruts::{CookieOptions, SessionLayer};

use super::axum::untouched;
use super::status;
use crate::app::{App, Route};
use crate::tower::in_process;
use crate::values;

type Session = ruts::Session<MokaStore>;

/// The routes with signed ids.
pub fn memory() -> impl App {
    let options = CookieOptions::build()
        .name("session")
        .http_only(true)
        .same_site(ruts::cookie::SameSite::Lax)
        .secure(true)
        .max_age(LIFETIME)
        .path("/");
    let layer = SessionLayer::new(Arc::new(MokaStoreBuilder::new().build()))
        .with_cookie_options(options.signing_key(super::key()));
    in_process(move || {
        routes()
            .layer(layer)
            .layer(tower_cookies::CookieManagerLayer::new())
    })
}

fn routes() -> Router {
    routes!(seed, read, write, check)
}

async fn seed(session: Session) -> Result<StatusCode, StatusCode> {
    for (key, value) in values::all() {
        session
            .set(&key, &value, lifetime(), None)
            .await
            .map_err(failed)?;
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
    session
        .set("visits", &visits, lifetime(), None)
        .await
        .map_err(failed)?;
    Ok(StatusCode::OK)
}

async fn check(session: Session) -> Result<StatusCode, StatusCode> {
    let visits = session.get("visits").await.map_err(failed)?;
    Ok(status(values::written(visits)))
}

fn failed(_: ruts::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

fn lifetime() -> Ttl {
    Ttl::new(LIFETIME as i64).expect("it is positive")
}

/// In seconds.
const LIFETIME: u64 = 7_200;
