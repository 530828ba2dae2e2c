//! Connections that are up but useless: their server was demoted, or no longer accepts them.

use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fred::interfaces::ClientLike;
use fred::types::config::{Config, ReconnectPolicy};
use session_core::{ErrorKind, SessionManager};
use session_redis::RedisDriver;
use test_support::redis::free_port;

use crate::MINUTE;
use crate::proxy::Proxy;
use crate::support::{Recovery, RedisServer, TestRedis, info, manager, open, store, stores};
use crate::within;

#[tokio::test]
async fn a_replica_that_was_promoted_behind_the_address_is_found() {
    within(MINUTE, async {
        for is_own in [false, true] {
            let (old, new) = (RedisServer::start(), RedisServer::start());
            let proxy = Proxy::to(old.port).await;
            let driver = match is_own {
                false => RedisDriver::connect(proxy.url()).await.unwrap(),
                true => own_pool(&proxy.url()).await,
            };
            let manager = manager(driver);
            assert!(stores(&manager).await);
            let mut recovery = Recovery::watch();
            old.run(&format!("REPLICAOF 127.0.0.1 {}", new.port));
            proxy.switch_to(new.port);
            let name = match is_own {
                false => "replica promoted behind one address",
                true => "replica promoted behind one address, own pool",
            };
            recovery.measure(name, &manager, Instant::now()).await;
            recovery.assert_logged(&["READONLY"]).await;
        }
    })
    .await;
}

/// Waiting is all that helps, so the driver must not reconnect all the time.
#[tokio::test]
async fn a_demoted_server_that_is_promoted_again_is_noticed() {
    within(MINUTE, async {
        for (stale, code) in [("yes", "READONLY"), ("no", "MASTERDOWN")] {
            let TestRedis {
                server,
                manager,
                client,
                ..
            } = TestRedis::with(&["--replica-serve-stale-data", stale]).await;
            let token = store(&manager, "n", 1).await;
            let connections = async || -> u32 {
                info(&client, "stats").await["total_connections_received"]
                    .parse()
                    .unwrap()
            };
            let before = connections().await;
            let mut recovery = Recovery::watch();
            server.run(&format!("REPLICAOF 127.0.0.1 {}", free_port()));
            let demoted = Instant::now();
            let (mut requests, mut not_loaded) = (0, 0);
            while demoted.elapsed() < Duration::from_secs(2) {
                let session = open(&manager, &token).await;
                requests += 1;
                not_loaded += u32::from(!session.is_available());
                if session.is_available() {
                    session.put("n", 2).unwrap();
                    let error = manager.commit(&session).await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Unavailable);
                    let source = error.source().unwrap().to_string();
                    assert!(source.contains(code), "{source}");
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            server.run("REPLICAOF NO ONE");
            let attempts = connections().await - before;
            let name = format!("demoted ({code}) and promoted again");
            recovery.measure(&name, &manager, Instant::now()).await;
            recovery.assert_logged(&[code]).await;
            assert_eq!(open(&manager, &token).await.get("n").unwrap(), Some(1));
            // After 0, 0.1, 0.2, 0.4, 0.8 seconds, plus the time to connect, and the test's own.
            assert!(
                (2..=8).contains(&attempts),
                "{attempts} connections for {requests} requests"
            );
            match stale {
                // A command that is on its way while the connection is replaced is lost.
                "yes" => assert!(not_loaded <= attempts, "{not_loaded} of {requests}"),
                _ => assert_eq!(not_loaded, requests),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn killed_connections_are_replaced() {
    within(MINUTE, async {
        let TestRedis {
            server,
            driver,
            manager,
            ..
        } = TestRedis::start().await;
        assert!(stores(&manager).await);
        let mut recovery = Recovery::watch();
        server.run("CLIENT KILL TYPE normal");
        recovery
            .measure("CLIENT KILL", &manager, Instant::now())
            .await;
        recovery.assert_logged(&["Connection closed"]).await;
        // Closing the pool is no outage.
        driver.pool().quit().await.unwrap();
        recovery.assert_logged(&["Connection closed"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_rotated_password_needs_no_restart() {
    within(MINUTE, async {
        let server = RedisServer::start();
        server.run("ACL SETUSER app on >old ~* +@all");
        let password = Arc::new(Mutex::new("old"));
        let current = Arc::clone(&password);
        let driver = RedisDriver::builder(format!("redis://app@127.0.0.1:{}", server.port))
            .password(move || (*current.lock().unwrap()).to_owned())
            .connect()
            .await
            .unwrap();
        let manager = manager(driver);
        let token = store(&manager, "n", 1).await;
        let mut recovery = Recovery::watch();
        server.run("ACL SETUSER app resetpass >new");
        assert!(
            stores(&manager).await,
            "connections that are open stay authenticated"
        );
        server.run("CLIENT KILL USER app");
        let end = Instant::now() + Duration::from_secs(1);
        let mut last = String::new();
        while Instant::now() < end {
            last = failure(&manager).await;
        }
        assert_eq!(
            last,
            "Authentication Error: WRONGPASS invalid username-password pair or user is disabled."
        );
        *password.lock().unwrap() = "new";
        recovery
            .measure("password rotated", &manager, Instant::now())
            .await;
        recovery
            .assert_logged(&["Connection closed", "WRONGPASS"])
            .await;
        assert_eq!(open(&manager, &token).await.get("n").unwrap(), Some(1));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_loads_its_data_is_waited_for() {
    within(MINUTE, async {
        // The server answers once per 1,024 keys that it loads.
        let slow = ["--key-load-delay", "500"];
        let TestRedis {
            mut server,
            manager,
            client,
            ..
        } = TestRedis::with(&[crate::DURABLE, &slow].concat()).await;
        assert!(stores(&manager).await);
        server.run("EVAL \"for n = 1, 4000 do redis.call('SET', 'other:' .. n, n) end\" 0");
        drop(client);
        let mut recovery = Recovery::watch();
        server.kill();
        server.restart();
        recovery
            .measure("restarted, loading its data", &manager, Instant::now())
            .await;
        recovery
            .assert_logged(&["Connection closed", "LOADING"])
            .await;
    })
    .await;
}

/// Saves a session, and returns the cause of the failure.
async fn failure(manager: &SessionManager) -> String {
    let session = manager.open(None).await.unwrap();
    session.put("n", 1).unwrap();
    let error = manager.commit(&session).await.unwrap_err();
    error.source().unwrap().to_string()
}

/// A driver on a pool of the application's own.
async fn own_pool(url: &str) -> RedisDriver {
    let timeout = Duration::from_secs(1);
    let mut builder = fred::types::Builder::from_config(Config::from_url(url).unwrap());
    builder
        .set_policy(ReconnectPolicy::new_exponential(0, 100, 2_000, 2))
        .with_performance_config(|config| config.default_command_timeout = timeout)
        .with_connection_config(|config| config.max_command_attempts = 1);
    let pool = builder.build_pool(3).unwrap();
    pool.init().await.unwrap();
    RedisDriver::from_pool(pool, "session:", timeout).unwrap()
}
