//! Whole sessions over Redis, against the executable model of `test_support::model`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::Duration;

use common::{Server, ServerExt as _, ask};
use fred::prelude::*;
use session_core::{ManualClock, Timestamp};
use session_redis::RedisDriver;
use test_support::model::{Keeps, Stage, run};

/// A server, empty, whose keys age with a clock that moves.
#[derive(Clone)]
struct Redis {
    driver: RedisDriver,
    client: Client,
    clock: ManualClock,
}

impl Redis {
    async fn new(server: &Server) -> Self {
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        let driver = RedisDriver::builder(server.url()).timeout(Duration::from_secs(10));
        Self {
            driver: driver.connect().await.unwrap().with_clock(clock.clone()),
            client: server.client().await,
            clock,
        }
    }
}

impl Stage for Redis {
    type Driver = RedisDriver;

    fn name(&self) -> &'static str {
        "redis"
    }

    fn driver(&self) -> RedisDriver {
        self.driver.clone()
    }

    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    fn keeps(&self) -> Keeps {
        Keeps::Server
    }

    /// The server's own time passes too, while the clock stands.
    fn grain(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        let millis = time.as_millis().to_string();
        let _: () = ask(&self.client, &["EVAL", AGE, "0", &millis]).await;
    }

    async fn plant(&self, id: &str, json: &str, ttl: Duration) -> bool {
        let (key, millis) = (format!("session:{id}"), ttl.as_millis().to_string());
        let _: () = ask(&self.client, &["SET", &key, json, "PX", &millis]).await;
        true
    }
}

#[tokio::test]
async fn sessions_in_redis_do_what_the_model_does() {
    let server = Server::start();
    let redis = Redis::new(&server).await;
    let world = async || {
        let _: () = ask(&redis.client, &["FLUSHALL"]).await;
        redis.clone()
    };
    run(20_000, world).await;
}

/// Takes so many milliseconds from the life of every key.
const AGE: &str = "
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key) - ARGV[1]
  redis.call('PEXPIRE', key, math.max(left, 0))
end";
