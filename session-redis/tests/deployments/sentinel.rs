//! Sentinel: a master that dies or goes silent under load.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use session_redis::RedisDriver;
use test_support::redis::free_port;

use crate::load::Load;
use crate::slots::wait_for_all_slots;
use crate::support::{Recovery, RedisServer, manager, stores};
use crate::{Place, redis_cli, wait_until, within};

/// A Sentinel process. It stops when dropped.
struct Sentinel {
    process: Child,
    port: u16,
    directory: PathBuf,
}

impl Sentinel {
    fn start(master: u16) -> Self {
        let port = free_port();
        let directory = std::env::temp_dir().join(format!(
            "session-redis-sentinel-{}-{port}",
            std::process::id()
        ));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("sentinel.conf");
        let settings = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor sessions 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds sessions 1000\nsentinel failover-timeout sessions 5000\n"
        );
        // Sentinel also writes to this file.
        std::fs::write(&file, settings).unwrap();
        let process = Command::new("redis-server")
            .arg(&file)
            .arg("--sentinel")
            .current_dir(&directory)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            process,
            port,
            directory,
        }
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// One master, one replica and three sentinels.
pub(crate) struct Deployment {
    pub(crate) master: RedisServer,
    replica: RedisServer,
    sentinels: Vec<Sentinel>,
    _place: Place,
}

impl Deployment {
    pub(crate) fn start() -> Self {
        let place = Place::take();
        let master = RedisServer::with(&["--repl-diskless-sync-delay", "0"]);
        let replica = RedisServer::with(&["--replicaof", "127.0.0.1", &master.port.to_string()]);
        wait_until("the replica follows", || {
            redis_cli(replica.port, &["role"]).contains("connected")
        });
        let sentinels: Vec<_> = (0..3).map(|_| Sentinel::start(master.port)).collect();
        wait_until("the sentinels know each other and the replica", || {
            sentinels.iter().all(|sentinel| {
                let known = redis_cli(sentinel.port, &["sentinel", "master", "sessions"]);
                let value = |name: &str| {
                    known
                        .lines()
                        .skip_while(|line| *line != name)
                        .nth(1)
                        .map(str::to_owned)
                };
                value("num-other-sentinels").as_deref() == Some("2")
                    && value("num-slaves").as_deref() == Some("1")
            })
        });
        Self {
            master,
            replica,
            sentinels,
            _place: place,
        }
    }

    /// A URL with only the first sentinel, through which the driver finds the others.
    pub(crate) fn url(&self) -> String {
        let port = self.sentinels[0].port;
        format!("redis-sentinel://127.0.0.1:{port}?sentinelServiceName=sessions")
    }

    /// Makes the master fail under load, and asserts that the replica takes over.
    async fn fail_over(mut self, name: &str, fail: impl FnOnce(&mut RedisServer)) {
        let driver = RedisDriver::connect(self.url()).await.unwrap();
        let manager = manager(driver);
        let load = Load::start(&manager);
        tokio::time::sleep(Duration::from_secs(2)).await;
        // The sentinel in the URL stops too. Two of three are a majority.
        drop(self.sentinels.remove(0));
        fail(&mut self.master);
        let fault = Instant::now();
        load.settle(fault).await;
        let figures = load.stop(&format!("sentinel: {name}"), fault).await;
        figures.assert_recovered(fault);
        wait_for_all_slots(&manager).await;
        assert!(redis_cli(self.replica.port, &["role"]).starts_with("master"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_survive_the_death_of_a_master() {
    within(
        Duration::from_secs(70),
        Deployment::start().fail_over("master killed", RedisServer::kill),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_survive_a_master_that_goes_silent() {
    within(
        Duration::from_secs(70),
        Deployment::start().fail_over("master silent", |master| master.signal("STOP")),
    )
    .await;
}

/// The old master stays up. Sentinel demotes it and cuts its connections.
#[tokio::test]
async fn a_planned_failover_is_followed() {
    within(Duration::from_secs(70), async {
        let deployment = Deployment::start();
        let manager = manager(RedisDriver::connect(deployment.url()).await.unwrap());
        assert!(stores(&manager).await);
        let mut recovery = Recovery::watch();
        let port = deployment.sentinels[1].port;
        assert_eq!(
            redis_cli(port, &["sentinel", "failover", "sessions"]).trim(),
            "OK"
        );
        wait_until("the old master is a replica", || {
            redis_cli(deployment.master.port, &["role"]).starts_with("slave")
        });
        recovery
            .measure("sentinel: planned failover", &manager, Instant::now())
            .await;
        recovery.assert_logged(&["Connection closed"]).await;
    })
    .await;
}
