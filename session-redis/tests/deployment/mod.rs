//! What a Cluster and a Sentinel deployment have to show: the basics, and traffic that goes on when a master
//! fails.
#![allow(dead_code, reason = "each test program uses some of it")]

pub(crate) mod basics;
pub(crate) mod cluster;
pub(crate) mod load;

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use fred::types::Key;
use fred::util::redis_keyslot;
use session_core::{SessionManager, Token};

/// Prints a figure past the test harness, which keeps what is printed the usual way.
pub(crate) fn report(line: &str) {
    std::io::stderr()
        .write_all(format!("{line}\n").as_bytes())
        .unwrap();
}

/// No test hangs.
pub(crate) async fn within(limit: Duration, test: impl Future<Output = ()>) {
    tokio::time::timeout(limit, test)
        .await
        .expect("the test took too long");
}

/// Runs redis-cli against a server and returns what it printed.
pub(crate) fn ask(port: u16, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", &port.to_string()])
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until something outside this process is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The slot of a session's key in a Cluster.
pub(crate) fn slot(token: &Token) -> u16 {
    let id = token.as_str().split('.').next().unwrap();
    redis_keyslot(Key::from(format!("session:{id}")).as_bytes())
}

/// Waits until sessions in every third of the slots can be stored and read, and says how long that took.
pub(crate) async fn all_slots_work(manager: &SessionManager) -> Duration {
    let start = Instant::now();
    let mut works = [false; 3];
    while works.contains(&false) {
        assert!(
            start.elapsed() < Duration::from_secs(15),
            "slots without service: {works:?}"
        );
        let session = manager.open(None).await.unwrap();
        session.put("n", 1).unwrap();
        if let Ok(session_core::Outcome::Set(token)) = manager.commit(&session).await {
            let session = manager.open(Some(token.as_str())).await.unwrap();
            works[usize::from(slot(&token)) * 3 / 16_384] |= session.get("n").unwrap() == Some(1);
        }
    }
    start.elapsed()
}
