//! Sessions whose commits overlap.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use session_core::{Error, Outcome, Session, SessionManager, Token};

use crate::support::{TestRedis, ask, id_of, info, open, store};

pub(crate) type Commit<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send + 'a>>;

impl TestRedis {
    /// Starts a server where overlapping saves are batched already.
    pub(crate) async fn batching() -> Self {
        let redis = Self::start().await;
        redis.wait_until_batching().await;
        redis
    }

    /// Waits until overlapping saves are batched and the server knows the scripts.
    pub(crate) async fn wait_until_batching(&self) {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let sessions = self.sessions(3, 0).await;
            if self.count_scripts(self.assert_commits(&sessions, 0)).await == 2 {
                return;
            }
            assert!(Instant::now() < end, "saves are not batched");
        }
    }

    /// Stores sessions and changes each of them, without a commit.
    pub(crate) async fn sessions(&self, count: u32, late: u32) -> Vec<(Token, Session)> {
        let mut sessions = Vec::new();
        for n in 0..count {
            let token = store(&self.manager, "n", n).await;
            let session = open(&self.manager, &token).await;
            session.put("late", late).unwrap();
            sessions.push((token, session));
        }
        sessions
    }

    pub(crate) async fn commit_all(
        &self,
        sessions: &[(Token, Session)],
    ) -> Vec<Result<Outcome, Error>> {
        let mut outcomes = Vec::new();
        for commit in start_commits(&self.manager, sessions) {
            outcomes.push(commit.await);
        }
        outcomes
    }

    pub(crate) async fn assert_commits(&self, sessions: &[(Token, Session)], late: u32) {
        for outcome in self.commit_all(sessions).await {
            assert!(matches!(outcome.unwrap(), Outcome::Set(_)));
        }
        self.assert_stored(sessions, Some(late)).await;
    }

    pub(crate) async fn assert_stored(&self, sessions: &[(Token, Session)], late: Option<u32>) {
        for (token, _) in sessions {
            let session = open(&self.manager, token).await;
            assert!(!session.is_new(), "{}", id_of(token));
            assert_eq!(session.get::<u32>("late").unwrap(), late);
        }
    }

    /// Counts the scripts that the server receives meanwhile, including those that it rejects.
    pub(crate) async fn count_scripts(&self, work: impl Future<Output = ()>) -> u32 {
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

/// Starts all commits. The first save is sent and the others are queued.
pub(crate) fn start_commits<'a>(
    manager: &'a SessionManager,
    sessions: &'a [(Token, Session)],
) -> Vec<Commit<'a>> {
    let start = |(_, session): &'a (Token, Session)| -> Commit<'a> {
        let mut commit: Commit<'a> = Box::pin(manager.commit(session));
        let mut context = Context::from_waker(Waker::noop());
        assert!(commit.as_mut().poll(&mut context).is_pending());
        commit
    };
    sessions.iter().map(start).collect()
}
