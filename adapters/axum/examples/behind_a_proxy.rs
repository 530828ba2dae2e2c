//! Behind a reverse proxy that ends TLS, and may fold the Cookie headers of a request into one:
//! `SESSION_SECRET=… cargo run -p session-axum --example behind_a_proxy`.
//!
//! - The proxy must fold with `; ` (RFC 9113, "Compressing the Cookie Header Field"). Cookies that
//!   are joined by commas are not read, because a comma may be part of a value: another site on your
//!   domain could hide a `__Host-` cookie in one of its own. The log says so at the level DEBUG.
//! - The browser speaks HTTPS, so cookies stay `Secure`, and their name can start with `__Host-`.
//! - The proxy must not fold Set-Cookie headers, nor store responses with `Cache-Control: no-store`.
use axum::{Router, routing::get};
use session_axum::{CookieOptions, SessionConfig, SessionLayer};
use session_axum::{Session, SessionManager, SessionRejection};

async fn visits(session: Session) -> Result<String, SessionRejection> {
    let visits = session.update("visits", 0, |visits| visits + 1)?;
    Ok(format!("This is visit number {visits}."))
}

pub(crate) fn app(manager: SessionManager) -> Router {
    let pages = Router::new().route("/", get(visits));
    pages.route_layer(SessionLayer::new(manager))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cookie = CookieOptions::default().name("__Host-session");
    let builder = session_axum::builder(&SessionConfig::from_env()?).await?;
    let app = app(builder.cookie(cookie).build()?);
    // Only the proxy reaches this address.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
