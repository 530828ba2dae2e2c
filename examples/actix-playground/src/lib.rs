//! The playground's routes: a page for people, and an API with a route for every verb of a session.

mod api;
mod page;

use actix_web::Route;
use actix_web::dev::HttpServiceFactory;
use actix_web::guard::{Any, Get, Head};
use actix_web::web::{self, Data, delete, post, put, resource, route};
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
        .service(resource("/").route(read().to(page::show)))
        .service(resource("/name").route(post().to(page::name)))
        .service(resource("/flash").route(post().to(page::flash)))
        .service(resource("/login").route(post().to(page::login)))
        .service(resource("/logout").route(post().to(page::logout)))
        .service(resource("/devices").route(post().to(page::end_device)))
        .service(
            resource("/api/session")
                .route(read().to(api::show))
                .route(delete().to(api::flush)),
        )
        .service(
            resource("/api/session/{key}")
                .route(read().to(api::get))
                .route(put().to(api::put))
                .route(delete().to(api::forget)),
        )
        .service(resource("/api/session/{key}/pull").route(post().to(api::pull)))
        .service(resource("/api/flash/{key}").route(put().to(api::flash)))
        .service(resource("/api/reflash").route(post().to(api::reflash)))
        .service(resource("/api/keep").route(post().to(api::keep)))
        .service(resource("/api/regenerate").route(post().to(api::regenerate)))
        .service(resource("/api/destroy").route(post().to(api::destroy)))
        .service(resource("/api/untouched").route(read().to(api::untouched)))
        .service(resource("/api/fail/{key}").route(post().to(api::fail)))
        .service(resource("/api/slow/{key}").route(put().to(api::slow)))
        .service(resource("/api/sessions").route(read().to(api::list_devices)))
        .service(resource("/api/sessions/{key}").route(delete().to(api::end_device)))
        .service(resource("/api/remember").route(post().to(api::remember)))
        .service(resource("/api/forget-me").route(post().to(api::forget_me)))
        .service(resource("/api/background").route(read().to(api::show_in_background)))
        .service(resource("/api/background/{key}").route(put().to(api::put_in_background)))
        .service(resource("/api/peek").route(read().to(api::peek)))
        .service(resource("/api/stream").route(read().to(api::stream_events)))
        .wrap(middleware)
}

/// A route for GET, and for HEAD, which actix-web does not add.
fn read() -> Route {
    route().guard(Any(Get()).or(Head()))
}
