//! `SESSION_DRIVER=redis` with a real server.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Playground, Program, SECRET, Test, tests};
use crate::RedisServer;

pub(super) const TESTS: &[Test] = tests![
    servers_share_sessions_that_survive_a_restart,
    s07_logout_ends_the_session_for_a_stolen_cookie,
    without_redis_reads_are_empty_writes_fail_and_the_cookie_is_kept,
];

async fn start(playground: Playground, redis: &RedisServer) -> Program {
    let vars = [
        ("SESSION_SECRET", SECRET),
        ("SESSION_DRIVER", "redis"),
        ("REDIS_URL", &redis.url()),
        ("SESSION_PREFIX", "playground:"),
    ];
    Program::start(playground, &vars).await
}

async fn servers_share_sessions_that_survive_a_restart(playground: Playground) {
    let redis = RedisServer::start();
    let one = start(playground, &redis).await;
    let other = start(playground, &redis).await;
    let browser = one.browser();
    browser.put("/api/session/name", r#""Ada""#).await;
    drop(one);
    let browser = browser.at(&other.address);
    assert_eq!(browser.get("/api/session/name").await.json(), json!("Ada"));
    assert_eq!(redis.run("KEYS playground:*"), "*1");
}

async fn s07_logout_ends_the_session_for_a_stolen_cookie(playground: Playground) {
    let redis = RedisServer::start();
    let program = start(playground, &redis).await;
    let (browser, thief) = (program.browser(), program.browser());
    let stolen = browser.form("/login", &[("name", "Ada")]).await.cookie();
    browser.form("/logout", &[]).await;
    let read = thief.with_cookie("/api/session/user", &stolen).await;
    assert_eq!(read.status, 404);
}

async fn without_redis_reads_are_empty_writes_fail_and_the_cookie_is_kept(playground: Playground) {
    let mut redis = RedisServer::start();
    let program = start(playground, &redis).await;
    let browser = program.browser();
    browser.put("/api/session/name", r#""Ada""#).await;
    redis.kill();

    let start = Instant::now();
    let read = browser.get("/api/session/name").await;
    assert_eq!((read.status, read.set_cookies().len()), (404, 0));
    let write = browser.put("/api/session/name", "1").await;
    assert_eq!((write.status, write.set_cookies().len()), (503, 0));
    assert_eq!(write.error(), "the session store is unavailable");
    let took = start.elapsed();
    assert!(took < Duration::from_secs(4), "two requests took {took:?}");
}
