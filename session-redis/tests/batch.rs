//! Saves that meet go to the server in one script, and each is answered as if it had gone alone.
//!
//! One thread runs everything: all commits of a test have begun before the first of them is answered, so that it is known
//! which of them go together.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
#[path = "batch/sharding.rs"]
mod sharding;

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{
    Driver as _, Error, ErrorKind, Expected, Loaded, Outcome, Saved, Session, SessionManager, Token,
};
use session_redis::RedisDriver;
use tokio::runtime::Runtime;

use crate::common::{
    Log, Server, ServerExt as _, ask, commit, id_of, info, json, key_of, keys, manager, open,
    stored, text,
};
use crate::sharding::Sharding;

#[tokio::test]
async fn the_first_goes_alone_and_the_others_by_sixty_four() {
    let site = Site::new(Server::start()).await;
    for (saves, scripts) in [
        (1, 1),
        (2, 2),
        (32, 2),
        (65, 2),
        (66, 3),
        (129, 3),
        (130, 4),
    ] {
        let sessions = site.sessions(saves, 1).await;
        let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
        assert_eq!(sent, scripts, "{saves} saves");
    }
}

/// Of what it saves, or of what it compares with, which is the whole text where other software wrote it.
#[tokio::test]
async fn a_large_one_goes_alone() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    sessions[3].1.put("large", "x".repeat(16 * 1024)).unwrap();
    let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
    assert_eq!(sent, 3);

    let mut sessions = site.sessions(8, 1).await;
    let key = key_of(&sessions[3].0);
    let foreign = text(&site.client, &key).await.unwrap();
    let foreign = foreign.trim_end().replace(
        r#""n":"#,
        &format!(r#""large":"{}","n":"#, "x".repeat(16 * 1024)),
    );
    let () = ask(&site.client, &["SET", &key, &foreign, "PX", "60000"]).await;
    sessions[3].1 = open(&site.manager, &sessions[3].0).await;
    sessions[3].1.forget("large").unwrap();
    sessions[3].1.put("late", 1).unwrap();
    let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
    assert_eq!(sent, 3);
}

/// The answer to a conflict brings what is there instead.
#[tokio::test]
async fn a_large_answer_keeps_nobody_waiting() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let meanwhile = open(&site.manager, &sessions[3].0).await;
    meanwhile.put("large", "x".repeat(16 * 1024)).unwrap();
    commit(&site.manager, &meanwhile).await;
    // The first one, the others, and of the large one: alone, and again with what came back.
    let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
    assert_eq!(sent, 4);
    let session = open(&site.manager, &sessions[3].0).await;
    let large: String = session.get("large").unwrap().unwrap();
    assert_eq!(large.len(), 16 * 1024);
}

#[tokio::test]
async fn each_gets_the_answer_to_its_own() {
    let site = Site::new(Server::start()).await;
    let mut sessions = site.sessions(10, 1).await;
    let key = |n: usize, sessions: &[(Token, Session)]| key_of(&sessions[n].0);
    let (gone, changed, other_type, foreign, renamed, by_others) = (1, 2, 4, 5, 6, 7);
    // What other software wrote has no mark, and is compared as a whole.
    let k = key(by_others, &sessions);
    let plain = text(&site.client, &k).await.unwrap();
    let () = ask(&site.client, &["SET", &k, plain.trim_end(), "PX", "60000"]).await;
    sessions[by_others].1 = open(&site.manager, &sessions[by_others].0).await;
    sessions[by_others].1.put("late", 1).unwrap();
    let _: i64 = ask(&site.client, &["DEL", &key(gone, &sessions)]).await;
    let meanwhile = open(&site.manager, &sessions[changed].0).await;
    meanwhile.put("other", 1).unwrap();
    commit(&site.manager, &meanwhile).await;
    let k = key(other_type, &sessions);
    let _: i64 = ask(&site.client, &["DEL", &k]).await;
    let _: i64 = ask(&site.client, &["LPUSH", &k, "a"]).await;
    let () = ask(&site.client, &["SET", &key(foreign, &sessions), "not ours"]).await;
    // Its old id is compared with and removed.
    sessions[renamed].1.regenerate().unwrap();

    let log = Log::capture();
    let outcomes = site.commit_all(&sessions).await;
    let log = log.take();
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let outcome = outcome.unwrap();
        let Outcome::Set(token) = outcome else {
            assert!([gone, other_type, foreign].contains(&n), "{n}: {outcome:?}");
            let id = &id_of(&sessions[n].0)[..8];
            assert!(log.iter().any(|line| line.contains(id)), "{n}: {log:?}");
            continue;
        };
        let data = &json(text(&site.client, &key_of(&token)).await)["data"];
        let mut expected = serde_json::json!({"n": n, "late": 1});
        if n == changed {
            expected["other"] = 1.into();
        }
        assert_eq!(*data, expected);
        assert_eq!(token.as_str() == sessions[n].0.as_str(), n != renamed);
    }
    assert_eq!(text(&site.client, &key(gone, &sessions)).await, None);
    assert_eq!(text(&site.client, &key(renamed, &sessions)).await, None);
    let left = text(&site.client, &key(foreign, &sessions)).await.unwrap();
    assert_eq!(left, "not ours");
    let left: Vec<String> = ask(
        &site.client,
        &["LRANGE", &key(other_type, &sessions), "0", "-1"],
    )
    .await;
    assert_eq!(left, ["a"]);
}

