//! A small shop: the application that the cookbook of the guide explains, one file for each recipe.

mod account;
mod admin;
mod cart;
mod devices;
mod forms;
mod order;
mod page;
mod passwords;
mod user;
mod users;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use session_axum::{Builder, CookieOptions, OnOutage, SessionLayer, SessionManager};
use tower_http::csrf::CsrfLayer;

use crate::passwords::Passwords;
use crate::users::Users;

/// What all handlers share.
#[derive(Clone)]
struct App {
    users: Arc<Users>,
    passwords: Arc<Passwords>,
}

/// Adds what this application needs to settings from the environment, or from a test.
pub fn sessions(builder: Builder, cookie: CookieOptions) -> Builder {
    builder
        // The sessions of a user can be listed and ended.
        .owner_key(user::USER.name())
        // The cookie ends with the browser, unless the user wants to be remembered.
        .cookie(cookie.persistent(false))
        .absolute_lifetime(Duration::from_secs(90 * 24 * 60 * 60))
        // Without its store, the shop would show everybody as logged out.
        .on_outage(OnOutage::Refuse)
}

/// What a page fetches in the background does not keep a session alive, and leaves flash for pages.
fn layer(sessions: SessionManager) -> SessionLayer {
    SessionLayer::new(sessions).background(|request| request.uri.path().starts_with("/background/"))
}

/// Creates the application.
pub fn app(sessions: SessionManager) -> Router {
    let app = App {
        users: Arc::default(),
        passwords: Arc::default(),
    };
    Router::new()
        .route("/", get(cart::products))
        .route("/cart", get(cart::show).post(cart::add))
        .route("/cart/items", post(cart::add_item))
        .route("/order", get(order::show).post(order::place))
        .route("/background/order", get(order::progress))
        .route("/signup", get(account::signup_form).post(account::sign_up))
        .route("/login", get(account::login_form).post(account::log_in))
        .route("/logout", post(account::log_out))
        .route("/devices", get(devices::list).post(devices::end))
        .route("/devices/others", post(devices::end_others))
        .route("/confirm", get(admin::confirm_form).post(admin::confirm))
        .route("/admin", get(admin::show).post(admin::end_sessions))
        .route_layer(layer(sessions))
        .route("/shop.css", get(stylesheet))
        .layer(CsrfLayer::new())
        .with_state(app)
}

async fn stylesheet() -> impl axum::response::IntoResponse {
    ([(CONTENT_TYPE, "text/css")], include_str!("shop.css"))
}
