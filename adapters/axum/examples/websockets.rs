//! Closes a user's WebSockets when the session ends, also those on other servers.
//!
//! ```sh
//! SESSION_SECRET=… SESSION_SECURE=false cargo run -p session-axum --example websockets --features redis
//! ```
//!
//! A WebSocket outlives its request, so nothing looks at its session again. `RedisDriver::endings`
//! tells each server which sessions have ended, by a logout anywhere or by `revoke_all_of`.

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::{Router, routing::get, routing::post};
use session_axum::{
    Ending, Endings, RedisDriver, Session, SessionConfig, SessionId, SessionLayer, SessionManager,
    SessionRejection,
};
use tokio::sync::broadcast;

#[derive(Clone)]
struct App {
    manager: SessionManager,
    endings: broadcast::Sender<Ending>,
}

fn app(manager: SessionManager, endings: Endings) -> Router {
    let (sender, _) = broadcast::channel(1_024);
    tokio::spawn(pass_on(endings, sender.clone()));
    let app = App {
        manager: manager.clone(),
        endings: sender,
    };
    Router::new()
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
        .route("/socket", get(connect))
        .with_state(app)
        .route_layer(SessionLayer::new(manager))
}

async fn pass_on(mut endings: Endings, sockets: broadcast::Sender<Ending>) {
    while let Some(ending) = endings.next().await {
        // Nobody may be connected.
        let _ = sockets.send(ending);
    }
}

async fn log_in(session: Session) -> Result<StatusCode, SessionRejection> {
    session.regenerate()?;
    session.put("user", "ada")?;
    Ok(StatusCode::NO_CONTENT)
}

async fn log_out(session: Session) -> Result<StatusCode, SessionRejection> {
    session.destroy()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn connect(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, StatusCode> {
    if !is_from_this_site(&headers) {
        return Err(StatusCode::FORBIDDEN);
    }
    let id = session.peek_id().filter(|_| session.has("user"));
    let id = id.ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(upgrade.on_upgrade(|socket| serve(socket, id, app)))
}

/// A page of any site can open a socket. Its browser says which one that is.
fn is_from_this_site(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).map(|host| host.as_bytes());
    headers.get(ORIGIN).is_none_or(|origin| {
        let schemes = [b"https://".as_slice(), b"http://"];
        let mut hosts = schemes
            .iter()
            .filter_map(|scheme| origin.as_bytes().strip_prefix(*scheme));
        hosts.any(|from| Some(from) == host)
    })
}

/// Answers until the session ends or the client leaves.
async fn serve(mut socket: WebSocket, id: SessionId, app: App) {
    let mut endings = app.endings.subscribe();
    // It may have ended before this.
    let mut is_live = lives(&app.manager, &id).await;
    while is_live {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            ending = endings.recv() => is_live = match ending {
                Ok(Ending::Session(ended)) => ended != id,
                // Some may have been missed, so look.
                _ => lives(&app.manager, &id).await,
            },
        }
    }
    // The browser connects again if it has another session by now.
    let _ = socket.send(Message::Close(None)).await;
}

