//! The driver does not storm a server that is down, or just back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};

use crate::proxy::Proxy;
use crate::support::{RedisServer, TestRedis, store};
use crate::{DURABLE, LONGEST_RECOVERY, MINUTE, behind, read_back, report, request, within};

/// Sends 64 requests at a time for five seconds. Returns how many, and the longest time that one
/// took.
async fn storm(
    manager: &session_core::SessionManager,
    token: &session_core::Token,
) -> (usize, Duration) {
    let over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (manager, token, over) = (manager.clone(), token.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let (mut requests, mut worst) = (0, Duration::ZERO);
                while !over.load(Ordering::SeqCst) {
                    let served =
                        request(&manager, Some(&token), |session| session.put("n", 2)).await;
                    served.assert_unavailable();
                    requests += 1;
                    worst = worst.max(served.worst);
                    // A client's pause, where the response is immediate.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                (requests, worst)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(5)).await;
    over.store(true, Ordering::SeqCst);
    let (mut requests, mut worst) = (0, Duration::ZERO);
    for task in tasks {
        let (task_requests, task_worst) = task.await.unwrap();
        requests += task_requests;
        worst = worst.max(task_worst);
    }
    (requests, worst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_closes_connections_is_not_stormed() {
    within(MINUTE, async {
        let mut server = RedisServer::with(DURABLE);
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let token = store(&manager, "n", 1).await;
        let before = proxy.accepted();
        server.kill();
        let (requests, worst) = storm(&manager, &token).await;
        let attempts = proxy.accepted() - before;
        server.restart();
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, Some(1));
        let result = format!(
            "{requests} requests, {attempts} connection attempts; recovered after {} ms",
            recovered.as_millis()
        );
        report(
            "down for 5 s behind a proxy that accepts and closes, 64 at a time",
            result,
            worst,
        );
        assert!(attempts <= MOST_ATTEMPTS, "{attempts} attempts");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_is_not_stormed() {
    within(MINUTE, async {
        let TestRedis {
            mut server,
            manager,
            ..
        } = TestRedis::with(DURABLE).await;
        let token = store(&manager, "n", 1).await;
        server.kill();
        let accepted = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind(("127.0.0.1", server.port)).await.unwrap();
        let count = Arc::clone(&accepted);
        let silent = tokio::spawn(async move {
            let mut held: Vec<TcpStream> = Vec::new();
            loop {
                held.push(listener.accept().await.unwrap().0);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        let (requests, worst) = storm(&manager, &token).await;
        let attempts = accepted.load(Ordering::SeqCst);
        silent.abort();
        let _ = silent.await;
        server.restart();
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, Some(1));
        let result = format!(
            "{requests} requests, {attempts} connection attempts; recovered after {} ms",
            recovered.as_millis()
        );
        report("silent for 5 s, accepting, 64 at a time", result, worst);
        assert!(attempts <= MOST_ATTEMPTS, "{attempts} attempts");
    })
    .await;
}

/// All of them, not just the one that the next request happens to use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_of_the_pool_recovers() {
    within(MINUTE, async {
        let TestRedis {
            mut server,
            manager,
            ..
        } = TestRedis::with(DURABLE).await;
        let token = store(&manager, "n", 1).await;
        server.kill();
        tokio::time::sleep(Duration::from_secs(2)).await;
        server.restart();
        let start = Instant::now();
        let (mut in_a_row, mut failed, mut worst) = (0, 0, Duration::ZERO);
        // There are no other requests, so this also shows that the driver reconnects without one.
        while in_a_row < 8 {
            let served = request(&manager, Some(&token), |_| Ok(())).await;
            worst = worst.max(served.worst);
            in_a_row = if served.available { in_a_row + 1 } else { 0 };
            failed += usize::from(!served.available);
            assert!(
                start.elapsed() < LONGEST_RECOVERY + Duration::from_secs(4),
                "no recovery"
            );
        }
        let result = format!(
            "all connections work again after {} ms, {failed} requests failed meanwhile",
            start.elapsed().as_millis()
        );
        report("down for 2 s without requests", result, worst);
    })
    .await;
}

/// For a pool of four in five seconds. Each connection tries after 0.1, 0.2, 0.4, 0.8, 1.6, 2 …
/// seconds, about seven times. This is twice that, for a busy machine.
const MOST_ATTEMPTS: usize = 60;
