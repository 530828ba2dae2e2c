//! The server dies at various moments of a request.

use std::time::{Duration, Instant};

use crate::proxy::{Proxy, Rule};
use crate::support::{RedisServer, TestRedis, open, store};
use crate::{DURABLE, MINUTE, behind, finish, read_back, report, request, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_before_the_load_makes_the_session_unavailable() {
    within(MINUTE, async {
        let TestRedis { mut server, manager, .. } = TestRedis::with(DURABLE).await;
        let token = store(&manager, "n", 1).await;
        server.kill();
        let mut worst = Duration::ZERO;
        // The first request finds a broken connection, the others none at all.
        for _ in 0..3 {
            let served = request(&manager, Some(&token), |session| session.put("n", 2)).await;
            served.assert_unavailable();
            worst = worst.max(served.worst);
        }
        server.restart();
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, Some(1), "the acknowledged save is there, and nothing else");
        let saved = request(&manager, Some(&token), |session| session.put("n", 3)).await;
        assert!(saved.is_saved(), "{saved:?}");
        let result = format!("session unavailable, write refused, cookie kept; stored: as before; recovered after {} ms", recovered.as_millis());
        report("killed before load, back with its data", result, worst);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_between_load_and_save_keeps_the_old_record() {
    within(MINUTE, async {
        let TestRedis {
            mut server,
            manager,
            ..
        } = TestRedis::with(DURABLE).await;
        let token = store(&manager, "n", 1).await;
        let start = Instant::now();
        let session = open(&manager, &token).await;
        let opened = start.elapsed();
        server.kill();
        let served = finish(&manager, &session, opened, |session| session.put("n", 2)).await;
        served.assert_not_saved();
        server.restart();
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, Some(1), "the server never saw the save");
        let result = format!(
            "commit Unavailable, cookie kept; stored: as before; recovered after {} ms",
            recovered.as_millis()
        );
        report("killed between load and save", result, served.worst);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_during_the_save_may_have_stored_it() {
    within(MINUTE, async {
        let mut server = RedisServer::with(DURABLE);
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let token = store(&manager, "n", 1).await;
        proxy.set(Rule::Hold("during-save".to_owned()));
        let killing = async {
            proxy.held().await;
            server.kill();
            proxy.cut_all();
        };
        let saving = request(&manager, Some(&token), |session| session.put("note", "during-save"));
        let ((), served) = tokio::join!(killing, saving);
        served.assert_not_saved();
        proxy.set(Rule::Pass);
        server.restart();
        let (note, recovered) = read_back::<String>(&manager, &token, "note").await;
        // The server carried it out. A save that was not acknowledged may be stored, but only once.
        assert_eq!(note.as_deref(), Some("during-save"));
        assert_eq!(open(&manager, &token).await.get("n").unwrap(), Some(1));
        let result = format!("commit Unavailable, cookie kept; stored: the new record, not acknowledged; recovered after {} ms", recovered.as_millis());
        report("killed during save, reply held back", result, served.worst);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_its_data_resurrects_no_session() {
    within(MINUTE, async {
        let TestRedis {
            mut server,
            manager,
            ..
        } = TestRedis::start().await;
        let token = store(&manager, "n", 1).await;
        // Loaded before the crash, committed after it.
        let slow = open(&manager, &token).await;
        server.kill();
        server.restart();
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, None, "the server lost its data by design");
        let late = finish(&manager, &slow, Duration::ZERO, |session| {
            session.put("n", 2)
        })
        .await;
        assert_eq!(
            late.outcome,
            Ok(session_core::Outcome::Keep),
            "an ended session is never resurrected"
        );
        let served = request(&manager, Some(&token), |session| session.put("n", 3)).await;
        assert!(
            served.available && served.new && served.is_saved(),
            "{served:?}"
        );
        assert_eq!(
            read_back::<u32>(&manager, &token, "n").await.0,
            None,
            "the old id is not used again"
        );
        let result = format!(
            "a new session under a new id, late write dropped; recovered after {} ms",
            recovered.as_millis()
        );
        report("restarted empty", result, served.worst.max(late.worst));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_kept_its_data_has_every_acknowledged_write() {
    within(MINUTE, async {
        let TestRedis {
            mut server,
            manager,
            ..
        } = TestRedis::with(DURABLE).await;
        let tokens = [store(&manager, "n", 0).await, store(&manager, "n", 0).await];
        let (mut worst, mut failed, mut acknowledged) = (Duration::ZERO, 0, [0; 2]);
        for round in 1..=3 {
            for (token, acknowledged) in tokens.iter().zip(&mut acknowledged) {
                let served = request(&manager, Some(token), move |session| {
                    session.put("n", round)
                })
                .await;
                worst = worst.max(served.worst);
                match served.is_saved() {
                    true => *acknowledged = round,
                    false => failed += 1,
                }
            }
            server.kill();
            let down = request(&manager, Some(&tokens[0]), |session| session.put("n", 99)).await;
            down.assert_unavailable();
            worst = worst.max(down.worst);
            server.restart();
            for (token, acknowledged) in tokens.iter().zip(acknowledged) {
                let (n, _) = read_back::<u32>(&manager, token, "n").await;
                assert_eq!(n, Some(acknowledged));
            }
        }
        report(
            "restarted with its data, three times",
            format!("{failed} of 6 saves failed; stored: every acknowledged write"),
            worst,
        );
    })
    .await;
}
