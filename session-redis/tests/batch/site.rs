//! A server, and sessions that are saved at the same time.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{Error, Outcome, Session, SessionManager, Token};
use session_redis::RedisDriver;
use tokio::runtime::Runtime;

use crate::common::{Server, ServerExt as _, ask, id_of, info, manager, open, stored};

pub(crate) type Commit<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send + 'a>>;

pub(crate) struct Site {
    pub(crate) driver: RedisDriver,
    pub(crate) manager: SessionManager,
    pub(crate) client: Client,
    _server: Option<Server>,
}

impl Site {
    /// Where saves go together already.
    pub(crate) async fn new(server: Server) -> Self {
        let site = Self::with(&server, Duration::from_secs(1)).await;
        Self {
            _server: Some(server),
            ..site
        }
    }

    pub(crate) async fn with(server: &Server, limit: Duration) -> Self {
        let driver = RedisDriver::builder(server.url()).timeout(limit);
        let driver = driver.connect().await.unwrap();
        let site = Self::before(driver, server).await;
        site.settle().await;
        site
    }

    /// Where it is not known yet whether saves may go together.
    pub(crate) async fn before(driver: RedisDriver, server: &Server) -> Self {
        Self {
            manager: manager(driver.clone()),
            client: server.client().await,
            driver,
            _server: None,
        }
    }

    /// Until saves that meet go together, and the server knows the scripts.
    pub(crate) async fn settle(&self) {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let sessions = self.sessions(3, 0).await;
            if self.scripts_of(self.all_are_stored(&sessions, 0)).await == 2 {
                return;
            }
            assert!(Instant::now() < end, "they go one by one");
        }
    }

    /// Stored sessions, each with a change that is not committed yet.
    pub(crate) async fn sessions(&self, count: u32, late: u32) -> Vec<(Token, Session)> {
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
    pub(crate) fn begin<'a>(&'a self, sessions: &'a [(Token, Session)]) -> Vec<Commit<'a>> {
        let mut commits = self.commits(sessions);
        for commit in &mut commits {
            let mut context = Context::from_waker(Waker::noop());
            assert!(commit.as_mut().poll(&mut context).is_pending());
        }
        commits
    }

    pub(crate) async fn commit_all(
        &self,
        sessions: &[(Token, Session)],
    ) -> Vec<Result<Outcome, Error>> {
        let mut outcomes = Vec::new();
        for commit in self.begin(sessions) {
            outcomes.push(commit.await);
        }
        outcomes
    }

    pub(crate) async fn all_are_stored(&self, sessions: &[(Token, Session)], late: u32) {
        for outcome in self.commit_all(sessions).await {
            assert!(matches!(outcome.unwrap(), Outcome::Set(_)));
        }
        self.all_hold(sessions, Some(late)).await;
    }

    pub(crate) async fn all_hold(&self, sessions: &[(Token, Session)], late: Option<u32>) {
        for (token, _) in sessions {
            let session = open(&self.manager, token).await;
            assert!(!session.is_new(), "{}", id_of(token));
            assert_eq!(session.get::<u32>("late").unwrap(), late);
        }
    }

    /// How many scripts the server got meanwhile, those that it refused included.
    pub(crate) async fn scripts_of(&self, work: impl Future<Output = ()>) -> u32 {
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

pub(crate) fn runtime() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap()
}
