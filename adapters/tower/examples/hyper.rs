//! Sessions with hyper alone, without a layer: an echo that counts its visitors' requests.
//! `cargo run -p session-tower --example hyper`.
use hyper::body::Incoming;
use hyper::{Request, Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use session_tower::adapter::spawn_unfinished;
use session_tower::{CookieDriver, CookieOptions, Error, Exchange, Secret, SessionManager};
use tokio::net::TcpListener;

/// The body of the response is the request's, whose type only hyper can create.
async fn echo(
    request: Request<Incoming>,
    exchange: &Exchange,
) -> Result<Response<Incoming>, Error> {
    let session = exchange.session().await?;
    let visits = session.update("visits", 0_u32, |visits| visits + 1)?;
    let mut response = Response::new(request.into_body());
    response.headers_mut().insert("x-visits", visits.into());
    Ok(response)
}

async fn handle(
    manager: SessionManager,
    request: Request<Incoming>,
) -> Result<Response<Incoming>, Error> {
    let exchange = Exchange::new(&manager, request.headers());
    exchange.open().await?;
    // `Session::current` works in it.
    let mut response = exchange.scope(echo(request, &exchange)).await?;
    let headers = response.headers_mut();
    exchange.commit(headers, spawn_unfinished).await?;
    Ok(response)
}

pub(crate) async fn serve(listener: TcpListener, manager: SessionManager) -> std::io::Result<()> {
    loop {
        let io = TokioIo::new(listener.accept().await?.0);
        let manager = manager.clone();
        let service = service_fn(move |request| handle(manager.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(io, service));
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // For a first try on this machine only.
    let cookie = CookieOptions::default().secure(false);
    let manager = SessionManager::builder(CookieDriver, Secret::generate()?).cookie(cookie);
    println!("Try: curl -i -d hello http://127.0.0.1:3000 (random secret, cookie without Secure)");
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    Ok(serve(listener, manager.build()?).await?)
}
