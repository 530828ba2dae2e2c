//! Counts the visits of each browser: `cargo run -p session-actix --example counter`.
use actix_web::{App, HttpServer, web};
use session_actix::{CookieDriver, CookieOptions, Secret, Session};
use session_actix::{SessionError, SessionManager, SessionMiddleware};

async fn visits(session: Session) -> Result<String, SessionError> {
    let visits = session.update("visits", 0, |visits| visits + 1)?;
    Ok(format!("This is visit number {visits}.\n"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // For a first try on this machine only. A service uses `SessionMiddleware::from_env`.
    let cookie = CookieOptions::default().secure(false);
    let manager = SessionManager::builder(CookieDriver, Secret::generate()?).cookie(cookie);
    let sessions = SessionMiddleware::new(manager.build()?);
    println!("Open http://127.0.0.1:3000 (random secret, cookie without Secure)");

    let sessions = move || App::new().wrap(sessions.clone());
    let app = move || sessions().route("/", web::get().to(visits));
    HttpServer::new(app).bind("127.0.0.1:3000")?.run().await?;
    Ok(())
}
