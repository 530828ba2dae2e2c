//! The connection is cut in the middle of a command.

use std::time::Duration;

use fred::interfaces::KeysInterface;
use session_core::Outcome;

use crate::common::{Server, ServerExt as _, open, stored};
use crate::proxy::{Proxy, Rule};
use crate::{MINUTE, behind, finish, id, read_back, report, request, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_while_loading_nothing_is_saved_although_the_server_is_there() {
    within(MINUTE, async {
        let server = Server::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let token = stored(&manager, "n", 1).await;
        for (name, rule) in [
            (
                "load cut before the server saw it",
                Rule::CutBefore(id(&token)),
            ),
            ("load cut before its answer", Rule::CutAfter(id(&token))),
        ] {
            proxy.set(rule);
            let session = open(&manager, &token).await;
            assert!(!session.is_available());
            // Back before the save.
            proxy.set(Rule::Pass);
            read_back::<u32>(&manager, &token, "n").await;
            let answer = finish(&manager, &session, Duration::ZERO, |session| {
                session.put("n", 2)
            })
            .await;
            answer.assert_unavailable();
            assert_eq!(read_back::<u32>(&manager, &token, "n").await.0, Some(1));
            report(
                name,
                "session unavailable, write refused, cookie kept; stored: as before",
                answer.worst,
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_while_saving_the_commit_fails_and_is_not_repeated() {
    within(MINUTE, async {
        let server = Server::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let token = stored(&manager, "n", 0).await;
        // The note makes the save known to the proxy; the counter shows how often it was carried out.
        for (name, rule, carried_out) in [
            ("save cut before the server saw it", Rule::CutBefore as fn(_) -> _, 0),
            ("save cut before its answer", Rule::CutAfter as fn(_) -> _, 1),
        ] {
            proxy.set(rule(name.to_owned()));
            let answer = request(&manager, Some(&token), |session| {
                session.update("n", 0, |n: u32| n + 1)?;
                session.put("note", name)
            })
            .await;
            proxy.set(Rule::Pass);
            answer.assert_not_saved();
            let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
            assert_eq!(n, Some(carried_out), "{name}");
            let result = format!(
                "commit Unavailable, cookie kept; carried out {carried_out} times; works again after {} ms",
                recovered.as_millis()
            );
            report(name, result, answer.worst);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_while_a_new_session_is_saved_the_client_gets_no_cookie() {
    within(MINUTE, async {
        let server = Server::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        for (name, rule) in [
            (
                "new session cut before the server saw it",
                Rule::CutBefore as fn(_) -> _,
            ),
            (
                "new session cut before its answer",
                Rule::CutAfter as fn(_) -> _,
            ),
        ] {
            proxy.set(rule(name.to_owned()));
            let answer = request(&manager, None, |session| session.put("note", name)).await;
            proxy.set(Rule::Pass);
            answer.assert_not_saved();
            report(name, "commit Unavailable, no cookie", answer.worst);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_while_regenerating_the_client_keeps_a_session_that_works_or_none() {
    within(MINUTE, async {
        let server = Server::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        for (name, after) in [
            ("removal of the old id cut before", false),
            ("removal of the old id cut after", true),
        ] {
            let token = stored(&manager, "n", 1).await;
            let session = open(&manager, &token).await;
            session.regenerate().unwrap();
            session.put("n", 2).unwrap();
            // The first command that names the old id is the one that removes it.
            proxy.set(if after {
                Rule::CutAfter(id(&token))
            } else {
                Rule::CutBefore(id(&token))
            });
            let answer = finish(&manager, &session, Duration::ZERO, |_| Ok(())).await;
            proxy.set(Rule::Pass);
            answer.assert_not_saved();
            let (n, _) = read_back::<u32>(&manager, &token, "n").await;
            // A login that failed must not go through behind the caller's back: the new id works for nobody.
            assert_eq!(n, if after { None } else { Some(1) }, "{name}");
            let client = server.client().await;
            let new = format!("session:{}", session.id().unwrap().as_str());
            let left: usize = client.exists(new).await.unwrap();
            report(
                name,
                format!(
                    "commit Unavailable; under the old id {n:?}; new record left behind: {left}"
                ),
                answer.worst,
            );
        }
        // Whoever was logged out so signs in again.
        let answer = request(&manager, None, |session| session.put("n", 3)).await;
        assert!(matches!(answer.outcome, Ok(Outcome::Set(_))), "{answer:?}");
    })
    .await;
}
