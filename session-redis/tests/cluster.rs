//! A real Cluster: the basics, a master that dies or falls silent under load, and slots that move.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
mod deployment;

use std::time::{Duration, Instant};

use common::{manager, open, stored};
use deployment::cluster::Cluster;
use deployment::load::Load;
use deployment::{all_slots_work, ask, basics, report, slot, within};
use session_core::Token;
use session_redis::RedisDriver;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_live_in_a_cluster_and_survive_a_master_that_dies_under_load() {
    within(Duration::from_secs(80), async {
        let mut cluster = Cluster::start(1, &[]);
        let all = RedisDriver::connect(cluster.url(0..6)).await.unwrap();
        // Whoever named one node only must not depend on it later.
        let one = RedisDriver::connect(cluster.url(0..1)).await.unwrap();
        basics::pass(&all).await;
        report("cluster: the basics pass");

        let (all, one) = (manager(all), manager(one));
        let (by_all, by_one) = (Load::on(&all), Load::on(&one));
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.0[0].kill();
        let fault = Instant::now();
        tokio::join!(by_all.settle(fault, LIMIT), by_one.settle(fault, LIMIT));
        let by_all = by_all
            .stop("cluster: master killed, URL with all nodes", fault)
            .await;
        let by_one = by_one
            .stop("cluster: master killed, URL with that node only", fault)
            .await;
        for figures in [by_all, by_one] {
            assert!(
                figures
                    .last_failure
                    .is_none_or(|last| last < fault + LIMIT - QUIET),
                "requests go on failing"
            );
        }
        let (all, one) = tokio::join!(all_slots_work(&all), all_slots_work(&one));
        report(&format!(
            "cluster: all slot ranges work, shown within {} ms",
            all.max(one).as_millis()
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_survive_a_master_that_falls_silent_under_load() {
    within(Duration::from_secs(80), async {
        // The other masters go on, so that nothing but the silence tells of it.
        let cluster = Cluster::start(1, &["--cluster-require-full-coverage", "no"]);
        let manager = manager(RedisDriver::connect(cluster.url(0..6)).await.unwrap());
        let load = Load::on(&manager);
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.0[0].signal("STOP");
        let fault = Instant::now();
        load.settle(fault, LIMIT).await;
        let figures = load.stop("cluster: master silent", fault).await;
        assert!(
            figures
                .last_failure
                .is_none_or(|last| last < fault + LIMIT - QUIET),
            "requests go on failing"
        );
        all_slots_work(&manager).await;
    })
    .await;
}

/// Moves the slot of a session, key by key as `redis-cli --cluster reshard` does, and uses the session meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_served_while_their_slot_moves() {
    within(Duration::from_secs(60), async {
        let cluster = Cluster::start(0, &[]);
        let manager = manager(RedisDriver::connect(cluster.url(0..3)).await.unwrap());
        let token = stored(&manager, "n", 1).await;
        let elsewhere = stored(&manager, "n", 2).await;
        let (from, to) = {
            let owner = usize::from(slot(&token)) * 3 / 16_384;
            (cluster.0[owner].port, cluster.0[(owner + 1) % 3].port)
        };
        let number = slot(&token).to_string();
        let [from_id, to_id] =
            [from, to].map(|port| ask(port, &["cluster", "myid"]).trim().to_owned());
        let mut failed = Vec::new();
        let mut use_both = async |when: &str| {
            for token in [&token, &elsewhere].repeat(8) {
                if let Err(problem) = read_and_write(&manager, token).await {
                    failed.push(format!("{when}: {problem}"));
                }
            }
        };
        use_both("before").await;
        ask(to, &["cluster", "setslot", &number, "importing", &from_id]);
        ask(from, &["cluster", "setslot", &number, "migrating", &to_id]);
        use_both("while the slot is open").await;
        let id = token.as_str().split('.').next().unwrap();
        let moved = ask(
            from,
            &[
                "migrate",
                "127.0.0.1",
                &to.to_string(),
                &format!("session:{id}"),
                "0",
                "1000",
            ],
        );
        assert_eq!(moved.trim(), "OK");
        use_both("once the key has moved").await;
        for port in [to, from] {
            ask(port, &["cluster", "setslot", &number, "node", &to_id]);
        }
        use_both("once the slot has moved").await;
        report(&format!(
            "cluster: slot moved under use: {} of 64 requests failed {failed:?}",
            failed.len()
        ));
        assert_eq!(open(&manager, &elsewhere).await.get("n").unwrap(), Some(2));
        assert_eq!(open(&manager, &token).await.get("n").unwrap(), Some(1));
        // A redirection that was not followed costs its request, and no more than that.
        assert!(failed.len() <= 8, "{failed:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sessions_of_all_masters_are_counted() {
    within(Duration::from_secs(30), async {
        let cluster = Cluster::start(0, &[]);
        let driver = RedisDriver::connect(cluster.url(0..1)).await.unwrap();
        assert_eq!(
            driver.pool().size(),
            4,
            "one may look for a master, others answer"
        );
        let manager = manager(driver.clone());
        let mut held = [0; 3];
        for n in 0..60 {
            let token = stored(&manager, "n", n).await;
            held[usize::from(slot(&token)) * 3 / 16_384] += 1;
        }
        assert!(!held.contains(&0), "they are spread: {held:?}");
        assert_eq!(driver.count().await.unwrap(), 60);
    })
    .await;
}

async fn read_and_write(
    manager: &session_core::SessionManager,
    token: &Token,
) -> Result<(), String> {
    let session = open(manager, token).await;
    if !session.is_available() {
        return Err("not loaded".to_owned());
    }
    assert!(!session.is_new(), "a session is lost");
    session.put("m", 1).unwrap();
    manager
        .commit(&session)
        .await
        .map(drop)
        .map_err(|error| format!("not saved, {:?}", std::error::Error::source(&error)))
}

/// After the fault, until requests must have stopped failing, and a quiet time that shows it.
const LIMIT: Duration = Duration::from_secs(18);
const QUIET: Duration = Duration::from_secs(3);
