//! Users who go on using their sessions while a server fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use session_core::{ErrorKind, Outcome, SessionManager, Token};
use tokio::task::JoinHandle;

use super::report;

/// Eight tasks with eight users each, who put a number, read it back, and pause, until they are stopped.
pub(crate) struct Load {
    tasks: Vec<JoinHandle<Vec<User>>>,
    over: Arc<AtomicBool>,
    figures: Arc<Mutex<Figures>>,
}

/// What happened to all users together. An update that was acknowledged and then was not there is lost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) requests: u32,
    pub(crate) failed: u32,
    pub(crate) last_failure: Option<Instant>,
    /// The longest time in which no request of any user succeeded.
    pub(crate) longest_outage: Duration,
    pub(crate) worst_request: Duration,
    pub(crate) lost_writes: u32,
    pub(crate) lost_sessions: u32,
    last_success: Option<Instant>,
}

/// A session, and the last number that was acknowledged.
struct User {
    manager: SessionManager,
    token: Option<Token>,
    acknowledged: u32,
    last_tried: u32,
}

impl Load {
    pub(crate) fn on(manager: &SessionManager) -> Self {
        let (over, figures) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(Mutex::new(Figures::default())),
        );
        let task = |first: u64| {
            let user = |n| User::new(manager).run(n, Arc::clone(&over), Arc::clone(&figures));
            let users: Vec<_> = (first..first + 8).map(|n| tokio::spawn(user(n))).collect();
            tokio::spawn(async move {
                let mut done = Vec::new();
                for user in users {
                    done.push(user.await.unwrap());
                }
                done
            })
        };
        Self {
            tasks: (0..8).map(|n| task(8 * n)).collect(),
            over,
            figures,
        }
    }

    /// Waits until no request failed for three seconds, at most until `limit` after `fault`.
    pub(crate) async fn settle(&self, fault: Instant, limit: Duration) {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let quiet_since = self
                .figures
                .lock()
                .unwrap()
                .last_failure
                .map_or(fault, |last| last.max(fault));
            if quiet_since.elapsed() > Duration::from_secs(3) || fault.elapsed() > limit {
                return;
            }
        }
    }

    /// Stops the users and reads every session back.
    pub(crate) async fn stop(self, name: &str, fault: Instant) -> Figures {
        self.over.store(true, Ordering::SeqCst);
        self.figures.lock().unwrap().close();
        let mut users = Vec::new();
        for task in self.tasks {
            users.extend(task.await.unwrap());
        }
        // At once: where the deployment is down, each takes as long as its time limit.
        let readers: Vec<_> = users
            .into_iter()
            .map(|mut user| {
                let figures = Arc::clone(&self.figures);
                tokio::spawn(async move { user.read_back(&figures).await })
            })
            .collect();
        for reader in readers {
            reader.await.unwrap();
        }
        let figures = self.figures.lock().unwrap().clone();
        let failing_for = figures
            .last_failure
            .map_or(Duration::ZERO, |last| last.saturating_duration_since(fault));
        report(&format!(
            "{name}: {} requests, {} failed, the last {} ms after the fault; longest outage {} ms, worst request \
             {} ms; lost acknowledged writes {}, lost sessions {}",
            figures.requests,
            figures.failed,
            failing_for.as_millis(),
            figures.longest_outage.as_millis(),
            figures.worst_request.as_millis(),
            figures.lost_writes,
            figures.lost_sessions,
        ));
        figures
    }
}

impl User {
    fn new(manager: &SessionManager) -> Self {
        Self {
            manager: manager.clone(),
            token: None,
            acknowledged: 0,
            last_tried: 0,
        }
    }

    async fn run(
        mut self,
        number: u64,
        over: Arc<AtomicBool>,
        figures: Arc<Mutex<Figures>>,
    ) -> Self {
        let mut pause = number * 29;
        while !over.load(Ordering::SeqCst) {
            let start = Instant::now();
            let succeeded = self.request(&figures).await.is_ok();
            figures.lock().unwrap().count(succeeded, start.elapsed());
            // Never the same pause, so that users do not wait for the server in step.
            pause = (pause + 37) % 200;
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        self
    }

    /// One request: what was acknowledged must be there, then a larger number is put.
    async fn request(&mut self, figures: &Mutex<Figures>) -> Result<(), ErrorKind> {
        let kind = |error: session_core::Error| error.kind();
        let session = self
            .manager
            .open(self.token.as_ref().map(Token::as_str))
            .await
            .map_err(kind)?;
        if !session.is_available() {
            return Err(ErrorKind::Unavailable);
        }
        self.verify(session.get("n").map_err(kind)?, figures);
        self.last_tried += 1;
        session.put("n", self.last_tried).map_err(kind)?;
        match self.manager.commit(&session).await.map_err(kind)? {
            Outcome::Set(token) => {
                self.token = Some(token);
                self.acknowledged = self.last_tried;
            }
            // It vanished between load and save: the next request counts it.
            Outcome::Keep | Outcome::Clear => {}
        }
        Ok(())
    }

    fn verify(&mut self, found: Option<u32>, figures: &Mutex<Figures>) {
        let Some(n) = found else {
            if self.token.take().is_some() {
                figures.lock().unwrap().lost_sessions += 1;
            }
            return;
        };
        // A save that failed may have been carried out, so the number may be larger.
        if n < self.acknowledged {
            figures.lock().unwrap().lost_writes += self.acknowledged - n;
        }
        self.acknowledged = n;
    }

    async fn read_back(&mut self, figures: &Mutex<Figures>) {
        let Some(token) = &self.token else { return };
        let session = self.manager.open(Some(token.as_str())).await.unwrap();
        if session.is_available() {
            let n = session.get("n").unwrap();
            self.verify(n, figures);
        } else {
            figures.lock().unwrap().count(false, Duration::ZERO);
        }
    }
}

impl Figures {
    /// Counts an outage that is not over.
    fn close(&mut self) {
        if let Some(last) = self.last_success {
            self.longest_outage = self.longest_outage.max(last.elapsed());
        }
    }

    fn count(&mut self, succeeded: bool, took: Duration) {
        let now = Instant::now();
        self.requests += 1;
        self.worst_request = self.worst_request.max(took);
        if succeeded {
            if let Some(last) = self.last_success.replace(now) {
                self.longest_outage = self.longest_outage.max(now - last);
            }
        } else {
            self.failed += 1;
            self.last_failure = Some(now);
        }
    }
}
