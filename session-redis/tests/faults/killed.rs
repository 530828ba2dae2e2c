//! The server dies, at each moment of a request.

use std::time::{Duration, Instant};

use crate::common::{Server, ServerExt as _, open, stored};
use crate::proxy::{Proxy, Rule};
use crate::{MINUTE, behind, finish, read_back, report, request, within};

/// A server whose data survives a crash: each write is on disk before it is answered.
fn durable() -> Server {
    Server::with(&["--appendonly", "yes", "--appendfsync", "always"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_load_the_session_reads_as_empty_and_is_back_with_the_server() {
    within(MINUTE, async {
        let mut server = durable();
        let manager = server.manager().await;
        let token = stored(&manager, "n", 1).await;
        server.kill();
        let mut worst = Duration::ZERO;
        // The first finds a connection that was cut, the others none at all.
        for _ in 0..3 {
            let answer = request(&manager, Some(&token), |session| session.put("n", 2)).await;
            answer.assert_unavailable();
            worst = worst.max(answer.worst);
        }
        server.restart();
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, Some(1), "an answer that claimed success is readable, and nothing else was saved");
        let saved = request(&manager, Some(&token), |session| session.put("n", 3)).await;
        assert!(saved.is_saved(), "{saved:?}");
        let result = format!("session unavailable, write refused, cookie kept; stored: as before; works again after {} ms", recovered.as_millis());
        report("killed before load, back with its data", result, worst);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_load_and_save_the_commit_fails_and_the_old_record_stands() {
    within(MINUTE, async {
        let mut server = durable();
        let manager = server.manager().await;
        let token = stored(&manager, "n", 1).await;
        let start = Instant::now();
        let session = open(&manager, &token).await;
        let opened = start.elapsed();
        server.kill();
        let answer = finish(&manager, &session, opened, |session| session.put("n", 2)).await;
        answer.assert_not_saved();
        server.restart();
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, Some(1), "the server never saw the save");
        let result = format!(
            "commit Unavailable, cookie kept; stored: as before; works again after {} ms",
            recovered.as_millis()
        );
        report("killed between load and save", result, answer.worst);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_during_save_the_commit_fails_although_the_record_may_be_stored() {
    within(MINUTE, async {
        let mut server = durable();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let token = stored(&manager, "n", 1).await;
        proxy.set(Rule::Hold("during-save".to_owned()));
        let killing = async {
            proxy.held().await;
            server.kill();
            proxy.cut_all();
        };
        let saving = request(&manager, Some(&token), |session| session.put("note", "during-save"));
        let ((), answer) = tokio::join!(killing, saving);
        answer.assert_not_saved();
        proxy.set(Rule::Pass);
        server.restart();
        let (note, recovered) = read_back::<String>(&manager, &token, "note").await;
        // The server had carried it out. What was not acknowledged may be stored, and once only.
        assert_eq!(note.as_deref(), Some("during-save"));
        assert_eq!(open(&manager, &token).await.get("n").unwrap(), Some(1));
        let result = format!("commit Unavailable, cookie kept; stored: the new record, not acknowledged; works again after {} ms", recovered.as_millis());
        report("killed during save, answer held back", result, answer.worst);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_empty_the_session_is_new_and_no_late_write_revives_it() {
    within(MINUTE, async {
        let mut server = Server::start();
        let manager = server.manager().await;
        let token = stored(&manager, "n", 1).await;
        // Loaded before the crash, saved after it.
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
            "a record that is gone stays gone"
        );
        let answer = request(&manager, Some(&token), |session| session.put("n", 3)).await;
        assert!(
            answer.available && answer.new && answer.is_saved(),
            "{answer:?}"
        );
        assert_eq!(
            read_back::<u32>(&manager, &token, "n").await.0,
            None,
            "never under the client's old id"
        );
        let result = format!(
            "a new session under a new id, late write dropped; works again after {} ms",
            recovered.as_millis()
        );
        report("restarted empty", result, answer.worst.max(late.worst));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_with_its_data_every_acknowledged_write_is_there() {
    within(MINUTE, async {
        let mut server = durable();
        let manager = server.manager().await;
        let tokens = [
            stored(&manager, "n", 0).await,
            stored(&manager, "n", 0).await,
        ];
        let (mut worst, mut failed, mut acknowledged) = (Duration::ZERO, 0, [0; 2]);
        for round in 1..=3 {
            for (token, acknowledged) in tokens.iter().zip(&mut acknowledged) {
                let answer = request(&manager, Some(token), move |session| {
                    session.put("n", round)
                })
                .await;
                worst = worst.max(answer.worst);
                match answer.is_saved() {
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
