//! Where the sessions of a scenario live.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use session_cookie::CookieDriver;
use session_core::{Driver, DriverName, ManualClock, MemoryDriver};
use session_redis::RedisDriver;
use test_support::RedisServer;
use tokio::sync::OnceCell;

/// A Redis server for all scenarios that do not break it, and connections to it. Started by the first.
#[derive(Debug, Default)]
pub(crate) struct SharedRedis {
    server: OnceCell<(RedisServer, RedisDriver)>,
    scenarios: AtomicUsize,
}

/// The driver of a scenario, and what is behind it.
#[derive(Clone)]
pub(crate) enum Store {
    Cookie,
    Memory(Arc<MemoryDriver>),
    Redis {
        driver: RedisDriver,
        prefix: String,
        server: Server,
    },
}

/// The Redis server of a scenario.
#[derive(Clone)]
pub(crate) enum Server {
    Shared(Arc<SharedRedis>),
    Own(Arc<Mutex<RedisServer>>),
}

impl SharedRedis {
    async fn get(&self) -> &(RedisServer, RedisDriver) {
        let start = async || {
            let server = RedisServer::start();
            let driver = RedisDriver::connect(server.url()).await.unwrap();
            (server, driver)
        };
        self.server.get_or_init(start).await
    }
}

impl Store {
    /// A store of one scenario, empty. `is_own`: on a server that the scenario may break.
    pub(crate) async fn new(
        driver: DriverName,
        clock: &ManualClock,
        shared: &Arc<SharedRedis>,
        is_own: bool,
    ) -> Self {
        match driver {
            DriverName::Cookie => Self::Cookie,
            DriverName::Memory => {
                Self::Memory(Arc::new(MemoryDriver::new().with_clock(clock.clone())))
            }
            DriverName::Redis if is_own => Self::own_redis(clock).await,
            DriverName::Redis => Self::shared_redis(clock, shared).await,
            other => panic!("the suite does not know the driver {other}"),
        }
    }

    async fn shared_redis(clock: &ManualClock, shared: &Arc<SharedRedis>) -> Self {
        let prefix = format!(
            "scenario-{}:",
            shared.scenarios.fetch_add(1, Ordering::Relaxed)
        );
        let pool = shared.get().await.1.pool().clone();
        let driver = RedisDriver::from_pool(pool, &prefix, TIMEOUT).unwrap();
        Self::Redis {
            driver: driver.with_clock(clock.clone()),
            prefix,
            server: Server::Shared(shared.clone()),
        }
    }

    /// What it was told is on disk before it says so, so that it is still there after a crash.
    async fn own_redis(clock: &ManualClock) -> Self {
        let server = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
        let driver = RedisDriver::connect(server.url()).await.unwrap();
        Self::Redis {
            driver: driver.with_clock(clock.clone()),
            prefix: "session:".to_owned(),
            server: Server::Own(Arc::new(Mutex::new(server))),
        }
    }

    /// The driver.
    pub(crate) fn driver(&self) -> Box<dyn Driver> {
        match self {
            Self::Cookie => Box::new(CookieDriver),
            Self::Memory(driver) => Box::new(driver.clone()),
            Self::Redis { driver, .. } => Box::new(driver.clone()),
        }
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Cookie => 0,
            Self::Memory(driver) => driver.len(),
            Self::Redis { prefix, server, .. } => {
                let count = format!("return #redis.call('KEYS', '{prefix}*')");
                let answer = server.run(&format!("EVAL \"{count}\" 0"));
                answer.strip_prefix(':').unwrap().parse().unwrap()
            }
        }
    }

    /// Lets what is stored age as the clock does. A record in Redis has no other age than its TTL, which that server
    /// counts by itself.
    pub(crate) fn age(&self, step: Duration) {
        if let Self::Redis { prefix, server, .. } = self {
            let step = step.as_millis();
            let age = format!(
                "for _, key in ipairs(redis.call('KEYS', '{prefix}*')) do \
                 redis.call('PEXPIRE', key, redis.call('PTTL', key) - {step}) end return 1"
            );
            assert_eq!(server.run(&format!("EVAL \"{age}\" 0")), ":1");
        }
    }

    /// The Redis server, where it is the scenario's own.
    pub(crate) fn own_server(&self) -> &Mutex<RedisServer> {
        match self {
            Self::Redis {
                server: Server::Own(server),
                ..
            } => server,
            _ => panic!("no Redis server of its own"),
        }
    }
}

impl Server {
    fn run(&self, command: &str) -> String {
        match self {
            Self::Shared(shared) => shared.server.get().unwrap().0.run(command),
            Self::Own(server) => {
                let server = server.lock().unwrap_or_else(PoisonError::into_inner);
                server.run(command)
            }
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

/// As [`RedisDriver`]'s default.
const TIMEOUT: Duration = Duration::from_secs(1);
