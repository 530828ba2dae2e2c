//! Users who keep using their sessions while a server fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use session_core::{ErrorKind, Outcome, SessionManager, Token};
use tokio::task::JoinHandle;

use crate::support::open;
use crate::{LIMIT, QUIET, report};

/// Sixty-four users, each of whom puts a number, reads it back and pauses, over and over.
pub(crate) struct Load {
    users: Vec<JoinHandle<User>>,
    stop: Arc<AtomicBool>,
    figures: Arc<Mutex<Figures>>,
}

/// What happened to all users together. A write is lost if it was acknowledged and is not there
/// later.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    requests: u32,
    failed: u32,
    last_failure: Option<Instant>,
    /// The longest time in which no request of any user succeeded.
    longest_outage: Duration,
    worst_request: Duration,
    lost_writes: u32,
    lost_sessions: u32,
    last_success: Option<Instant>,
}

/// A user with a session, and the last number that was acknowledged.
struct User {
    manager: SessionManager,
    token: Option<Token>,
    acknowledged: u32,
    last_tried: u32,
}

impl Load {
    pub(crate) fn start(manager: &SessionManager) -> Self {
        let (stop, figures) = (
            Arc::<AtomicBool>::default(),
            Arc::<Mutex<Figures>>::default(),
        );
        let user = |n| User::new(manager).run(n, Arc::clone(&stop), Arc::clone(&figures));
        Self {
            users: (0..64).map(|n| tokio::spawn(user(n))).collect(),
            stop,
            figures,
        }
    }

    /// Waits until no request fails for some time, at most until the limit after the fault.
    pub(crate) async fn settle(&self, fault: Instant) {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let quiet_since = self
                .figures
                .lock()
                .unwrap()
                .last_failure
                .map_or(fault, |last| last.max(fault));
            if quiet_since.elapsed() > QUIET || fault.elapsed() > LIMIT {
                return;
            }
        }
    }

    /// Stops the users and reads every session back.
    pub(crate) async fn stop(self, name: &str, fault: Instant) -> Figures {
        self.stop.store(true, Ordering::SeqCst);
        self.figures.lock().unwrap().close();
        let mut users = Vec::new();
        for user in self.users {
            users.push(user.await.unwrap());
        }
        // All at once, because each takes the whole timeout if the deployment is down.
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
        stop: Arc<AtomicBool>,
        figures: Arc<Mutex<Figures>>,
    ) -> Self {
        let mut pause = number * 29;
        while !stop.load(Ordering::SeqCst) {
            let start = Instant::now();
            let succeeded = self.request(&figures).await.is_ok();
            figures.lock().unwrap().count(succeeded, start.elapsed());
            // The pauses differ, so that the users do not wait for the server in step.
            pause = (pause + 37) % 200;
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        self
    }

    /// Serves one request: checks the number that was acknowledged, and puts a larger one.
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
            // The session vanished between load and save. The next request counts it.
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
        // A failed save may have been carried out, so the number may be larger.
        if n < self.acknowledged {
            figures.lock().unwrap().lost_writes += self.acknowledged - n;
        }
        self.acknowledged = n;
    }

    async fn read_back(&mut self, figures: &Mutex<Figures>) {
        let Some(token) = &self.token else { return };
        let session = open(&self.manager, token).await;
        if session.is_available() {
            let n = session.get("n").unwrap();
            self.verify(n, figures);
        } else {
            figures.lock().unwrap().count(false, Duration::ZERO);
        }
    }
}

impl Figures {
    #[track_caller]
    pub(crate) fn assert_recovered(&self, fault: Instant) {
        let has_recovered = self
            .last_failure
            .is_none_or(|last| last < fault + LIMIT - QUIET);
        assert!(has_recovered, "requests still fail: {self:?}");
    }

    /// Counts an outage that still lasts.
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
