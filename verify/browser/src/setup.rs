//! The setup of a scenario: a browser, and a playground to start.

use std::cell::RefCell;
use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use test_support::RedisServer;
use test_support::program::{Playground, Program};

use crate::browser::Browser;
use crate::chromium::Chromium;

/// A browser, and a playground with its store. Clones share the browser. Other browsers can be started.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) browser: Arc<Browser>,
    pub(crate) chromium: Arc<Chromium>,
    /// What the running scenario started besides.
    pub(crate) others: Rc<RefCell<Vec<Arc<Browser>>>>,
    pub(crate) playground: Playground,
    pub(crate) store: Store,
}

impl Setup {
    /// Starts the playground with these variables.
    pub(crate) async fn serve(&self, settings: &[(&str, &str)]) -> Server {
        let url = self.store.url();
        let mut vars = vec![
            ("RUST_LOG", "warn"),
            ("SESSION_DRIVER", self.store.name()),
            ("SESSION_COOKIE", "session"),
        ];
        vars.extend(url.as_deref().map(|url| ("REDIS_URL", url)));
        vars.extend(settings);
        let program = Program::start(self.playground, &vars).await;
        let (_, port) = program.address.rsplit_once(':').unwrap();
        Server {
            port: port.parse().unwrap(),
            _program: program,
        }
    }

    /// Returns this setup with another Redis server: one without sessions, which may be stopped.
    pub(crate) fn with_redis(self, server: &Arc<RedisServer>) -> Self {
        let store = Store::Redis(server.clone());
        Self { store, ..self }
    }

    /// Starts another browser, with an empty profile.
    pub(crate) async fn another_browser(&self) -> Arc<Browser> {
        self.browser_with(&self.chromium.profile()).await
    }

    /// Starts another browser, with this profile.
    pub(crate) async fn browser_with(&self, profile: &Path) -> Arc<Browser> {
        let browser = Arc::new(self.chromium.browser_with(profile).await.unwrap());
        self.others.borrow_mut().push(browser.clone());
        browser
    }

    /// Quits the other browsers. Call it after every scenario: dropping them would block the runtime.
    pub(crate) async fn quit_others(&self) {
        for browser in self.others.take() {
            // A scenario that failed may have broken it, and the driver's end kills it.
            let _ = browser.quit().await;
        }
    }

    /// Starts the playground and opens its page.
    pub(crate) async fn open(&self) -> Server {
        let server = self.serve(&[]).await;
        self.browser.visit(&server.at(LOOPBACK)).await;
        server
    }
}

/// A running playground. It is killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    _program: Program,
}

impl Server {
    /// Returns the address of its page under a host name.
    pub(crate) fn at(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.port)
    }
}

/// Where sessions are stored.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    /// In the browser's cookie.
    Cookie,
    /// In this server.
    Redis(Arc<RedisServer>),
}

impl Store {
    pub(crate) fn is_redis(&self) -> bool {
        matches!(self, Self::Redis(_))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Redis(_) => "redis",
        }
    }

    fn url(&self) -> Option<String> {
        match self {
            Self::Cookie => None,
            Self::Redis(server) => Some(server.url()),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The host that a playground listens on. Browsers trust it like HTTPS.
pub(crate) const LOOPBACK: &str = "127.0.0.1";
/// A name that only the browser resolves to this machine. To the browser, it is any site over plain HTTP.
pub(crate) const SHOP: &str = "shop.test";
/// A different site.
pub(crate) const ELSEWHERE: &str = "elsewhere.test";
