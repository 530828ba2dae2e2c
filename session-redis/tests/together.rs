//! Saves that meet go to the server in one script, and each gets an answer of its own.
//!
//! One thread runs everything: all commits of a test have begun before the first of them is answered, so that it is known
//! which of them go together.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{Error, ErrorKind, Outcome, Session, SessionManager, Token};
use session_redis::RedisDriver;
use tokio::runtime::Runtime;

use crate::common::{
    Server, ServerExt as _, ask, commit, id_of, info, json, key_of, manager, open, stored, text,
};

#[tokio::test]
async fn the_first_is_sent_at_once_and_the_others_after_a_turn() {
    let site = Site::new(Server::start()).await;
    for (saves, scripts) in [(1, 1), (2, 2), (32, 2), (65, 2), (66, 3), (100, 3)] {
        let sessions = site.sessions(saves, 1).await;
        let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
        assert_eq!(sent, scripts, "{saves} saves");
    }
}

#[tokio::test]
async fn a_large_one_lets_nobody_wait() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    for (_, session) in &sessions {
        session.put("large", "x".repeat(16 * 1024)).unwrap();
    }
    let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
    assert_eq!(sent, 8);
}

#[tokio::test]
async fn each_gets_the_answer_to_its_own() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let key = |n: usize| key_of(&sessions[n].0);
    let (gone, changed, other_type, foreign) = (1, 2, 4, 5);
    let _: i64 = ask(&site.client, &["DEL", &key(gone)]).await;
    let meanwhile = open(&site.manager, &sessions[changed].0).await;
    meanwhile.put("other", 1).unwrap();
    commit(&site.manager, &meanwhile).await;
    let _: i64 = ask(&site.client, &["DEL", &key(other_type)]).await;
    let _: i64 = ask(&site.client, &["LPUSH", &key(other_type), "a"]).await;
    let () = ask(&site.client, &["SET", &key(foreign), "not ours"]).await;

    for (n, outcome) in site.commit_all(&sessions).await.into_iter().enumerate() {
        let is_stored = ![gone, other_type, foreign].contains(&n);
        assert_eq!(
            matches!(outcome.unwrap(), Outcome::Set(_)),
            is_stored,
            "{n}"
        );
        if is_stored {
            let data = &json(text(&site.client, &key(n)).await)["data"];
            let mut expected = serde_json::json!({"n": n, "late": 1});
            if n == changed {
                expected["other"] = 1.into();
            }
            assert_eq!(*data, expected);
        }
    }
    assert_eq!(text(&site.client, &key(gone)).await, None);
    assert_eq!(text(&site.client, &key(foreign)).await.unwrap(), "not ours");
    let list: Vec<String> = ask(&site.client, &["LRANGE", &key(other_type), "0", "-1"]).await;
    assert_eq!(list, ["a"]);
}

/// All of them write to one session: none is lost, although the others of the same script saw the same version.
#[tokio::test]
async fn those_of_one_session_are_merged() {
    let site = Site::new(Server::start()).await;
    let token = stored(&site.manager, "n", 0).await;
    let mut sessions = Vec::new();
    for n in 0..16 {
        let session = open(&site.manager, &token).await;
        session.put(&format!("key{n}"), n).unwrap();
        sessions.push((token.clone(), session));
    }
    for outcome in site.commit_all(&sessions).await {
        assert!(matches!(outcome.unwrap(), Outcome::Set(_)));
    }
    let session = open(&site.manager, &token).await;
    for n in 0..16 {
        assert_eq!(session.get(&format!("key{n}")).unwrap(), Some(n));
    }
}

#[tokio::test]
async fn on_a_full_server_each_gets_its_error_and_nothing_is_lost() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let () = ask(&site.client, &["CONFIG", "SET", "maxmemory", "1"]).await;
    for outcome in site.commit_all(&sessions).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("OOM"), "{source}");
    }
    let () = ask(&site.client, &["CONFIG", "SET", "maxmemory", "0"]).await;
    site.all_hold(&sessions, None).await;
}

#[tokio::test]
async fn one_whose_request_went_away_is_not_sent() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let mut commits = site.commits(&sessions);
    for commit in &mut commits {
        assert!(is_pending(commit));
    }
    // The first of those that stay was sent at once.
    let stay = commits.split_off(6);
    let first = commits.remove(0);
    drop(commits);
    assert!(first.await.is_ok());
    for commit in stay {
        assert!(commit.await.is_ok());
    }
    site.all_hold(&sessions[..1], Some(1)).await;
    site.all_hold(&sessions[1..6], None).await;
    site.all_hold(&sessions[6..], Some(1)).await;
}

