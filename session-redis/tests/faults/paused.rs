//! The server, or the way to it, falls silent: nothing is refused and nothing is answered.

use std::time::{Duration, Instant};

use session_core::ErrorKind;

use crate::common::{Server, ServerExt as _, open, stored};
use crate::proxy::{Proxy, Rule};
use crate::{
    LONGEST_RECOVERY, LONGEST_STEP, MINUTE, behind, finish, id, read_back, report, request, warm,
    within,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_for_5_seconds_every_request_is_answered_in_time() {
    within(MINUTE, async {
        let server = Server::start();
        let manager = server.manager().await;
        warm(&manager).await;
        let token = stored(&manager, "n", 1).await;
        let loaded = open(&manager, &token).await;
        server.signal("STOP");
        let start = Instant::now();
        let commit = finish(&manager, &loaded, Duration::ZERO, |session| session.put("late", true)).await;
        commit.assert_not_saved();
        let (mut worst, mut requests) = (commit.worst, 1);
        while start.elapsed() < Duration::from_secs(5) {
            let answer = request(&manager, Some(&token), |session| session.put("n", 2)).await;
            answer.assert_unavailable();
            worst = worst.max(answer.worst);
            requests += 1;
        }
        server.signal("CONT");
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, Some(1), "no session whose load failed saved anything");
        // What was on its way when it was given up is carried out after all: unknown means unknown.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let late = open(&manager, &token).await.has("late");
        let saved = request(&manager, Some(&token), |session| session.put("n", 3)).await;
        assert!(saved.is_saved(), "{saved:?}");
        let result = format!(
            "{requests} requests, commit Unavailable, then sessions unavailable, cookie kept; the save that was \
             given up is stored later: {late}; works again after {} ms",
            recovered.as_millis()
        );
        report("paused for 5 s", result, worst);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_between_the_steps_of_a_regeneration_the_commit_still_ends_in_time() {
    within(MINUTE, async {
        let server = Server::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let token = stored(&manager, "n", 1).await;
        let session = open(&manager, &token).await;
        session.regenerate().unwrap();
        session.put("note", "regenerated").unwrap();
        // The new record is stored and answered. The server gets the removal of the old one, and is stopped then,
        // so that it does not answer the removal of the new one either.
        proxy.set(Rule::Hold(id(&token)));
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
            "stopped between the steps of a regeneration",
            format!("commit Unavailable, cookie kept; under the old id {n:?}"),
            took,
        );
        assert!(took < LONGEST_STEP, "{took:?}");
    })
    .await;
}

/// A host that lost its power says nothing, not even that the connection is over. Requests come at a steady rate,
/// as they do from many users, whether earlier ones were answered or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_fell_silent_are_replaced_also_under_load() {
    within(MINUTE, async {
        let server = Server::start();
        for per_second in [2, 200] {
            let proxy = Proxy::to(server.port).await;
            let manager = behind(&proxy).await;
            let token = stored(&manager, "n", 1).await;
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
                let (since, answer) = request.await.unwrap();
                answer.assert_in_time();
                worst = worst.max(answer.worst);
                if !answer.available {
                    failed += 1;
                    last_failure = last_failure.max(since);
                }
            }
            let result = format!(
                "{failed} requests failed, the last {} ms after the silence began",
                last_failure.as_millis()
            );
            report(
                &format!("all connections fell silent, {per_second} requests a second"),
                result,
                worst,
            );
            assert!(
                last_failure < LONGEST_RECOVERY,
                "the driver goes on writing into dead connections"
            );
        }
    })
    .await;
}
