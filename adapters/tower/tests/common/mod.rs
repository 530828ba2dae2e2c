//! What the tests of the layer share: a driver that can be watched, held and broken, and one request.
// Each test file takes what it needs of it.
#![allow(dead_code, unused_imports, clippy::unwrap_used)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderName, Request, Response};
use session_tower::{
    Driver, Error, Expected, Loaded, MemoryDriver, Outcome, Record, Retired, Saved, Secret,
    Session, SessionId, SessionLayer, SessionManager, Touched, Version, async_trait,
};
use tokio::sync::{Notify, watch};
use tower::{Layer, ServiceExt, service_fn};

pub(crate) use test_support::Log;

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

pub(crate) fn manager(driver: impl Driver) -> SessionManager {
    SessionManager::builder(driver, secret()).build().unwrap()
}

/// A store and a manager of it.
pub(crate) fn memory() -> (Arc<Probe>, SessionManager) {
    let probe = Arc::new(Probe::default());
    (probe.clone(), manager(probe))
}

/// A Cookie header of a session that `fill` filled.
pub(crate) async fn cookie_of(manager: &SessionManager, fill: impl Fn(&Session)) -> String {
    let session = manager.open(None).await.unwrap();
    fill(&session);
    let Outcome::Set(token) = manager.commit(&session).await.unwrap() else {
        panic!("the session is empty")
    };
    format!("session={}", token.as_str())
}

/// What the session of this Cookie header holds, without a request.
pub(crate) async fn stored(manager: &SessionManager, cookie: &str) -> String {
    let token = cookie.strip_prefix("session=").unwrap();
    manager.open(Some(token)).await.unwrap().all().to_json()
}

pub(crate) fn request(cookies: &[&str]) -> Request<String> {
    let mut request = Request::new(String::new());
    for cookie in cookies {
        request
            .headers_mut()
            .append(COOKIE, cookie.parse().unwrap());
    }
    request
}

/// Sends a request with these Cookie headers through the layer to `handler`.
pub(crate) async fn respond(
    manager: &SessionManager,
    cookies: &[&str],
    handler: impl Fn(&Session) -> Response<String> + Clone + Send + 'static,
) -> Response<String> {
    let handler = service_fn(move |_: Request<String>| {
        let response = handler(&Session::current().unwrap());
        async { Ok::<_, Infallible>(response) }
    });
    SessionLayer::new(manager.clone())
        .layer(handler)
        .oneshot(request(cookies))
        .await
        .unwrap()
}

/// As [`respond`], with an empty response.
pub(crate) async fn visit(
    manager: &SessionManager,
    cookies: &[&str],
    handler: impl Fn(&Session) + Clone + Send + 'static,
) -> Response<String> {
    let handler = move |session: &Session| {
        handler(session);
        Response::default()
    };
    respond(manager, cookies, handler).await
}

/// All values of a header.
pub(crate) fn values<B>(response: &Response<B>, name: HeaderName) -> Vec<&str> {
    let values = response.headers().get_all(name);
    values.iter().map(|value| value.to_str().unwrap()).collect()
}

/// The Cookie header with which a client answers the one Set-Cookie of the session.
pub(crate) fn cookie<B>(response: &Response<B>) -> String {
    let ours: Vec<_> = values(response, SET_COOKIE)
        .into_iter()
        .filter(|line| line.starts_with("session="))
        .collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    ours[0].split(';').next().unwrap().to_owned()
}

/// Lets other tasks run until `is_done`.
pub(crate) async fn until(is_done: impl Fn() -> bool) {
    let patience = Duration::from_secs(5);
    let done = async {
        while !is_done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, done)
        .await
        .expect("it did not happen");
}

/// A store in memory that counts, fails and waits as told.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    pub(crate) memory: MemoryDriver,
    pub(crate) loads: AtomicUsize,
    pub(crate) loads_fail: AtomicBool,
    pub(crate) saves_fail: AtomicBool,
    hold: watch::Sender<Hold>,
    held: Notify,
}

/// Which calls wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hold {
    #[default]
    Nothing,
    Load,
    Save,
    Retire,
}

impl Probe {
    pub(crate) fn hold(&self, hold: Hold) {
        self.hold.send_replace(hold);
    }

    /// Waits until a call waits.
    pub(crate) async fn held(&self) {
        self.held.notified().await;
    }

    pub(crate) fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    pub(crate) fn break_loads(&self, fail: bool) {
        self.loads_fail.store(fail, Ordering::SeqCst);
    }

    pub(crate) fn break_saves(&self, fail: bool) {
        self.saves_fail.store(fail, Ordering::SeqCst);
    }

    async fn pass(&self, hold: Hold) {
        let mut told = self.hold.subscribe();
        if *told.borrow() == hold {
            self.held.notify_one();
        }
        told.wait_for(|told| *told != hold).await.unwrap();
    }
}

fn fails(flag: &AtomicBool) -> Result<(), Error> {
    match flag.load(Ordering::SeqCst) {
        true => Err(Error::unavailable("connection refused")),
        false => Ok(()),
    }
}

#[async_trait]
impl Driver for Probe {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.pass(Hold::Load).await;
        fails(&self.loads_fail)?;
        self.memory.load(handle).await
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.pass(Hold::Save).await;
        fails(&self.saves_fail)?;
        self.memory.save(record, expected, ttl).await
    }

    async fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        self.pass(Hold::Retire).await;
        self.memory.retire(id, version).await
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        self.memory.touch(id, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        fails(&self.saves_fail)?;
        self.memory.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        true
    }
}
