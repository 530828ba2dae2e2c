//! The conformance kit of `session-core` on a server of its own for each check, and on a Cluster.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
mod deployment;

use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

use common::Server;
use deployment::cluster::Cluster;
use session_core::SessionId;
use session_core::conformance::{InArc, InBox, Level, Subject, report};
use session_redis::RedisDriver;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A server on which a driver is alone. Killed to take the store down.
struct Alone(Mutex<Server>);

impl Alone {
    fn start() -> Self {
        Self(Mutex::new(Server::start()))
    }
}

impl Subject for Alone {
    type Driver = RedisDriver;

    fn driver(&self) -> RedisDriver {
        connect(self.0.lock().unwrap().url())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        RUNTIME.block_on(future)
    }

    fn plant(&self, id: &SessionId, text: &str) -> bool {
        plant(self.0.lock().unwrap().port, id, text)
    }

    fn take_down(&self) -> bool {
        self.0.lock().unwrap().kill();
        true
    }
}

/// Three masters, for all checks together.
#[derive(Clone)]
struct Shared(Arc<Cluster>);

impl Subject for Shared {
    type Driver = RedisDriver;

    fn driver(&self) -> RedisDriver {
        connect(self.0.url(0..3))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        RUNTIME.block_on(future)
    }

    fn plant(&self, id: &SessionId, text: &str) -> bool {
        plant(self.0.0[0].port, id, text)
    }
}

session_core::conformance!(concurrent, Alone::start());

/// `cargo test -p session-redis --test conformance -- --nocapture every_promise` shows them all.
#[test]
fn bare_and_behind_pointers_every_promise_is_kept() {
    for (name, report) in [
        ("redis", report(Level::Concurrent, Alone::start)),
        (
            "redis in an Arc",
            report(Level::Concurrent, || InArc(Alone::start())),
        ),
        (
            "redis in a Box",
            report(Level::Concurrent, || InBox(Alone::start())),
        ),
    ] {
        report.announce(name);
        assert_eq!(report.failures().count(), 0, "{report}");
    }
}

#[test]
fn in_a_cluster_every_promise_is_kept() {
    let cluster = Shared(Arc::new(Cluster::start(0, &[])));
    for (name, report) in [
        (
            "redis cluster",
            report(Level::Concurrent, || cluster.clone()),
        ),
        (
            "redis cluster in an Arc",
            report(Level::Concurrent, || InArc(cluster.clone())),
        ),
        (
            "redis cluster in a Box",
            report(Level::Concurrent, || InBox(cluster.clone())),
        ),
    ] {
        report.announce(name);
        assert_eq!(report.failures().count(), 0, "{report}");
    }
}

/// On a busy machine, all checks at once, a server may let the driver wait for longer than it does.
fn connect(url: String) -> RedisDriver {
    let mut attempts = (0..3).map(|_| RUNTIME.block_on(RedisDriver::connect(url.as_str())));
    attempts.find_map(Result::ok).expect("a connection")
}

/// Writes a value past the driver, to whichever server has the key.
fn plant(port: u16, id: &SessionId, text: &str) -> bool {
    let output = Command::new("redis-cli")
        .args([
            "-c",
            "-p",
            &port.to_string(),
            "set",
            &format!("session:{}", id.as_str()),
            text,
        ])
        .output()
        .unwrap();
    output.stdout.starts_with(b"OK")
}
