//! Counts the visits of each browser: `cargo run -p session-tower --example counter`.
use hyper::{Request, Response, body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use session_tower::{CookieDriver, CookieOptions, Error, Secret};
use session_tower::{Session, SessionLayer, SessionManager};
use tower::{Layer, service_fn};

async fn visits(request: Request<Incoming>) -> Result<Response<String>, Error> {
    if request.uri().path() != "/" {
        return Ok(Response::new("The counter is at /.\n".to_owned()));
    }
    let visits = Session::current()?.update("visits", 0, |visits| visits + 1)?;
    Ok(Response::new(format!("This is visit number {visits}.\n")))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // For a first try on this machine only. A service uses `SessionLayer::from_env`.
    let cookie = CookieOptions::default().secure(false);
    let manager = SessionManager::builder(CookieDriver, Secret::generate()?).cookie(cookie);
    let layer = SessionLayer::new(manager.build()?);
    println!("Open http://127.0.0.1:3000 (random secret, cookie without Secure)");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    loop {
        let io = TokioIo::new(listener.accept().await?.0);
        let service = TowerToHyperService::new(layer.layer(service_fn(visits)));
        tokio::spawn(http1::Builder::new().serve_connection(io, service));
    }
}
