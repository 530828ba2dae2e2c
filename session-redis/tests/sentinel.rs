//! A real Sentinel deployment: the basics, and a master that dies or falls silent under load.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
mod deployment;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Server, free_port, manager};
use deployment::load::Load;
use deployment::{all_slots_work, ask, basics, report, wait_until, within};
use session_redis::RedisDriver;

/// One that watches a master. Stopped when dropped.
struct Sentinel {
    process: Child,
    port: u16,
    directory: PathBuf,
}

impl Sentinel {
    fn of(master: u16) -> Self {
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
        // Sentinel writes into it what it learns.
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

/// One master, one replica, three sentinels that know each other.
struct Deployment {
    master: Server,
    replica: Server,
    sentinels: Vec<Sentinel>,
}

impl Deployment {
    fn start() -> Self {
        let master = Server::with(&["--repl-diskless-sync-delay", "0"]);
        let replica = Server::with(&["--replicaof", "127.0.0.1", &master.port.to_string()]);
        wait_until("the replica follows", || {
            ask(replica.port, &["role"]).contains("connected")
        });
        let sentinels: Vec<_> = (0..3).map(|_| Sentinel::of(master.port)).collect();
        wait_until("the sentinels know each other and the replica", || {
            sentinels.iter().all(|sentinel| {
                let known = ask(sentinel.port, &["sentinel", "master", "sessions"]);
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
        }
    }

    /// A URL that names only the first sentinel. The others are found through it.
    fn url(&self) -> String {
        let port = self.sentinels[0].port;
        format!("redis-sentinel://127.0.0.1:{port}?sentinelServiceName=sessions")
    }

    /// Lets the master fail under load, and shows that traffic goes on at the replica.
    async fn fail_over(mut self, name: &str, fail: impl FnOnce(&mut Server)) {
        let driver = RedisDriver::connect(self.url()).await.unwrap();
        basics::pass(&driver).await;
        report("sentinel: the basics pass");
        let manager = manager(driver);
        let load = Load::on(&manager);
        tokio::time::sleep(Duration::from_secs(2)).await;
        // The sentinel that the driver was told of goes as well: two of three can decide.
        drop(self.sentinels.remove(0));
        fail(&mut self.master);
        let fault = Instant::now();
        load.settle(fault, LIMIT).await;
        let figures = load.stop(&format!("sentinel: {name}"), fault).await;
        assert!(
            figures
                .last_failure
                .is_none_or(|last| last < fault + LIMIT - QUIET),
            "requests go on failing"
        );
        all_slots_work(&manager).await;
        assert!(ask(self.replica.port, &["role"]).starts_with("master"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_survive_a_master_that_dies_under_load() {
    within(
        Duration::from_secs(70),
        Deployment::start().fail_over("master killed", Server::kill),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_survive_a_master_that_falls_silent_under_load() {
    within(
        Duration::from_secs(70),
        Deployment::start().fail_over("master silent", |master| master.signal("STOP")),
    )
    .await;
}

/// After the fault, until requests must have stopped failing, and a quiet time that shows it.
const LIMIT: Duration = Duration::from_secs(18);
const QUIET: Duration = Duration::from_secs(3);
