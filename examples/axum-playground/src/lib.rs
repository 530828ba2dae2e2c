//! The playground's routes: a page for people, and an API with a route for every verb of a session.

mod api;
mod page;

use axum::Router;
use axum::routing::{delete, get, post, put};
use playground::page::About;
use session_axum::{DriverName, SessionLayer};

/// Creates the application with the sessions of `layer`.
pub fn app(layer: SessionLayer, driver: DriverName) -> Router {
    let about = About::new(layer.manager(), driver);
    Router::new()
        .route("/", get(page::show))
        .route("/name", post(page::name))
        .route("/flash", post(page::flash))
        .route("/login", post(page::login))
        .route("/logout", post(page::logout))
        .route("/devices", post(page::end_device))
        .route("/api/session", get(api::show).delete(api::flush))
        .route(
            "/api/session/{key}",
            get(api::get).put(api::put).delete(api::forget),
        )
        .route("/api/session/{key}/pull", post(api::pull))
        .route("/api/flash/{key}", put(api::flash))
        .route("/api/reflash", post(api::reflash))
        .route("/api/keep", post(api::keep))
        .route("/api/regenerate", post(api::regenerate))
        .route("/api/destroy", post(api::destroy))
        .route("/api/untouched", get(api::untouched))
        .route("/api/fail/{key}", post(api::fail))
        .route("/api/slow/{key}", put(api::slow))
        .route("/api/sessions", get(api::list_devices))
        .route("/api/sessions/{key}", delete(api::end_device))
        .route("/api/remember", post(api::remember))
        .route("/api/forget-me", post(api::forget_me))
        .route("/api/background", get(api::show_in_background))
        .route("/api/background/{key}", put(api::put_in_background))
        .route("/api/peek", get(api::peek))
        .route("/api/stream", get(api::stream_events))
        .layer(layer)
        .with_state(about)
}
