//! What must not happen during and after an outage.

use std::time::Duration;

use session_core::{ErrorKind, Outcome, Session};

use crate::proxy::{Proxy, Rule};
use crate::support::{RedisServer, TestRedis, ask, client, commit, id_of, open, store};
use crate::{DURABLE, MINUTE, behind, finish, read_back, report, request, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_during_an_outage_fails_and_never_happens_later() {
    within(MINUTE, async {
        let TestRedis {
            mut server,
            manager,
            ..
        } = TestRedis::with(DURABLE).await;
        let token = store(&manager, "n", 1).await;
        // One session is loaded in time, the other is not.
        let loaded = open(&manager, &token).await;
        server.kill();
        let logout = finish(&manager, &loaded, Duration::ZERO, Session::destroy).await;
        logout.assert_not_saved();
        let refused = request(&manager, Some(&token), Session::destroy).await;
        refused.assert_unavailable();
        server.restart();
        // The driver reconnects sooner than that, so it would have sent a queued command by now.
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

/// An abandoned command must not be carried out once the connection is back, seconds after its
/// caller got an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_command_is_not_sent_later() {
    within(MINUTE, async {
        let TestRedis {
            mut server,
            manager,
            ..
        } = TestRedis::with(DURABLE).await;
        let mut late = 0;
        let mut worst = Duration::ZERO;
        for _ in 0..ROUNDS {
            let tokens = [store(&manager, "n", 1).await, store(&manager, "n", 1).await];
            let mut sessions = Vec::new();
            for _ in 0..AT_ONCE {
                let session = open(&manager, &tokens[0]).await;
                // A logout needs no script. The server forgets those when it dies.
                session.destroy().unwrap();
                sessions.push(session);
            }
            server.kill();
            // The first requests reveal the outage to the driver. The others wait for a connection
            // in vain.
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
                let served = commit.await.unwrap();
                assert_eq!(served.outcome, Err(ErrorKind::Unavailable));
                worst = worst.max(served.worst);
            }
            server.restart();
            read_back::<u32>(&manager, &tokens[1], "n").await;
            tokio::time::sleep(Duration::from_millis(2_300)).await;
            late += usize::from(open(&manager, &tokens[0]).await.is_new());
        }
        report(
            "logouts abandoned while the driver reconnects",
            format!("{late} of {ROUNDS} rounds had one carried out later"),
            worst,
        );
        assert_eq!(late, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_failed_to_load_saves_nothing_later() {
    within(MINUTE, async {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port).await;
        let manager = behind(&proxy).await;
        let client = client(&server.url()).await;
        let token = store(&manager, "n", 1).await;
        let before = ask::<u64>(&client, &["DBSIZE"]).await;
        proxy.set(Rule::CutBefore(id_of(&token).to_owned()));
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
        assert_eq!(
            ask::<u64>(&client, &["DBSIZE"]).await,
            before,
            "nothing else was stored"
        );
        // The next request continues with the session as before the outage.
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

const ROUNDS: usize = 3;
const AT_ONCE: usize = 64;
