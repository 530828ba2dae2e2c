//! What must not happen while the store is away.

use std::time::Duration;

use fred::clients::Client;
use fred::interfaces::ClientLike;
use session_core::{ErrorKind, Outcome};

use crate::common::{Server, ServerExt as _, commit, open, stored};
use crate::proxy::{Proxy, Rule};
use crate::{MINUTE, behind, finish, id, read_back, report, request, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_during_an_outage_is_an_error_and_nobody_is_logged_out() {
    within(MINUTE, async {
        let mut server = Server::with(&["--appendonly", "yes", "--appendfsync", "always"]);
        let manager = server.manager().await;
        let token = stored(&manager, "n", 1).await;
        // One that was loaded in time, one that was not.
        let loaded = open(&manager, &token).await;
        server.kill();
        let logout = finish(
            &manager,
            &loaded,
            Duration::ZERO,
            session_core::Session::destroy,
        )
        .await;
        logout.assert_not_saved();
        let refused = request(&manager, Some(&token), session_core::Session::destroy).await;
        refused.assert_unavailable();
        server.restart();
        // Longer than the driver waits to reconnect: what it kept back would be sent by now.
        let (n, recovered) = read_back::<u32>(&manager, &token, "n").await;
        assert_eq!(n, Some(1));
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        assert_eq!(
            read_back::<u32>(&manager, &token, "n").await.0,
            Some(1),
            "the logout happened later"
        );
        let result = format!(
            "commit Unavailable, no Clear; the session is still there, after {} ms",
            recovered.as_millis()
        );
        report(
            "logout during an outage",
            result,
            logout.worst.max(refused.worst),
        );
    })
    .await;
}

/// A command that was given up must not be carried out when the connection is back, seconds after its caller was
/// told that it failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_during_an_outage_is_not_sent_later() {
    within(MINUTE, async {
        let mut server = Server::with(&["--appendonly", "yes", "--appendfsync", "always"]);
        let manager = server.manager().await;
        let mut late = 0;
        let mut worst = Duration::ZERO;
        for _ in 0..ROUNDS {
            let tokens = [
                stored(&manager, "n", 1).await,
                stored(&manager, "n", 1).await,
            ];
            let mut sessions = Vec::new();
            for _ in 0..AT_ONCE {
                let session = open(&manager, &tokens[0]).await;
                // A logout needs no script, which the server forgets when it dies.
                session.destroy().unwrap();
                sessions.push(session);
            }
            server.kill();
            // The first of them tell the driver of the outage; the others wait for a connection, in vain.
            for _ in 0..4 {
                open(&manager, &tokens[1]).await;
            }
            let commits = sessions.into_iter().map(|session| {
                let manager = manager.clone();
                tokio::spawn(
                    async move { finish(&manager, &session, Duration::ZERO, |_| Ok(())).await },
                )
            });
            for commit in commits.collect::<Vec<_>>() {
                let answer = commit.await.unwrap();
                assert_eq!(answer.outcome, Err(ErrorKind::Unavailable));
                worst = worst.max(answer.worst);
            }
            server.restart();
            read_back::<u32>(&manager, &tokens[1], "n").await;
            tokio::time::sleep(Duration::from_millis(2_300)).await;
            late += usize::from(open(&manager, &tokens[0]).await.is_new());
        }
        report(
            "logouts given up while the driver reconnects",
            format!("{late} of {ROUNDS} rounds had one carried out later"),
            worst,
        );
        assert_eq!(late, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_whose_load_failed_saves_nothing_although_the_store_is_back() {
    within(MINUTE, async {
        let server = Server::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let client = server.client().await;
        let token = stored(&manager, "n", 1).await;
        let before = keys(&client).await;
        proxy.set(Rule::CutBefore(id(&token)));
        let session = open(&manager, &token).await;
        assert!(!session.is_available());
        proxy.set(Rule::Pass);
        read_back::<u32>(&manager, &token, "n").await;
        for write in [
            session.put("n", 2),
            session.update("n", 0, |n: u32| n + 1).map(drop),
            session.flash("notice", "hello"),
            session.forget("n").map(drop),
            session.flush(),
            session.regenerate(),
            session.destroy(),
            session.id().map(drop),
        ] {
            assert_eq!(write.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        assert_eq!(manager.commit(&session).await.unwrap(), Outcome::Keep);
        assert_eq!(read_back::<u32>(&manager, &token, "n").await.0, Some(1));
        assert_eq!(keys(&client).await, before, "nothing else was stored");
        // The next request goes on where the one before the outage stopped.
        let next = open(&manager, &token).await;
        next.put("n", 5).unwrap();
        commit(&manager, &next).await;
        report(
            "load failed, store back before the save",
            "all eight writes refused, cookie kept; stored: as before",
            Duration::ZERO,
        );
    })
    .await;
}

async fn keys(client: &Client) -> u64 {
    client
        .custom(fred::cmd!("DBSIZE"), Vec::<String>::new())
        .await
        .unwrap()
}

const ROUNDS: usize = 3;
const AT_ONCE: usize = 64;
