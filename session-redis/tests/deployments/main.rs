//! The driver on whole deployments: a Cluster, Sentinel, and a server with TLS.
//!
//! A Cluster and a Sentinel deployment take up to six servers each. Only two of them run at the
//! same time.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../support/mod.rs"]
mod support;

mod cluster;
mod conformance;
mod endings;
mod one_slot;
mod sentinel;
mod tls;

mod load;
mod nodes;
mod slots;

use std::io::Write;
use std::process::Command;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// Prints figures. Not with `eprintln!`, which shows only if the test fails.
fn report(line: &str) {
    std::io::stderr()
        .write_all(format!("{line}\n").as_bytes())
        .unwrap();
}

/// Fails a test that hangs.
async fn within(limit: Duration, test: impl Future<Output = ()>) {
    tokio::time::timeout(limit, test)
        .await
        .expect("the test took too long");
}

/// Runs `redis-cli` and returns its output.
fn redis_cli(port: u16, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", &port.to_string()])
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Waits for something outside this process.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "not within 20 seconds: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// One of the deployments that may run at the same time. Frees its place when dropped.
struct Place;

static FREE: (Mutex<u32>, Condvar) = (Mutex::new(2), Condvar::new());

impl Place {
    fn take() -> Self {
        let free = FREE.0.lock().unwrap();
        *FREE.1.wait_while(free, |free| *free == 0).unwrap() -= 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *FREE.0.lock().unwrap() += 1;
        FREE.1.notify_one();
    }
}

/// How long after a fault requests may fail, including the quiet time that shows its end.
const LIMIT: Duration = Duration::from_secs(18);
const QUIET: Duration = Duration::from_secs(3);
