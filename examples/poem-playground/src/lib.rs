//! The playground's routes: a page for people, and an API with a route for every verb of a session.

mod api;
mod page;

use playground::page::About;
use poem::{Endpoint, EndpointExt, Route, delete, get, post, put};
use session_poem::{DriverName, SessionMiddleware};

/// Creates the application with the sessions of `middleware`.
#[must_use]
pub fn app(middleware: SessionMiddleware, driver: DriverName) -> impl Endpoint + 'static {
    let about = About::new(middleware.manager(), driver);
    Route::new()
        .at("/", get(page::show))
        .at("/name", post(page::name))
        .at("/flash", post(page::flash))
        .at("/login", post(page::login))
        .at("/logout", post(page::logout))
        .at("/devices", post(page::end_device))
        .at("/api/session", get(api::show).delete(api::flush))
        .at(
            "/api/session/:key",
            get(api::get).put(api::put).delete(api::forget),
        )
        .at("/api/session/:key/pull", post(api::pull))
        .at("/api/flash/:key", put(api::flash))
        .at("/api/reflash", post(api::reflash))
        .at("/api/keep", post(api::keep))
        .at("/api/regenerate", post(api::regenerate))
        .at("/api/destroy", post(api::destroy))
        .at("/api/untouched", get(api::untouched))
        .at("/api/fail/:key", post(api::fail))
        .at("/api/slow/:key", put(api::slow))
        .at("/api/sessions", get(api::list_devices))
        .at("/api/sessions/:key", delete(api::end_device))
        .at("/api/remember", post(api::remember))
        .at("/api/forget-me", post(api::forget_me))
        .at("/api/background", get(api::show_in_background))
        .at("/api/background/:key", put(api::put_in_background))
        .at("/api/peek", get(api::peek))
        .at("/api/stream", get(api::stream_events))
        .data(about)
        .with(middleware)
}
