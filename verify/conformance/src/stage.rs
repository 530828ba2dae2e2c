//! What a scenario is played on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use session_core::{
    Builder, CookieOptions, Driver, DriverName, KeyRing, ManualClock, Secret, SessionManager,
};
use test_support::http::{Browser, Transcript};
use test_support::probe::Probe;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::Adapter;
use crate::store::{SharedRedis, Store};

/// One adapter, one driver with an empty store, a clock that stands still and a secret; and all servers of a scenario,
/// which share those.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) adapter: &'static dyn Adapter,
    pub(crate) driver: DriverName,
    pub(crate) store: Store,
    /// Stands between the manager and the store's driver.
    pub(crate) probe: Arc<Probe<Box<dyn Driver>>>,
    pub(crate) clock: ManualClock,
    pub(crate) secret: Secret,
    transcript: Transcript,
    servers: Arc<Mutex<JoinSet<()>>>,
}

/// A server of the playground.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Where it is: `http://127.0.0.1:…`.
    pub(crate) base: String,
    transcript: Transcript,
}

impl Stage {
    pub(crate) async fn new(
        adapter: &'static dyn Adapter,
        driver: DriverName,
        shared: &Arc<SharedRedis>,
        is_own: bool,
        transcript: Transcript,
    ) -> Self {
        // Now, because browsers and Redis have clocks of their own.
        let clock = ManualClock::new(SystemTime::now().into());
        let store = Store::new(driver, &clock, shared, is_own).await;
        Self {
            adapter,
            driver,
            probe: Arc::new(Probe::new(store.driver())),
            store,
            clock,
            secret: Secret::generate().unwrap(),
            transcript,
            servers: Arc::default(),
        }
    }

    /// A server with the default settings, but for Secure: this is plain HTTP.
    pub(crate) async fn serve(&self) -> Site {
        self.serve_with(|builder| builder).await
    }

    /// A server with further settings. One that sets a cookie starts from [`cookie`].
    pub(crate) async fn serve_with(&self, set: impl FnOnce(Builder) -> Builder) -> Site {
        self.serve_signed(self.secret.clone(), set).await
    }

    /// A server with other keys.
    pub(crate) async fn serve_signed(
        &self,
        keys: impl Into<KeyRing>,
        set: impl FnOnce(Builder) -> Builder,
    ) -> Site {
        let builder = SessionManager::builder(self.probe.clone(), keys)
            .cookie(cookie())
            .clock(self.clock.clone());
        let manager = set(builder).build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = self.adapter.serve(listener, manager, self.driver);
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.spawn(server);
        Site {
            base,
            transcript: self.transcript.clone(),
        }
    }

    /// A browser at a server with the default settings.
    pub(crate) async fn browser(&self) -> Browser {
        self.serve().await.browser()
    }

    /// Lets time pass, for the managers and for the store.
    pub(crate) fn advance(&self, step: Duration) {
        self.clock.advance(step);
        self.store.age(step);
    }

    /// Whether sessions live on the server.
    pub(crate) fn is_server_side(&self) -> bool {
        self.driver != DriverName::Cookie
    }

    /// The Cookie header of a handle that is signed as a server's are.
    pub(crate) fn signed(&self, handle: &str) -> String {
        let token = KeyRing::new(self.secret.clone()).sign(handle.to_owned());
        format!("session={token}")
    }
}

impl Site {
    /// A new browser.
    pub(crate) fn browser(&self) -> Browser {
        Browser::with(&self.base, self.transcript.clone(), |client| client)
    }

    /// A new browser that speaks HTTP/2.
    pub(crate) fn http2_browser(&self) -> Browser {
        Browser::with(&self.base, self.transcript.clone(), |client| {
            client.http2_prior_knowledge()
        })
    }
}

/// The default cookie, over plain HTTP.
pub(crate) fn cookie() -> CookieOptions {
    CookieOptions::default().secure(false)
}
