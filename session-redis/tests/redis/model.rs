//! Whole sessions over Redis, against the executable model of `test_support::model`.

use std::time::Duration;

use session_core::{ManualClock, Timestamp};
use session_redis::RedisDriver;
use test_support::model::{Backend, Storage, run};

use crate::support::{RedisServer, TestRedis, ask};

/// A server whose keys age with a clock that the model moves.
struct AgingRedis {
    redis: TestRedis,
    clock: ManualClock,
}

impl Backend for &AgingRedis {
    type Driver = RedisDriver;

    fn name(&self) -> &'static str {
        "redis"
    }

    fn driver(&self) -> RedisDriver {
        self.redis.driver.clone()
    }

    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    fn storage(&self) -> Storage {
        Storage::Server
    }

    /// The server's own time passes even while the clock stands still.
    fn grain(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        let millis = time.as_millis().to_string();
        let () = ask(&self.redis.client, &["EVAL", AGE_ALL, "0", &millis]).await;
    }

    async fn plant(&self, id: &str, json: &str, ttl: Duration) -> bool {
        let (key, millis) = (format!("session:{id}"), ttl.as_millis().to_string());
        let () = ask(&self.redis.client, &["SET", &key, json, "PX", &millis]).await;
        true
    }
}

#[tokio::test]
async fn sessions_in_redis_match_the_model() {
    let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
    let server = RedisServer::start();
    let driver = RedisDriver::builder(server.url()).timeout(Duration::from_secs(10));
    let driver = driver.connect().await.unwrap().with_clock(clock.clone());
    let redis = TestRedis::using(driver, server).await;
    let aging = AgingRedis { redis, clock };
    let world = async || {
        let () = ask(&aging.redis.client, &["FLUSHALL"]).await;
        &aging
    };
    run(20_000, world).await;
}

/// Takes a number of milliseconds from the TTL of every key.
const AGE_ALL: &str = "
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key) - ARGV[1]
  redis.call('PEXPIRE', key, math.max(left, 0))
end";
