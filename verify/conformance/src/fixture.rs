//! What a scenario works with.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use session_core::{
    Builder, CookieOptions, Driver, DriverName, KeyRing, ManualClock, Secret, SessionManager,
};
use test_support::http::{Browser, Transcript};
use test_support::probe::Probe;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::adapters::Adapter;
use crate::drivers::{Backend, Storage, TestedDriver};

/// One adapter, one driver with an empty store, a clock that stands still, and a secret. All servers of the scenario share
/// them.
pub(crate) struct Fixture {
    pub(crate) adapter: &'static dyn Adapter,
    pub(crate) driver: DriverName,
    pub(crate) backend: Box<dyn Backend>,
    /// Sits between the manager and the backend's driver.
    pub(crate) probe: Arc<Probe<Box<dyn Driver>>>,
    pub(crate) clock: ManualClock,
    pub(crate) secret: Secret,
    storage: Storage,
    transcript: Transcript,
    servers: Mutex<JoinSet<()>>,
}

/// A running playground.
pub(crate) struct PlaygroundServer {
    /// Its address: `http://127.0.0.1:…`.
    pub(crate) base: String,
    transcript: Transcript,
}

impl Fixture {
    pub(crate) async fn new(
        adapter: &'static dyn Adapter,
        driver: &dyn TestedDriver,
        own_server: bool,
        transcript: Transcript,
    ) -> Self {
        // Browsers and stores use the real time, so the clock starts there.
        let clock = ManualClock::new(SystemTime::now().into());
        let backend = driver.start(&clock, own_server).await;
        Self {
            adapter,
            driver: driver.driver(),
            probe: Arc::new(Probe::new(backend.driver())),
            backend,
            clock,
            secret: Secret::generate().unwrap(),
            storage: driver.storage(),
            transcript,
            servers: Mutex::default(),
        }
    }

    /// Starts a server with the default settings, except Secure: the suite speaks plain HTTP.
    pub(crate) async fn serve(&self) -> PlaygroundServer {
        self.serve_with(|builder| builder).await
    }

    /// Starts a server with other settings. Cookie options should be based on [`plain_cookie`].
    pub(crate) async fn serve_with(
        &self,
        set: impl FnOnce(Builder) -> Builder,
    ) -> PlaygroundServer {
        self.serve_signed(self.secret.clone(), set).await
    }

    /// Starts a server with other keys.
    pub(crate) async fn serve_signed(
        &self,
        keys: impl Into<KeyRing>,
        set: impl FnOnce(Builder) -> Builder,
    ) -> PlaygroundServer {
        let builder = SessionManager::builder(self.probe.clone(), keys)
            .cookie(plain_cookie())
            .owner_key("user")
            .clock(self.clock.clone());
        let manager = set(builder).build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = self.adapter.serve(listener, manager, self.driver);
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.spawn(server);
        PlaygroundServer {
            base,
            transcript: self.transcript.clone(),
        }
    }

    /// Opens a browser at a new server with the default settings.
    pub(crate) async fn browser(&self) -> Browser {
        self.serve().await.browser()
    }

    /// Moves the time forward, for managers and stores.
    pub(crate) fn advance(&self, step: Duration) {
        self.clock.advance(step);
        self.backend.age(step);
    }

    pub(crate) fn is_server_side(&self) -> bool {
        self.storage != Storage::Cookie
    }

    /// Returns a Cookie header with a handle that has a valid signature.
    pub(crate) fn signed(&self, handle: &str) -> String {
        let token = KeyRing::new(self.secret.clone()).sign(handle.to_owned());
        format!("session={token}")
    }
}

impl PlaygroundServer {
    /// Opens a browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::with(&self.base, self.transcript.clone(), |client| client)
    }

    /// Opens a browser that speaks HTTP/2.
    pub(crate) fn http2_browser(&self) -> Browser {
        Browser::with(&self.base, self.transcript.clone(), |client| {
            client.http2_prior_knowledge()
        })
    }
}

/// Returns the default cookie options, for plain HTTP.
pub(crate) fn plain_cookie() -> CookieOptions {
    CookieOptions::default().secure(false)
}
