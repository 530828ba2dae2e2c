//! A small application with sessions in an SQLite file, which several processes can share.
//!
//! It reads the environment variables of [`SessionConfig::from_env`], and `SESSION_FILE` (default: `sessions.db`) and `PORT`
//! (default: 3000).

use std::error::Error;
use std::process::ExitCode;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};
use session_axum::{Session, SessionConfig, SessionLayer, SessionRejection};
use sqlite_driver::SqliteDriver;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = serve().await else {
        return ExitCode::SUCCESS;
    };
    eprint!("sqlite-driver: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        eprint!(": {error}");
        source = error.source();
    }
    eprintln!();
    ExitCode::FAILURE
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let driver = SqliteDriver::open(variable("SESSION_FILE", "sessions.db"))?;
    let manager = SessionConfig::from_env()?.builder(driver)?.build()?;
    let app = Router::new()
        .route("/", get(visits))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route_layer(SessionLayer::new(manager));

    let port = variable("PORT", "3000");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn visits(session: Session) -> Result<String, SessionRejection> {
    let visits = session.update("visits", 0, |visits| visits + 1)?;
    let user = session.get_or("user", "a guest".to_owned())?;
    let notice = session.get_flash_or("notice", String::new())?;
    Ok(format!("{notice}visit number {visits} of {user}\n"))
}

async fn login(session: Session) -> Result<Redirect, SessionRejection> {
    session.regenerate()?;
    session.put("user", "Ada")?;
    session.flash("notice", "Welcome! ")?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect, SessionRejection> {
    session.destroy()?;
    Ok(Redirect::to("/"))
}

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}