/// Returns `false` also if the store is down: the browser may try again.
async fn lives(manager: &SessionManager, id: &SessionId) -> bool {
    matches!(manager.open_id(id).await, Ok(Some(_)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = SessionConfig::from_env()?;
    let driver = RedisDriver::from_config(&config).announce_endings();
    let driver = driver.connect().await?;
    let endings = driver.endings().await?;
    let app = app(config.builder(driver)?.build()?, endings);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::{Request, header};
    use futures_util::{SinkExt, StreamExt};
    use session_axum::{CookieOptions, Secret};
    use test_support::RedisServer;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    use tokio_tungstenite::tungstenite::{Error, Message};
    use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
    use tower::ServiceExt;

    use super::*;

    type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

    /// One of several servers with the same Redis.
    struct Server {
        app: Router,
        address: String,
        manager: SessionManager,
    }

    impl Server {
        async fn start(redis: &RedisServer, secret: &Secret) -> Self {
            let driver = RedisDriver::builder(redis.url()).announce_endings();
            let driver = driver.connect().await.unwrap();
            let endings = driver.endings().await.unwrap();
            let cookie = CookieOptions::default().secure(false);
            let builder = SessionManager::builder(driver, secret.clone());
            let builder = builder.owner_key("user").cookie(cookie);
            let manager = builder.build().unwrap();
            let app = app(manager.clone(), endings);
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let served = app.clone();
            tokio::spawn(async move { axum::serve(listener, served).await.unwrap() });
            Self {
                app,
                address,
                manager,
            }
        }

        /// Posts, and returns the cookie of the response.
        async fn post(&self, path: &str, cookie: &str) -> Option<String> {
            let request = Request::post(path).header(header::COOKIE, cookie);
            let request = request.body(Body::empty()).unwrap();
            let response = self.app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::NO_CONTENT);
            let cookie = response.headers().get(header::SET_COOKIE)?;
            Some(cookie.to_str().unwrap().split(';').next()?.to_owned())
        }

        async fn connect(&self, cookie: &str) -> Result<Socket, Error> {
            self.connect_from(&format!("http://{}", self.address), cookie)
                .await
        }

        async fn connect_from(&self, origin: &str, cookie: &str) -> Result<Socket, Error> {
            let url = format!("ws://{}/socket", self.address);
            let mut request = url.into_client_request()?;
            let headers = request.headers_mut();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            headers.insert(ORIGIN, origin.parse().unwrap());
            connect_async(request).await.map(|(socket, _)| socket)
        }
    }

    async fn next(socket: &mut Socket) -> Option<Message> {
        let next = tokio::time::timeout(Duration::from_secs(15), socket.next()).await;
        next.expect("an answer").transpose().unwrap()
    }

    async fn is_open(socket: &mut Socket) -> bool {
        socket.send(Message::text("hello")).await.unwrap();
        next(socket).await == Some(Message::text("hello"))
    }

    fn is_close(message: Option<Message>) -> bool {
        matches!(message, Some(Message::Close(_)))
    }

    #[tokio::test]
    async fn a_logout_closes_the_sockets_of_its_session_on_all_servers() {
        let (redis, secret) = (RedisServer::start(), Secret::generate().unwrap());
        let here = Server::start(&redis, &secret).await;
        let there = Server::start(&redis, &secret).await;
        let phone = here.post("/login", "").await.unwrap();
        let laptop = here.post("/login", "").await.unwrap();
        let mut closed = [
            here.connect(&phone).await.unwrap(),
            there.connect(&phone).await.unwrap(),
        ];
        let mut kept = there.connect(&laptop).await.unwrap();
        for socket in &mut closed {
            assert!(is_open(socket).await);
        }
        here.post("/logout", &phone).await;
        for socket in &mut closed {
            assert!(is_close(next(socket).await));
        }
        assert!(is_open(&mut kept).await);
        assert!(here.connect(&phone).await.is_err());

        // "Log out everywhere", from the other server.
        there.manager.revoke_all_of("ada", None).await.unwrap();
        assert!(is_close(next(&mut kept).await));
    }

    #[tokio::test]
    async fn a_page_of_another_site_cannot_connect() {
        let (redis, secret) = (RedisServer::start(), Secret::generate().unwrap());
        let server = Server::start(&redis, &secret).await;
        let cookie = server.post("/login", "").await.unwrap();
        for origin in ["https://elsewhere.example", "null", ""] {
            let refused = server.connect_from(origin, &cookie).await.unwrap_err();
            assert!(matches!(refused, Error::Http(answer) if answer.status() == 403));
        }
        assert!(server.connect(&cookie).await.is_ok());
    }

    #[tokio::test]
    async fn a_session_with_another_id_connects_again() {
        let (redis, secret) = (RedisServer::start(), Secret::generate().unwrap());
        let server = Server::start(&redis, &secret).await;
        let before = server.post("/login", "").await.unwrap();
        let mut socket = server.connect(&before).await.unwrap();
        assert!(is_open(&mut socket).await);
        let after = server.post("/login", &before).await.unwrap();
        assert!(is_close(next(&mut socket).await));
        let mut socket = server.connect(&after).await.unwrap();
        assert!(is_open(&mut socket).await);
    }
}
