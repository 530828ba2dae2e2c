//! The Redis driver.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use session_core::{Driver, DriverName, ManualClock, async_trait};
use session_redis::RedisDriver;
use test_support::RedisServer;
use tokio::sync::OnceCell;

use super::{Backend, BreakableServer, Storage, TestedDriver};

/// Redis, with one server for all scenarios that don't break it.
#[derive(Default)]
pub(super) struct Redis {
    shared: OnceCell<(Arc<Mutex<RedisServer>>, RedisDriver)>,
    scenarios: AtomicUsize,
}

struct RedisBackend {
    driver: RedisDriver,
    prefix: String,
    server: Arc<Mutex<RedisServer>>,
}

#[async_trait]
impl TestedDriver for Redis {
    fn driver(&self) -> DriverName {
        DriverName::Redis
    }

    fn storage(&self) -> Storage {
        Storage::Server
    }

    async fn start(&self, clock: &ManualClock, own_server: bool) -> Box<dyn Backend> {
        let n = self.scenarios.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("scenario-{n}:");
        let started;
        let (server, driver) = if own_server {
            // Redis acknowledges a write once it is on disk, so acknowledged writes survive a crash.
            let durable = ["--appendonly", "yes", "--appendfsync", "always"];
            started = start(&durable, TIMEOUT).await;
            &started
        } else {
            self.shared.get_or_init(|| start(&[], PATIENCE)).await
        };
        let timeout = if own_server { TIMEOUT } else { PATIENCE };
        let driver = RedisDriver::from_pool(driver.pool().clone(), &prefix, timeout).unwrap();
        Box::new(RedisBackend {
            driver: driver.with_clock(clock.clone()),
            prefix,
            server: server.clone(),
        })
    }
}

async fn start(arguments: &[&str], timeout: Duration) -> (Arc<Mutex<RedisServer>>, RedisDriver) {
    let server = RedisServer::with(arguments);
    let driver = RedisDriver::builder(server.url()).timeout(timeout);
    let driver = driver.connect().await.unwrap();
    (Arc::new(Mutex::new(server)), driver)
}

impl RedisBackend {
    fn server(&self) -> MutexGuard<'_, RedisServer> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a Lua script that returns an integer. In it, `keys` holds the keys of this scenario.
    fn eval(&self, script: &str) -> usize {
        // Without the index of owners.
        let keys = format!(
            "local keys = {{}} \
             for _, key in ipairs(redis.call('KEYS', '{0}*')) do \
               if not string.find(key, '{0}owner:', 1, true) then table.insert(keys, key) end \
             end",
            self.prefix
        );
        let answer = self.server().run(&format!("EVAL \"{keys} {script}\" 0"));
        answer.strip_prefix(':').unwrap().parse().unwrap()
    }
}

impl Backend for RedisBackend {
    fn driver(&self) -> Box<dyn Driver> {
        Box::new(self.driver.clone())
    }

    fn record_count(&self) -> usize {
        self.eval("return #keys")
    }

    /// Shortens the TTLs, because the server has its own clock.
    fn age(&self, step: Duration) {
        let step = step.as_millis();
        self.eval(&format!(
            "for _, key in ipairs(keys) do \
             redis.call('PEXPIRE', key, redis.call('PTTL', key) - {step}) end return 1"
        ));
    }

    fn stored_json(&self, id: &str) -> String {
        let get = format!("redis.call('GET', '{}{id}')", self.prefix);
        let script = format!("EVAL \"return redis.status_reply({get})\" 0");
        let answer = self.server().run(&script);
        answer.strip_prefix('+').unwrap().to_owned()
    }

    fn own_server(&self) -> &dyn BreakableServer {
        self
    }
}

impl BreakableServer for RedisBackend {
    fn kill(&self) {
        self.server().kill();
    }

    fn restart(&self) {
        self.server().restart();
    }

    fn pause(&self) {
        self.server().signal("STOP");
    }

    fn resume(&self) {
        self.server().signal("CONT");
    }
}

/// The default of [`RedisDriver`].
const TIMEOUT: Duration = Duration::from_secs(1);
/// For scenarios that share the machine with many others, and in which nothing fails on purpose.
const PATIENCE: Duration = Duration::from_secs(20);