/// None is lost, although all of them saw the same version.
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

/// Which has 32 characters of white space for a version. The first record goes alone and the others together.
#[tokio::test]
async fn a_text_that_is_as_long_as_a_mark_is_none() {
    let server = Server::start();
    let (driver, client) = (server.driver().await, server.client().await);
    let mut records = Vec::new();
    for id in ["one", "two", "six"] {
        let text = format!(r#"{{"id":"{id}","data":{{"n":1}}}}     "#);
        assert_eq!(text.len(), 32);
        let () = ask(
            &client,
            &["SET", &format!("session:{id}"), &text, "PX", "60000"],
        )
        .await;
        records.push(driver.load(id).await.unwrap().expect("a record"));
    }
    let save = async |loaded: &Loaded| {
        let expected = Expected::Version(&loaded.version);
        let saved = driver.save(&loaded.record, expected, Duration::from_secs(60));
        assert!(matches!(saved.await, Ok(Saved::Done { .. })));
    };
    tokio::join!(save(&records[0]), save(&records[1]), save(&records[2]));
}

#[tokio::test]
async fn a_script_that_the_server_forgot_is_sent_again() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let () = ask(&site.client, &["SCRIPT", "FLUSH"]).await;
    site.all_are_stored(&sessions, 1).await;
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

/// A right that only a conflict needs: those that have none are stored.
#[tokio::test]
async fn where_one_may_not_the_others_are_stored() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let meanwhile = open(&site.manager, &sessions[3].0).await;
    meanwhile.put("other", 1).unwrap();
    commit(&site.manager, &meanwhile).await;
    let () = ask(&site.client, &["ACL", "SETUSER", "default", "-pttl"]).await;
    for (n, outcome) in site.commit_all(&sessions).await.into_iter().enumerate() {
        assert_eq!(outcome.is_err(), n == 3, "{n}: {outcome:?}");
    }
    site.all_hold(&sessions[..3], Some(1)).await;
    site.all_hold(&sessions[3..4], None).await;
    site.all_hold(&sessions[4..], Some(1)).await;
}

