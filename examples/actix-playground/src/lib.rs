//! The playground's routes: a page for people, and an API with a route for every verb of a session.

mod api;
mod page;

use actix_web::dev::HttpServiceFactory;
use actix_web::web::{self, Data, delete, get, post, put};
use playground::page::About;
use session_actix::{DriverName, SessionMiddleware};

/// Creates the application, as a service for an `App`, with the sessions of `middleware`.
#[must_use]
pub fn app(
    middleware: SessionMiddleware,
    driver: DriverName,
) -> impl HttpServiceFactory + use<> + 'static {
    let about = About::new(middleware.manager(), driver);
    web::scope("")
        .app_data(Data::new(about))
        .route("/", get().to(page::show))
        .route("/name", post().to(page::name))
        .route("/flash", post().to(page::flash))
        .route("/login", post().to(page::login))
        .route("/logout", post().to(page::logout))
        .route("/api/session", get().to(api::show))
        .route("/api/session", delete().to(api::flush))
        .route("/api/session/{key}", get().to(api::get))
        .route("/api/session/{key}", put().to(api::put))
        .route("/api/session/{key}", delete().to(api::forget))
        .route("/api/session/{key}/pull", post().to(api::pull))
        .route("/api/flash/{key}", put().to(api::flash))
        .route("/api/reflash", post().to(api::reflash))
        .route("/api/keep", post().to(api::keep))
        .route("/api/regenerate", post().to(api::regenerate))
        .route("/api/destroy", post().to(api::destroy))
        .route("/api/untouched", get().to(api::untouched))
        .route("/api/fail/{key}", post().to(api::fail))
        .route("/api/slow/{key}", put().to(api::slow))
        .wrap(middleware)
}
