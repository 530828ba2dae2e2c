//! Counts a gRPC client's calls. The session's token travels in the metadata of both directions:
//! `cargo run -p session-tower --example tonic`.
use http::uri::PathAndQuery;
use session_tower::{
    CookieDriver, Error, Secret, Session, SessionLayer, SessionManager, Transport,
};
use tonic::client;
use tonic::transport::{Channel, Endpoint, Server, server::TcpIncoming};
use tonic::{Request, Response, Status, server};
use tonic_prost::ProstCodec;
use tower::service_fn;

async fn visits(_: Request<()>) -> Result<Response<u64>, Status> {
    let visits = || Session::current()?.update("visits", 0, |visits| visits + 1);
    let failed = |error: Error| Status::internal(error.to_string());
    Ok(Response::new(visits().map_err(failed)?))
}

/// Serves what tonic would generate from a `.proto`.
fn serve(incoming: TcpIncoming) -> Result<(), Box<dyn std::error::Error>> {
    let manager = SessionManager::builder(CookieDriver, Secret::generate()?)
        // The metadata `authorization: Bearer …` in, and `x-session-token` out.
        .transport(Transport::Header)
        .build()?;
    let service = service_fn(async |request| {
        let mut grpc = server::Grpc::new(ProstCodec::default());
        Ok::<_, Status>(grpc.unary(service_fn(visits), request).await)
    });
    let server = Server::builder().layer(SessionLayer::new(manager));
    tokio::spawn(server.serve_with_incoming(service, incoming));
    Ok(())
}

/// A client that keeps its token.
struct Client {
    grpc: client::Grpc<Channel>,
    token: Option<String>,
}

impl Client {
    async fn visits(&mut self) -> Result<u64, Box<dyn std::error::Error>> {
        let mut request = Request::new(());
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse()?;
            request.metadata_mut().insert("authorization", value);
        }
        self.grpc.ready().await?;
        let (path, codec) = ("/counter.Counter/Visits", ProstCodec::default());
        let path = PathAndQuery::from_static(path);
        let response: Response<u64> = self.grpc.unary(request, path, codec).await?;
        if let Some(token) = response.metadata().get("x-session-token") {
            // An empty token means that the session has ended.
            self.token = Some(token.to_str()?.to_owned()).filter(|token| !token.is_empty());
        }
        Ok(response.into_inner())
    }
}

/// Starts the server, calls it three times, and returns its answers.
pub(crate) async fn call() -> Result<Vec<u64>, Box<dyn std::error::Error>> {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?;
    let address = format!("http://{}", incoming.local_addr()?);
    serve(incoming)?;

    let channel = Endpoint::try_from(address)?.connect().await?;
    let (grpc, token) = (client::Grpc::new(channel), None);
    let mut client = Client { grpc, token };
    Ok(vec![
        client.visits().await?,
        client.visits().await?,
        client.visits().await?,
    ])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("The server counted {:?}.", call().await?);
    Ok(())
}
