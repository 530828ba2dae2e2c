//! Counts a gRPC client's calls. The session's cookie travels in the metadata of both directions:
//! `cargo run -p session-tower --example tonic`.
use http::uri::PathAndQuery;
use session_tower::{CookieDriver, CookieOptions, Error, Secret};
use session_tower::{Session, SessionLayer, SessionManager};
use tonic::client;
use tonic::transport::{Endpoint, Server, server::TcpIncoming};
use tonic::{Request, Response, Status, server};
use tonic_prost::ProstCodec;
use tower::service_fn;

async fn visits(_: Request<()>) -> Result<Response<u64>, Status> {
    let visits = || Session::current()?.update("visits", 0, |visits| visits + 1);
    let failed = |error: Error| Status::internal(error.to_string());
    Ok(Response::new(visits().map_err(failed)?))
}

/// Starts the server, calls it three times, and returns its answers.
pub(crate) async fn call() -> Result<Vec<u64>, Box<dyn std::error::Error>> {
    let cookie = CookieOptions::default().secure(false);
    let manager = SessionManager::builder(CookieDriver, Secret::generate()?).cookie(cookie);
    let layer = SessionLayer::new(manager.build()?);
    // An application passes the layer to `layer` in the same way, and what tonic generates from its
    // `.proto` to `add_service`.
    let service = service_fn(async |request| {
        let mut grpc = server::Grpc::new(ProstCodec::default());
        Ok::<_, Status>(grpc.unary(service_fn(visits), request).await)
    });
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?;
    let address = format!("http://{}", incoming.local_addr()?);
    let server = Server::builder().layer(layer);
    tokio::spawn(server.serve_with_incoming(service, incoming));

    let channel = Endpoint::try_from(address)?.connect().await?;
    let mut client = client::Grpc::new(channel);
    let (mut cookie, mut answers) = (None::<String>, Vec::new());
    for _ in 0..3 {
        let mut request = Request::new(());
        if let Some(cookie) = &cookie {
            request.metadata_mut().insert("cookie", cookie.parse()?);
        }
        client.ready().await?;
        let (path, codec) = ("/counter.Counter/Visits", ProstCodec::default());
        let path = PathAndQuery::from_static(path);
        let response: Response<u64> = client.unary(request, path, codec).await?;
        if let Some(line) = response.metadata().get("set-cookie") {
            cookie = line.to_str()?.split(';').next().map(str::to_owned);
        }
        answers.push(response.into_inner());
    }
    Ok(answers)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("The server counted {:?}.", call().await?);
    Ok(())
}
