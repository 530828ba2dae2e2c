//! The connection breaks in the middle of a command.

use std::time::Duration;

use fred::interfaces::KeysInterface;
use session_core::Outcome;

use crate::proxy::{Proxy, Rule};
use crate::support::{RedisServer, client, id_of, open, store};
use crate::{MINUTE, behind, finish, read_back, report, request, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_during_the_load_makes_the_session_unavailable() {
    within(MINUTE, async {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let token = store(&manager, "n", 1).await;
        for (name, rule) in [
            (
                "load cut before the server saw it",
                Rule::CutBefore(id_of(&token).to_owned()),
            ),
            (
                "load cut before its reply",
                Rule::CutAfter(id_of(&token).to_owned()),
            ),
        ] {
            proxy.set(rule);
            let session = open(&manager, &token).await;
            assert!(!session.is_available());
            // The server is back before the save.
            proxy.set(Rule::Pass);
            read_back::<u32>(&manager, &token, "n").await;
            let served = finish(&manager, &session, Duration::ZERO, |session| {
                session.put("n", 2)
            })
            .await;
            served.assert_unavailable();
            assert_eq!(read_back::<u32>(&manager, &token, "n").await.0, Some(1));
            report(
                name,
                "session unavailable, write refused, cookie kept; stored: as before",
                served.worst,
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_during_the_save_fails_the_commit_without_a_retry() {
    within(MINUTE, async {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let token = store(&manager, "n", 0).await;
        // The proxy recognizes the save by the note. The counter shows how often it was carried
        // out.
        for (name, rule, carried_out) in [
            ("save cut before the server saw it", Rule::CutBefore as fn(_) -> _, 0),
            ("save cut before its reply", Rule::CutAfter as fn(_) -> _, 1),
        ] {
            proxy.set(rule(name.to_owned()));
            let served = request(&manager, Some(&token), |session| {
                session.update("n", 0, |n: u32| n + 1)?;
                session.put("note", name)
            })
            .await;
            proxy.set(Rule::Pass);
            served.assert_not_saved();
            let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
            assert_eq!(n, Some(carried_out), "{name}");
            let result = format!(
                "commit Unavailable, cookie kept; carried out {carried_out} times; recovered after {} ms",
                recovered.as_millis()
            );
            report(name, result, served.worst);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_during_the_save_of_a_new_session_sets_no_cookie() {
    within(MINUTE, async {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        for (name, rule) in [
            (
                "new session cut before the server saw it",
                Rule::CutBefore as fn(_) -> _,
            ),
            (
                "new session cut before its reply",
                Rule::CutAfter as fn(_) -> _,
            ),
        ] {
            proxy.set(rule(name.to_owned()));
            let served = request(&manager, None, |session| session.put("note", name)).await;
            proxy.set(Rule::Pass);
            served.assert_not_saved();
            report(name, "commit Unavailable, no cookie", served.worst);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_during_a_regenerate_leaves_the_old_session_or_none() {
    within(MINUTE, async {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        for (name, after) in [
            ("removal of the old id cut before the server saw it", false),
            ("removal of the old id cut before its reply", true),
        ] {
            let token = store(&manager, "n", 1).await;
            let session = open(&manager, &token).await;
            session.regenerate().unwrap();
            session.put("n", 2).unwrap();
            // The first command that names the old id removes its record.
            proxy.set(if after {
                Rule::CutAfter(id_of(&token).to_owned())
            } else {
                Rule::CutBefore(id_of(&token).to_owned())
            });
            let served = finish(&manager, &session, Duration::ZERO, |_| Ok(())).await;
            proxy.set(Rule::Pass);
            served.assert_not_saved();
            let (n, _) = read_back::<u32>(&manager, &token, "n").await;
            // The login failed, so it must not take effect: no client has the new id.
            assert_eq!(n, if after { None } else { Some(1) }, "{name}");
            let client = client(&server.url()).await;
            let new = format!("session:{}", session.id().unwrap().as_str());
            let left: usize = client.exists(new).await.unwrap();
            report(
                name,
                format!(
                    "commit Unavailable; under the old id {n:?}; new record left behind: {left}"
                ),
                served.worst,
            );
        }
        // A user who was logged out this way can sign in again.
        let served = request(&manager, None, |session| session.put("n", 3)).await;
        assert!(matches!(served.outcome, Ok(Outcome::Set(_))), "{served:?}");
    })
    .await;
}
