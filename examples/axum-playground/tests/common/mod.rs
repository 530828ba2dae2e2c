//! What the tests of the playground share: the application on a real port, and browsers that keep cookies.
// Each test file takes what it needs of it.
#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod program;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::header::SET_COOKIE;
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde_json::Value;
use session_axum::{
    Builder, CookieDriver, CookieOptions, Driver, DriverName, Error, Expected, Loaded,
    MemoryDriver, Record, Retired, Saved, Secret, SessionId, SessionLayer, SessionManager, Touched,
    Version, async_trait,
};
use tokio::net::TcpListener;

/// Serves the playground with sessions in the cookie; returns where.
pub(crate) async fn cookie_app() -> String {
    serve(build(CookieDriver, |builder| builder), DriverName::Cookie).await
}

/// Serves the playground with sessions in memory; returns where.
pub(crate) async fn memory_app() -> String {
    serve(build(MemoryDriver::new(), |b| b), DriverName::Memory).await
}

/// Both, for what does not depend on the driver.
pub(crate) async fn apps() -> [String; 2] {
    [cookie_app().await, memory_app().await]
}

/// Serves the playground with a store that can be watched and broken.
pub(crate) async fn store_app(set: fn(Builder) -> Builder) -> (Arc<Store>, String) {
    let store = Arc::new(Store::default());
    let manager = build(store.clone(), set);
    (store, serve(manager, DriverName::Memory).await)
}

fn build(driver: impl Driver, set: fn(Builder) -> Builder) -> SessionManager {
    let builder = SessionManager::builder(driver, Secret::generate().unwrap())
        .cookie(CookieOptions::default().secure(false));
    set(builder).build().unwrap()
}

async fn serve(manager: SessionManager, driver: DriverName) -> String {
    let app = axum_playground::app(SessionLayer::new(manager), driver);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    format!("http://{address}")
}

/// A client with a cookie store that does not follow redirects.
#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    base: String,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn new(base: &str) -> Self {
        let client = Client::builder()
            .cookie_store(true)
            .redirect(Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let base = base.to_owned();
        Self { client, base }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.base));
        Answer::read(request.body(body.into())).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    pub(crate) async fn put(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "").await
    }

    /// Submits a form.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        Answer::read(
            self.client
                .post(format!("{}{path}", self.base))
                .form(fields),
        )
        .await
    }

    /// Sends a request with this Cookie header and no other.
    pub(crate) async fn with_cookie(&self, path: &str, cookie: &str) -> Answer {
        let client = Client::new();
        let request = client.get(format!("{}{path}", self.base));
        Answer::read(request.header("cookie", cookie)).await
    }

    /// `GET /api/session`.
    pub(crate) async fn session(&self) -> Value {
        let answer = self.get("/api/session").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// The whole id of the session.
    pub(crate) async fn id(&self) -> String {
        self.session().await["id"].as_str().unwrap().to_owned()
    }

    /// What `GET /` looks like.
    pub(crate) async fn page(&self) -> String {
        let answer = self.get("/").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }
}

impl Answer {
    async fn read(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }

    /// The message of a failure.
    pub(crate) fn error(&self) -> String {
        let json = self.json();
        assert_eq!(json.as_object().unwrap().len(), 1, "{json}");
        json["error"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(SET_COOKIE).iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }

    /// The `name=token` of the one cookie that was set.
    pub(crate) fn cookie(&self) -> String {
        let lines = self.set_cookies();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0].split(';').next().unwrap().to_owned()
    }
}

/// Waits until `is_done`.
pub(crate) async fn until(is_done: impl Fn() -> bool) {
    let done = async {
        while !is_done() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), done)
        .await
        .expect("it did not happen");
}

/// A store in memory that counts loads, and fails as told.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) memory: MemoryDriver,
    loads: AtomicUsize,
    loads_fail: AtomicBool,
    saves_fail: AtomicBool,
}

impl Store {
    pub(crate) fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    pub(crate) fn break_loads(&self, fail: bool) {
        self.loads_fail.store(fail, Ordering::SeqCst);
    }

    pub(crate) fn break_saves(&self, fail: bool) {
        self.saves_fail.store(fail, Ordering::SeqCst);
    }

    fn check(flag: &AtomicBool) -> Result<(), Error> {
        match flag.load(Ordering::SeqCst) {
            true => Err(Error::unavailable("connection refused")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Driver for Store {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        Self::check(&self.loads_fail)?;
        let loaded = self.memory.load(handle).await;
        self.loads.fetch_add(1, Ordering::SeqCst);
        loaded
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        Self::check(&self.saves_fail)?;
        self.memory.save(record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        Self::check(&self.saves_fail)?;
        self.memory.destroy(id).await
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        self.memory.touch(id, ttl).await
    }

    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        self.memory.retire(id, version).await
    }

    fn can_revoke(&self) -> bool {
        true
    }
}