#[tokio::test]
async fn when_no_answer_comes_each_is_given_up_in_time() {
    let limit = Duration::from_millis(300);
    let server = Server::start();
    let site = Site::with(&server, limit).await;
    let sessions = site.sessions(8, 1).await;
    server.signal("STOP");
    let start = Instant::now();
    for outcome in site.commit_all(&sessions).await {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    let took = start.elapsed();
    assert!(limit <= took && took < 3 * limit, "{took:?}");
    server.signal("CONT");
}

#[tokio::test]
async fn one_whose_request_went_away_is_not_sent() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let mut commits = site.begin(&sessions);
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

/// As a node of a Cluster does that is taken for a single server.
#[tokio::test]
async fn where_several_keys_are_refused_each_goes_alone() {
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

/// A proxy may send a script to the server that has its first key, without a look at the others, which are not there.
#[tokio::test]
async fn where_only_the_first_key_is_found_each_goes_alone() {
    let servers = [Server::start(), Server::start()];
    let proxy = Sharding::before(servers.each_ref().map(|server| server.port)).await;
    let driver = RedisDriver::connect(proxy.url()).await.unwrap();
    let site = Site {
        manager: manager(driver),
        client: servers[0].client().await,
        _server: None,
    };
    let sessions = site.sessions(32, 1).await;
    for server in &servers {
        assert_ne!(keys(&server.client().await).await, [""; 0]);
    }
    // One by one, so that both servers know the script.
    for (_, session) in &sessions {
        commit(&site.manager, session).await;
    }
    let sessions = site.sessions(32, 2).await;
    sessions[9].1.regenerate().unwrap();
    for (n, outcome) in site.commit_all(&sessions).await.into_iter().enumerate() {
        assert!(matches!(outcome.unwrap(), Outcome::Set(_)), "{n}");
    }
    site.all_hold(&sessions[..9], Some(2)).await;
    site.all_hold(&sessions[10..], Some(2)).await;
    // By now it is known.
    let sessions = site.sessions(32, 3).await;
    let before = proxy.scripts();
    site.all_are_stored(&sessions, 3).await;
    assert_eq!(proxy.scripts() - before, 32);
}

/// Those that met there are sent with the next ones.
#[test]
fn a_runtime_that_shuts_down_keeps_nobody_waiting() {
    let (connected, short) = (runtime(), runtime());
    let site = connected.block_on(Site::new(Server::start()));
    let before = connected.block_on(site.sessions(8, 1));
    let begun = short.block_on(async { site.begin(&before) });
    drop(short);
    connected.block_on(async {
        let after = site.sessions(8, 2).await;
        site.all_are_stored(&after, 2).await;
        site.all_hold(&before[1..], Some(1)).await;
    });
    drop(begun);
}

#[test]
fn a_thread_that_is_busy_keeps_nobody_waiting() {
    let (connected, busy) = (runtime(), runtime());
    let site = connected.block_on(Site::new(Server::start()));
    let before = connected.block_on(site.sessions(8, 1));
    let begun = busy.block_on(async { site.begin(&before) });
    connected.block_on(async {
        let after = site.sessions(8, 2).await;
        site.all_are_stored(&after, 2).await;
    });
    busy.block_on(async {
        for commit in begun {
            assert!(matches!(commit.await, Ok(Outcome::Set(_))));
        }
    });
    connected.block_on(site.all_hold(&before, Some(1)));
}

/// The runtime of the one whose turn came first is never driven again.
#[test]
fn a_batch_that_nobody_sends_is_given_up_in_time() {
    let limit = Duration::from_millis(300);
    let (connected, still) = (runtime(), runtime());
    let server = Server::start();
    let site = connected.block_on(Site::with(&server, limit));
    let sessions = connected.block_on(site.sessions(3, 1));
    let mut commits = connected.block_on(async { site.begin(&sessions[..2]) });
    still.block_on(async {
        let mut commit = site.begin(&sessions[2..]).remove(0);
        let mut context = Context::from_waker(Waker::noop());
        assert!(commit.as_mut().poll(&mut context).is_pending());
    });
    let start = Instant::now();
    let met = connected.block_on(commits.remove(1));
    assert_eq!(met.unwrap_err().kind(), ErrorKind::Unavailable);
    let took = start.elapsed();
    assert!(took < 3 * limit, "{took:?}");
    // Nor does anybody wait for it later.
    connected.block_on(async {
        let after = site.sessions(8, 2).await;
        site.all_are_stored(&after, 2).await;
        site.all_hold(&sessions[1..], None).await;
    });
}

type Commit<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send + 'a>>;

struct Site {
    _server: Option<Server>,
    manager: SessionManager,
    client: Client,
}

impl Site {
    async fn new(server: Server) -> Self {
        let site = Self::with(&server, Duration::from_secs(1)).await;
        Self {
            _server: Some(server),
            ..site
        }
    }

    async fn with(server: &Server, limit: Duration) -> Self {
        let driver = RedisDriver::builder(server.url()).timeout(limit);
        let site = Self {
            manager: manager(driver.connect().await.unwrap()),
            client: server.client().await,
            _server: None,
        };
        // So that the server knows the scripts.
        let sessions = site.sessions(3, 0).await;
        site.all_are_stored(&sessions, 0).await;
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

    /// Begins them all: the first is sent, and the others wait for their turn.
    fn begin<'a>(&'a self, sessions: &'a [(Token, Session)]) -> Vec<Commit<'a>> {
        let mut commits = self.commits(sessions);
        for commit in &mut commits {
            let mut context = Context::from_waker(Waker::noop());
            assert!(commit.as_mut().poll(&mut context).is_pending());
        }
        commits
    }

    async fn commit_all(&self, sessions: &[(Token, Session)]) -> Vec<Result<Outcome, Error>> {
        let mut outcomes = Vec::new();
        for commit in self.begin(sessions) {
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
        stats["cmdstat_evalsha"]
            .split(',')
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
