//! The server, or the way to it, goes silent: it rejects nothing and answers nothing.

use std::time::{Duration, Instant};

use session_core::ErrorKind;

use crate::proxy::{Proxy, Rule};
use crate::support::{RedisServer, TestRedis, id_of, open, store};
use crate::{
    LONGEST_RECOVERY, LONGEST_STEP, MINUTE, behind, finish, read_back, report, request, warm,
    within,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_to_a_paused_server_ends_in_time() {
    within(MINUTE, async {
        let TestRedis { server, manager, .. } = TestRedis::start().await;
        warm(&manager).await;
        let token = store(&manager, "n", 1).await;
        let loaded = open(&manager, &token).await;
        server.signal("STOP");
        let start = Instant::now();
        let commit = finish(&manager, &loaded, Duration::ZERO, |session| session.put("late", true)).await;
        commit.assert_not_saved();
        let (mut worst, mut requests) = (commit.worst, 1);
        while start.elapsed() < Duration::from_secs(5) {
            let served = request(&manager, Some(&token), |session| session.put("n", 2)).await;
            served.assert_unavailable();
            worst = worst.max(served.worst);
            requests += 1;
        }
        server.signal("CONT");
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, Some(1), "a session that failed to load saves nothing");
        // A command that was on its way when the driver gave up is carried out after all. Its
        // result counts as unknown.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let late = open(&manager, &token).await.has("late");
        let saved = request(&manager, Some(&token), |session| session.put("n", 3)).await;
        assert!(saved.is_saved(), "{saved:?}");
        let result = format!(
            "{requests} requests, commit Unavailable, then sessions unavailable, cookie kept; the abandoned \
             save is stored later: {late}; recovered after {} ms",
            recovered.as_millis()
        );
        report("paused for 5 s", result, worst);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_between_the_steps_of_a_regenerate_ends_in_time() {
    within(MINUTE, async {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let token = store(&manager, "n", 1).await;
        let session = open(&manager, &token).await;
        session.regenerate().unwrap();
        session.put("note", "regenerated").unwrap();
        // The new record is stored. The server then receives the removal of the old one and stops,
        // so that it does not answer the removal of the new one either.
        proxy.set(Rule::Hold(id_of(&token).to_owned()));
        let start = Instant::now();
        let stopping = async {
            proxy.held().await;
            server.signal("STOP");
        };
        let (outcome, ()) = tokio::join!(manager.commit(&session), stopping);
        let took = start.elapsed();
        server.signal("CONT");
        proxy.set(Rule::Pass);
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
        let (n, _) = read_back::<u32>(&manager, &token, "n").await;
        report(
            "stopped between the steps of a regenerate",
            format!("commit Unavailable, cookie kept; under the old id {n:?}"),
            took,
        );
        assert!(took < LONGEST_STEP, "{took:?}");
    })
    .await;
}

/// A host that lost power sends nothing, not even the end of its connections. Requests come at a
/// steady rate, as from many users, no matter whether earlier ones got a response.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_are_replaced_even_under_load() {
    within(MINUTE, async {
        let server = RedisServer::start();
        for per_second in [2, 200] {
            let proxy = Proxy::to(server.port).await;
            let manager = behind(&proxy).await;
            let token = store(&manager, "n", 1).await;
            proxy.set(Rule::Vanish);
            let start = Instant::now();
            let end = LONGEST_RECOVERY + Duration::from_secs(3);
            let mut requests = Vec::new();
            while start.elapsed() < end {
                let (manager, token, since) = (manager.clone(), token.clone(), start.elapsed());
                requests.push(tokio::spawn(async move {
                    (since, request(&manager, Some(&token), |_| Ok(())).await)
                }));
                tokio::time::sleep(Duration::from_secs(1) / per_second).await;
            }
            let (mut failed, mut worst, mut last_failure) = (0, Duration::ZERO, Duration::ZERO);
            for request in requests {
                let (since, served) = request.await.unwrap();
                served.assert_in_time();
                worst = worst.max(served.worst);
                if !served.available {
                    failed += 1;
                    last_failure = last_failure.max(since);
                }
            }
            let result = format!(
                "{failed} requests failed, the last {} ms after the silence began",
                last_failure.as_millis()
            );
            report(
                &format!("all connections went silent, {per_second} requests a second"),
                result,
                worst,
            );
            assert!(
                last_failure < LONGEST_RECOVERY,
                "the driver still writes into dead connections"
            );
        }
    })
    .await;
}
