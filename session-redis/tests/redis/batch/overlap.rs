//! Sessions whose loads or commits overlap.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use session_core::{Error, Outcome, Session, SessionManager, Token};

use crate::support::{TestRedis, ask, id_of, info, open, store};

pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

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

    /// Waits until overlapping loads are batched.
    pub(crate) async fn wait_until_loads_are_batched(&self) {
        let end = Instant::now() + Duration::from_secs(10);
        let tokens = self.tokens(3).await;
        while self.count_loads(self.assert_loads(&tokens)).await != [1, 1] {
            assert!(Instant::now() < end, "loads are not batched");
        }
    }

    /// Stores sessions, each with its number as `n`.
    pub(crate) async fn tokens(&self, count: u32) -> Vec<Token> {
        let mut tokens = Vec::new();
        for n in 0..count {
            tokens.push(store(&self.manager, "n", n).await);
        }
        tokens
    }

    pub(crate) async fn load_all(&self, tokens: &[Token]) -> Vec<Session> {
        let mut sessions = Vec::new();
        for load in start_loads(&self.manager, tokens) {
            sessions.push(load.await.unwrap());
        }
        sessions
    }

    /// Loads sessions that [`tokens`](Self::tokens) has stored.
    pub(crate) async fn assert_loads(&self, tokens: &[Token]) {
        for (n, session) in self.load_all(tokens).await.into_iter().enumerate() {
            assert_eq!(session.get("n").unwrap(), Some(n));
        }
    }

    /// Loads these sessions so often that a probe ends meanwhile.
    pub(crate) async fn assert_many_loads(&self, tokens: &[Token]) {
        for _ in 0..50 {
            self.assert_loads(tokens).await;
        }
    }

    /// Counts the `GET`s and the `MGET`s that the server receives meanwhile.
    pub(crate) async fn count_loads(&self, work: impl Future<Output = ()>) -> [u32; 2] {
        self.counts(["get", "mget"], work).await
    }

    /// Counts the scripts that the server receives meanwhile, including those that it rejects.
    pub(crate) async fn count_scripts(&self, work: impl Future<Output = ()>) -> u32 {
        self.counts(["evalsha"], work).await[0]
    }

    /// Counts how often the server receives these commands meanwhile, even if it rejects them.
    async fn counts<const N: usize>(
        &self,
        commands: [&str; N],
        work: impl Future<Output = ()>,
    ) -> [u32; N] {
        let () = ask(&self.client, &["CONFIG", "RESETSTAT"]).await;
        work.await;
        let stats = info(&self.client, "commandstats").await;
        commands.map(|command| {
            let Some(stats) = stats.get(&format!("cmdstat_{command}")) else {
                return 0;
            };
            stats
                .split(',')
                .filter_map(|count| match count.split_once('=')? {
                    ("calls" | "rejected_calls", count) => Some(count.parse::<u32>().unwrap()),
                    _ => None,
                })
                .sum()
        })
    }
}

/// Starts all commits. The first save is sent and the others are queued.
pub(crate) fn start_commits<'a>(
    manager: &'a SessionManager,
    sessions: &'a [(Token, Session)],
) -> Vec<Pending<'a, Outcome>> {
    sessions
        .iter()
        .map(|(_, session)| started(manager.commit(session)))
        .collect()
}

/// Starts all loads. The first one is sent and the others are queued.
pub(crate) fn start_loads<'a>(
    manager: &'a SessionManager,
    tokens: &'a [Token],
) -> Vec<Pending<'a, Session>> {
    tokens
        .iter()
        .map(|token| started(manager.open(Some(token.as_str()))))
        .collect()
}

fn started<'a, T>(work: impl Future<Output = Result<T, Error>> + Send + 'a) -> Pending<'a, T> {
    let mut work: Pending<'a, T> = Box::pin(work);
    let mut context = Context::from_waker(Waker::noop());
    assert!(work.as_mut().poll(&mut context).is_pending());
    work
}
