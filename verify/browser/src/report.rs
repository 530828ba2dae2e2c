//! What held and what did not.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::scenario::Scenario;
use crate::stage::Stage;

/// Counts and prints the scenarios that are played.
#[derive(Debug)]
pub(crate) struct Report {
    passed: Cell<usize>,
    failed: RefCell<Vec<String>>,
    start: Instant,
}

impl Report {
    pub(crate) fn new() -> Self {
        panic::set_hook(Box::new(|panic| DEATH.set(panic.to_string())));
        Self {
            passed: Cell::default(),
            failed: RefCell::default(),
            start: Instant::now(),
        }
    }

    /// Plays a scenario in a browser that has forgotten everything.
    pub(crate) async fn play(&self, path: String, scenario: Scenario, stage: &Stage) {
        let start = Instant::now();
        let playing = async {
            stage.browser.forget().await;
            (scenario.run)(stage.clone()).await;
        };
        match survive(playing).await {
            Ok(()) => {
                println!("ok {path} ({} ms)", start.elapsed().as_millis());
                self.passed.update(|passed| passed + 1);
            }
            Err(death) => {
                println!("FAILED {path}\n{death}");
                self.failed.borrow_mut().push(path);
            }
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match (self.passed.get(), self.failed.borrow().len()) {
            // Nothing was asked for that there is.
            (0, 0) => ExitCode::from(2),
            (_, 0) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }
}

/// The last line of the program.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for path in &*self.failed.borrow() {
            writeln!(f, "FAILED {path}")?;
        }
        let (passed, failed) = (self.passed.get(), self.failed.borrow().len());
        write!(
            f,
            "browser: {passed} passed, {failed} failed in {} s",
            self.start.elapsed().as_secs()
        )
    }
}

/// Goes on even if `playing` panics or does not end: that is the error.
pub(crate) async fn survive(playing: impl Future<Output = ()>) -> Result<(), String> {
    let mut playing = pin!(playing);
    let caught = poll_fn(|context| {
        let poll = AssertUnwindSafe(|| playing.as_mut().poll(context));
        match panic::catch_unwind(poll) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(DEATH.take())),
        }
    });
    let ended = tokio::time::timeout(PATIENCE, caught).await;
    ended.unwrap_or_else(|_| Err("it does not end".to_owned()))
}

thread_local! {
    /// What the last panic said. Everything runs on one thread.
    static DEATH: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Longer than any scenario takes.
const PATIENCE: Duration = Duration::from_secs(60);
