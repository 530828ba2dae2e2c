//! Runs the playground: `cargo run -p axum-playground`, then open the address that it prints.
//!
//! It reads the settings of [`SessionConfig::from_env`] and `HOST` (127.0.0.1), `PORT` (3000) and `RUST_LOG`
//! (`info,session=debug`).

use std::env::{self, VarError};
use std::error::Error;
use std::process::ExitCode;

use session_axum::{ConfigError, Secret, SessionConfig, SessionLayer};
use tokio::net::TcpListener;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("axum-playground: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let filter = setting("RUST_LOG", "info,session=debug")?;
    let filter: Targets = filter
        .parse()
        .map_err(|error| format!("RUST_LOG: {error}"))?;
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer())
        .with(filter)
        .init();

    let config = config()?;
    let layer = SessionLayer::from_config(&config).await?;
    let (host, port) = (setting("HOST", "127.0.0.1")?, setting("PORT", "3000")?);
    let listener = TcpListener::bind(format!("{host}:{port}"))
        .await
        .map_err(|error| format!("cannot listen on {host}:{port} (HOST, PORT): {error}"))?;
    println!(
        "axum-playground: http://{} with the {} driver",
        listener.local_addr()?,
        config.driver()
    );
    let app = axum_playground::app(layer, config.driver());
    axum::serve(listener, app)
        .with_graceful_shutdown(interrupted())
        .await?;
    Ok(())
}

fn setting(name: &str, default: &str) -> Result<String, String> {
    match env::var(name) {
        Ok(value) => Ok(value),
        Err(VarError::NotPresent) => Ok(default.to_owned()),
        Err(VarError::NotUnicode(_)) => Err(format!("{name}: is not UTF-8; set it anew")),
    }
}

/// The environment, with what a playground on loopback may do without.
fn config() -> Result<SessionConfig, Box<dyn Error>> {
    let is_unset = |name: &str| env::var_os(name).is_none();
    let has_app_key = env::var_os("APP_KEY").is_some_and(|key| !key.is_empty());
    let random = if is_unset("SESSION_SECRET") && !has_app_key {
        println!(
            "axum-playground: SESSION_SECRET is unset: a random one, so sessions end with this process"
        );
        Some(String::from_utf8(Secret::generate()?.expose().to_vec())?)
    } else {
        None
    };
    if is_unset("SESSION_SECURE") {
        println!("axum-playground: SESSION_SECURE is unset: off, because this speaks plain HTTP");
    }
    let config: Result<_, ConfigError> = SessionConfig::from_vars(|name| match name {
        "SESSION_SECRET" if random.is_some() => random.clone().map(Into::into),
        "SESSION_SECURE" if is_unset(name) => Some("false".into()),
        _ => env::var_os(name),
    });
    Ok(config?)
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // No signals to wait for: run until killed.
        std::future::pending::<()>().await;
    }
}
