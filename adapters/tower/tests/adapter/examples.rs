//! The examples of stacks without an adapter of their own.

use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::common::{cookie, memory, values};

#[path = "../../examples/tonic.rs"]
#[allow(dead_code, reason = "the test calls what the program does")]
mod grpc;
#[path = "../../examples/hyper.rs"]
#[allow(dead_code, reason = "the test starts the server itself")]
mod hyper_alone;

#[tokio::test]
async fn a_grpc_session_travels_in_the_metadata() {
    assert_eq!(grpc::call().await.unwrap(), [1, 2, 3]);
}

#[tokio::test]
async fn hyper_alone_has_sessions_and_any_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(hyper_alone::serve(listener, memory()));
    let stream = TcpStream::connect(address).await.unwrap();
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut client, connection) = handshake.unwrap();
    tokio::spawn(connection);
    let mut send = async |cookie: &str| {
        let request = Request::post("/").header("host", "localhost");
        let request = request.header("cookie", cookie);
        let body = Full::new(Bytes::from("hello"));
        client.ready().await.unwrap();
        let sent = client.send_request(request.body(body).unwrap());
        sent.await.unwrap()
    };
    let first = send("").await;
    assert_eq!(values(&first, "x-visits".parse().unwrap()), ["1"]);
    let second = send(&cookie(&first)).await;
    assert_eq!(values(&second, "x-visits".parse().unwrap()), ["2"]);
    let body = second.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "hello");
}
