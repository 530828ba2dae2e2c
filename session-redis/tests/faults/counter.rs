//! A counter behind a connection that is cut over and over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::proxy::{Proxy, Rule};
use crate::support::{RedisServer, store};
use crate::{MINUTE, behind, read_back, report, request, within};

/// The results of a task's requests.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    acknowledged: u32,
    /// The commit failed, so it may have been carried out or not.
    unknown: u32,
    /// The load failed, so nothing was saved.
    refused: u32,
    worst: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_increment_is_lost_or_counted_twice_over_200_cuts() {
    within(MINUTE, async {
        let server = RedisServer::start();
        let proxy = Arc::new(Proxy::to(server.port).await);
        let manager = behind(&proxy).await;
        let token = store(&manager, "n", 0).await;
        proxy.set(Rule::Random(CUTS));
        let start = Instant::now();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (manager, token, proxy) = (manager.clone(), token.clone(), Arc::clone(&proxy));
                tokio::spawn(async move {
                    let mut tally = Tally::default();
                    while proxy.cuts() < CUTS {
                        let served = request(&manager, Some(&token), |session| {
                            session.update("n", 0, |n: u32| n + 1).map(drop)
                        })
                        .await;
                        served.assert_in_time();
                        tally.worst = tally.worst.max(served.worst);
                        match (served.available, served.is_saved(), &served.outcome) {
                            (true, true, _) => tally.acknowledged += 1,
                            (true, false, Err(_)) => tally.unknown += 1,
                            (true, false, Ok(outcome)) => panic!("a live session was dropped: {outcome:?}"),
                            (false, ..) => tally.refused += 1,
                        }
                    }
                    tally
                })
            })
            .collect();
        let mut sum = Tally::default();
        for task in tasks {
            let tally = task.await.unwrap();
            sum.acknowledged += tally.acknowledged;
            sum.unknown += tally.unknown;
            sum.refused += tally.refused;
            sum.worst = sum.worst.max(tally.worst);
        }
        let took = start.elapsed();
        let n = read_back::<u32>(&manager, &token, "n").await.0.unwrap();
        let Tally { acknowledged, unknown, refused, worst } = sum;
        let result = format!(
            "{acknowledged} acknowledged, {unknown} unknown, {refused} refused at load, counter {n}, in {} ms",
            took.as_millis()
        );
        report("200 random cuts under a counter", result, worst);
        assert!(n >= acknowledged, "acknowledged increments are lost: {n} of {acknowledged}");
        assert!(n <= acknowledged + unknown, "increments are counted twice: {n}, {acknowledged} and {unknown}");
    })
    .await;
}

const CUTS: u32 = 200;
