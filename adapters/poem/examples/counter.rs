//! Counts the visits of each browser: `cargo run -p session-poem --example counter`.
use poem::{EndpointExt, Route, Server, get, handler, listener::TcpListener};
use session_poem::{CookieDriver, CookieOptions, Secret, Session};
use session_poem::{SessionError, SessionManager, SessionMiddleware};

#[handler]
async fn visits(session: Session) -> Result<String, SessionError> {
    let visits = session.update("visits", 0, |visits| visits + 1)?;
    Ok(format!("This is visit number {visits}.\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // For a first try on this machine only. A service uses `SessionMiddleware::from_env`.
    let cookie = CookieOptions::default().secure(false);
    let manager = SessionManager::builder(CookieDriver, Secret::generate()?).cookie(cookie);
    let sessions = SessionMiddleware::new(manager.build()?);
    println!("Open http://127.0.0.1:3000 (random secret, cookie without Secure)");

    let app = Route::new().at("/", get(visits).with(sessions));
    let listener = TcpListener::bind("127.0.0.1:3000");
    Server::new(listener).run(app).await?;
    Ok(())
}
