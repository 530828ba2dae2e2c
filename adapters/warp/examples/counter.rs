//! Counts the visits of each browser: `cargo run -p session-warp --example counter`.
use session_warp::{CookieDriver, CookieOptions, Opening, Secret};
use session_warp::{Session, SessionManager, SessionRejection, session};
use warp::Filter;

async fn visits(session: Session) -> Result<String, SessionRejection> {
    let visits = session.update("visits", 0, |visits| visits + 1)?;
    Ok(format!("This is visit number {visits}.\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // For a first try on this machine only. A service uses `SessionLayer::from_env`.
    let cookie = CookieOptions::default().secure(false);
    let sessions = SessionManager::builder(CookieDriver, Secret::generate()?)
        .cookie(cookie)
        .opening(Opening::Lazy)
        .build()?;
    println!("Open http://127.0.0.1:3000 (random secret, cookie without Secure)");

    let routes = warp::path::end().and(session()).then(visits);
    let server = session_warp::serve(routes, sessions);
    server.run(([127, 0, 0, 1], 3000)).await?;
    Ok(())
}
