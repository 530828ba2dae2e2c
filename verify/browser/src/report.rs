//! Runs scenarios and reports their results.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::scenario::Scenario;
use crate::setup::Setup;

/// Counts and prints results.
#[derive(Debug)]
pub(crate) struct Report {
    passed: Cell<usize>,
    failed: RefCell<Vec<String>>,
    start: Instant,
}

impl Report {
    pub(crate) fn new() -> Self {
        panic::set_hook(Box::new(|panic| PANIC.set(panic.to_string())));
        Self {
            passed: Cell::default(),
            failed: RefCell::default(),
            start: Instant::now(),
        }
    }

    /// Runs a scenario in a freshly reset browser.
    pub(crate) async fn run(&self, path: String, scenario: Scenario, setup: &Setup) {
        let start = Instant::now();
        let running = async {
            setup.browser.reset().await;
            (scenario.run)(setup.clone()).await;
        };
        let result = catch(running).await;
        setup.quit_others().await;
        match result {
            Ok(()) => {
                println!("ok {path} ({} ms)", start.elapsed().as_millis());
                self.passed.update(|passed| passed + 1);
            }
            Err(reason) => {
                println!("FAILED {path}\n{reason}");
                self.failed.borrow_mut().push(path);
            }
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match (self.passed.get(), self.failed.borrow().len()) {
            // No scenario matched.
            (0, 0) => ExitCode::from(2),
            (_, 0) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }
}

/// Formats the summary.
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

/// Returns an error if `running` panics or does not end.
pub(crate) async fn catch(running: impl Future<Output = ()>) -> Result<(), String> {
    let mut running = pin!(running);
    let caught = poll_fn(|context| {
        let poll = AssertUnwindSafe(|| running.as_mut().poll(context));
        match panic::catch_unwind(poll) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(PANIC.take())),
        }
    });
    let ended = tokio::time::timeout(PATIENCE, caught).await;
    ended.unwrap_or_else(|_| Err("timed out".to_owned()))
}

thread_local! {
    /// The message of the last panic. Everything runs on one thread.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Longer than any scenario takes.
const PATIENCE: Duration = Duration::from_secs(60);
