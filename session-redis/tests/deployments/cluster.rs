//! A Cluster: a master that dies or goes silent under load, slots that move, and counting.

use std::error::Error as _;
use std::time::{Duration, Instant};

use session_core::{SessionManager, Token};
use session_redis::RedisDriver;

use crate::load::Load;
use crate::nodes::Cluster;
use crate::slots::{slot, third, wait_for_all_slots};
use crate::support::{Recovery, key_of, manager, open, store, stores};
use crate::{redis_cli, report, wait_until, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_survive_the_death_of_a_master() {
    let mut cluster = Cluster::start(1, &[]);
    within(Duration::from_secs(80), async {
        let all = RedisDriver::connect(cluster.url(0..6)).await.unwrap();
        // A driver whose URL has only one node must not depend on it later.
        let one = RedisDriver::connect(cluster.url(0..1)).await.unwrap();
        let (all, one) = (manager(all), manager(one));
        let (by_all, by_one) = (Load::start(&all), Load::start(&one));
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.servers[0].kill();
        let fault = Instant::now();
        tokio::join!(by_all.settle(fault), by_one.settle(fault));
        let by_all = by_all
            .stop("cluster: master killed, URL with all nodes", fault)
            .await;
        let by_one = by_one
            .stop("cluster: master killed, URL with that node only", fault)
            .await;
        for figures in [by_all, by_one] {
            figures.assert_recovered(fault);
        }
        let (all, one) = tokio::join!(wait_for_all_slots(&all), wait_for_all_slots(&one));
        report(&format!(
            "cluster: all slots work after {} ms",
            all.max(one).as_millis()
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_survive_a_master_that_goes_silent() {
    // The other masters keep serving, so only the silence reveals the fault.
    let cluster = Cluster::start(1, &["--cluster-require-full-coverage", "no"]);
    within(Duration::from_secs(80), async {
        let manager = manager(RedisDriver::connect(cluster.url(0..6)).await.unwrap());
        let load = Load::start(&manager);
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.servers[0].signal("STOP");
        let fault = Instant::now();
        load.settle(fault).await;
        let figures = load.stop("cluster: master silent", fault).await;
        figures.assert_recovered(fault);
        wait_for_all_slots(&manager).await;
    })
    .await;
}

/// Moves the slot of a session key by key, as `redis-cli --cluster reshard` does, and uses the
/// session meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_work_while_their_slot_moves() {
    let cluster = Cluster::start(0, &[]);
    within(Duration::from_secs(60), async {
        let manager = manager(RedisDriver::connect(cluster.url(0..3)).await.unwrap());
        let token = store(&manager, "n", 1).await;
        let elsewhere = store(&manager, "n", 2).await;
        let (from, to) = {
            let owner = third(&token);
            (
                cluster.servers[owner].port,
                cluster.servers[(owner + 1) % 3].port,
            )
        };
        let number = slot(&token).to_string();
        let [from_id, to_id] =
            [from, to].map(|port| redis_cli(port, &["cluster", "myid"]).trim().to_owned());
        let mut failed = Vec::new();
        let mut use_both = async |when: &str| {
            for token in [&token, &elsewhere].repeat(8) {
                if let Err(problem) = read_and_write(&manager, token).await {
                    failed.push(format!("{when}: {problem}"));
                }
            }
        };
        use_both("before").await;
        redis_cli(to, &["cluster", "setslot", &number, "importing", &from_id]);
        redis_cli(from, &["cluster", "setslot", &number, "migrating", &to_id]);
        use_both("while the slot is open").await;
        let moved = redis_cli(
            from,
            &[
                "migrate",
                "127.0.0.1",
                &to.to_string(),
                &key_of(&token),
                "0",
                "1000",
            ],
        );
        assert_eq!(moved.trim(), "OK");
        use_both("once the key has moved").await;
        for port in [to, from] {
            redis_cli(port, &["cluster", "setslot", &number, "node", &to_id]);
        }
        use_both("once the slot has moved").await;
        report(&format!(
            "cluster: a slot moved during use: {} of 64 requests failed {failed:?}",
            failed.len()
        ));
        assert_eq!(open(&manager, &elsewhere).await.get("n").unwrap(), Some(2));
        assert_eq!(open(&manager, &token).await.get("n").unwrap(), Some(1));
        // A redirection that the driver did not follow fails only its own request.
        assert!(failed.len() <= 8, "{failed:?}");
    })
    .await;
}

/// Nodes that answer, but not for these sessions: a master that became a replica, and a Cluster that
/// is down because one slot has no owner.
#[tokio::test]
async fn a_planned_failover_and_a_cluster_that_is_down_are_noticed() {
    let cluster = Cluster::start(1, &[]);
    within(Duration::from_secs(60), async {
        let manager = manager(RedisDriver::connect(cluster.url(0..6)).await.unwrap());
        wait_for_all_slots(&manager).await;
        let mut recovery = Recovery::watch();
        let master = cluster.servers[0].port;
        let mut replicas = cluster.servers[3..].iter().map(|replica| replica.port);
        let replica = replicas.find(|port| {
            let role = redis_cli(*port, &["role"]);
            role.contains(&master.to_string())
        });
        redis_cli(replica.unwrap(), &["cluster", "failover"]);
        wait_until("the old master is a replica", || {
            redis_cli(master, &["role"]).starts_with("slave")
        });
        let took = wait_for_all_slots(&manager).await;
        Recovery::report("cluster: planned failover, all slots", took);
        // The old master redirects to the new one, so that is no outage.
        assert!(!recovery.lines().contains("Redis"), "{}", recovery.lines());
        let owner = cluster.servers[2].port;
        redis_cli(owner, &["cluster", "delslots", "16383"]);
        wait_until("the cluster is down", || {
            redis_cli(owner, &["cluster", "info"]).contains("cluster_state:fail")
        });
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            stores(&manager).await;
        }
        redis_cli(owner, &["cluster", "addslots", "16383"]);
        let took = wait_for_all_slots(&manager).await;
        Recovery::report("cluster: down and up again, all slots", took);
        recovery.assert_logged(&["CLUSTERDOWN"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_on_all_masters_are_counted() {
    let cluster = Cluster::start(0, &[]);
    within(Duration::from_secs(30), async {
        let driver = RedisDriver::connect(cluster.url(0..1)).await.unwrap();
        assert_eq!(
            driver.pool().size(),
            4,
            "others serve while one searches for a master"
        );
        let manager = manager(driver.clone());
        let mut counts = [0; 3];
        for n in 0..60 {
            let token = store(&manager, "n", n).await;
            counts[third(&token)] += 1;
        }
        assert!(!counts.contains(&0), "not on every master: {counts:?}");
        assert_eq!(driver.count().await.unwrap(), 60);
    })
    .await;
}

async fn read_and_write(manager: &SessionManager, token: &Token) -> Result<(), String> {
    let session = open(manager, token).await;
    if !session.is_available() {
        return Err("not loaded".to_owned());
    }
    assert!(!session.is_new(), "the session is lost");
    session.put("m", 1).unwrap();
    manager
        .commit(&session)
        .await
        .map(drop)
        .map_err(|error| format!("not saved, {:?}", error.source()))
}
