//! Counts the visits of each browser: `cargo run -p session-axum --example counter`.
use axum::{Router, routing::get};
use session_axum::{CookieDriver, CookieOptions, Secret, Session};
use session_axum::{SessionLayer, SessionManager, SessionRejection};

async fn visits(session: Session) -> Result<String, SessionRejection> {
    let visits = session.update("visits", 0, |visits| visits + 1)?;
    Ok(format!("This is visit number {visits}.\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // For a first try on this machine only. A service uses `SessionLayer::from_env`.
    let cookie = CookieOptions::default().secure(false);
    let manager = SessionManager::builder(CookieDriver, Secret::generate()?).cookie(cookie);
    let sessions = SessionLayer::new(manager.build()?);
    println!("Open http://127.0.0.1:3000 (random secret, cookie without Secure)");

    let app = Router::new().route("/", get(visits)).route_layer(sessions);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