/// Some servers keep their keys on several machines behind one address, and refuse scripts with keys from several of
/// them, as a node of a Cluster does.
#[tokio::test]
async fn where_keys_must_not_meet_each_is_sent_alone() {
    let server = Server::with(&["--cluster-enabled", "yes"]);
    server.run("CLUSTER ADDSLOTSRANGE 0 16383");
    let end = Instant::now() + Duration::from_secs(10);
    while !server.run("SET probe 1").starts_with("+OK") {
        assert!(Instant::now() < end, "the node does not serve");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let site = Site::new(server).await;
    let sessions = site.sessions(8, 1).await;
    site.all_are_stored(&sessions, 1).await;
    // By now it is known.
    let sessions = site.sessions(8, 2).await;
    let sent = site.scripts_of(site.all_are_stored(&sessions, 2)).await;
    assert_eq!(sent, 8);
}

/// Those that waited on it are not saved; nobody else waits for the turn that never came.
#[test]
fn a_runtime_that_shuts_down_holds_nobody_up() {
    let (connected, short) = (runtime(), runtime());
    let site = connected.block_on(Site::new(Server::start()));
    let before = connected.block_on(site.sessions(8, 1));
    short.block_on(async { site.begin(&before) });
    drop(short);
    connected.block_on(async {
        let after = site.sessions(8, 2).await;
        site.all_are_stored(&after, 2).await;
        // The first one was sent.
        site.all_hold(&before[1..], None).await;
    });
}

/// Those that met it fail, in time, and those after them do not.
#[test]
fn a_runtime_that_stands_still_holds_nobody_up_for_long() {
    let (connected, still) = (runtime(), runtime());
    let limit = Duration::from_millis(200);
    let site = connected.block_on(Site::with(Server::start(), limit));
    let before = connected.block_on(site.sessions(8, 1));
    still.block_on(async { site.begin(&before) });
    connected.block_on(async {
        let met = site.sessions(8, 2).await;
        let start = Instant::now();
        for outcome in site.commit_all(&met).await.into_iter().skip(1) {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        assert!(start.elapsed() < 10 * limit, "{:?}", start.elapsed());
        let after = site.sessions(8, 3).await;
        site.all_are_stored(&after, 3).await;
        site.all_hold(&met[1..], None).await;
    });
}

type Commit<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send + 'a>>;

struct Site {
    _server: Server,
    manager: SessionManager,
    client: Client,
}

impl Site {
    /// A server that knows the scripts already.
    async fn new(server: Server) -> Self {
        Self::with(server, Duration::from_secs(1)).await
    }

    async fn with(server: Server, limit: Duration) -> Self {
        let driver = RedisDriver::builder(server.url()).timeout(limit);
        let manager = manager(driver.connect().await.unwrap());
        let site = Self {
            client: server.client().await,
            manager,
            _server: server,
        };
        let session = site.sessions(1, 0).await;
        site.all_are_stored(&session, 0).await;
        site
    }

    /// Stored sessions, each with a change that is not committed yet.
    async fn sessions(&self, count: u32, late: u32) -> Vec<(Token, Session)> {
        let mut sessions = Vec::new();
        for n in 0..count {
            let token = stored(&self.manager, "n", n).await;
            let session = open(&self.manager, &token).await;
            session.put("late", late).unwrap();
            sessions.push((token, session));
        }
        sessions
    }

    fn commits<'a>(&'a self, sessions: &'a [(Token, Session)]) -> Vec<Commit<'a>> {
        let commit = |(_, session): &'a (Token, Session)| -> Commit<'a> {
            Box::pin(self.manager.commit(session))
        };
        sessions.iter().map(commit).collect()
    }

    /// Begins them all, and goes away.
    fn begin(&self, sessions: &[(Token, Session)]) {
        let mut commits = self.commits(sessions);
        for commit in &mut commits {
            assert!(is_pending(commit));
        }
    }

    /// Begins them all before it waits for the first.
    async fn commit_all(&self, sessions: &[(Token, Session)]) -> Vec<Result<Outcome, Error>> {
        let mut commits = self.commits(sessions);
        for commit in &mut commits {
            assert!(is_pending(commit));
        }
        let mut outcomes = Vec::new();
        for commit in commits {
            outcomes.push(commit.await);
        }
        outcomes
    }

    async fn all_are_stored(&self, sessions: &[(Token, Session)], late: u32) {
        for outcome in self.commit_all(sessions).await {
            assert!(matches!(outcome.unwrap(), Outcome::Set(_)));
        }
        self.all_hold(sessions, Some(late)).await;
    }

    async fn all_hold(&self, sessions: &[(Token, Session)], late: Option<u32>) {
        for (token, _) in sessions {
            let session = open(&self.manager, token).await;
            assert!(!session.is_new(), "{}", id_of(token));
            assert_eq!(session.get::<u32>("late").unwrap(), late);
        }
    }

    /// How many scripts the server got meanwhile, those that it refused included.
    async fn scripts_of(&self, work: impl Future<Output = ()>) -> u32 {
        let () = ask(&self.client, &["CONFIG", "RESETSTAT"]).await;
        work.await;
        let stats = info(&self.client, "commandstats").await;
        let counted = stats["cmdstat_evalsha"].split(',');
        counted
            .filter_map(|count| match count.split_once('=')? {
                ("calls" | "rejected_calls", count) => Some(count.parse::<u32>().unwrap()),
                _ => None,
            })
            .sum()
    }
}

fn runtime() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap()
}

/// Begins a commit.
fn is_pending(commit: &mut Commit<'_>) -> bool {
    matches!(
        commit
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop())),
        Poll::Pending
    )
}
