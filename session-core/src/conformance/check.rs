//! One promise and its result.

use std::any::Any;
use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use super::{Rig, Rule, Subject};
use crate::Error;

/// What a driver can do, which determines the checks that it must pass. Each level includes the
/// previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// For records that live in the client's cookie, where there is nothing to compare and nothing
    /// to end.
    Basic,
    /// For every store on the server: ends sessions for good, and loses no update and no login when
    /// requests overlap.
    Concurrent,
    /// For a store that also lists the sessions of an owner.
    Indexed,
}

/// A promise of the [`Driver`](crate::Driver) contract that can be tested.
///
/// # Examples
///
/// With your own test harness instead of [`conformance!`](crate::conformance!):
///
/// ```
/// use std::sync::Arc;
/// use session_core::conformance::{Level, checks};
/// use session_core::MemoryDriver;
///
/// for check in checks::<Arc<MemoryDriver>>(Level::Concurrent) {
///     if check.name().contains("unicode") {
///         assert_eq!(check.rule().number(), 3);
///         check.run(Arc::new(MemoryDriver::new())).unwrap();
///     }
/// }
/// ```
pub struct Check<S> {
    name: &'static str,
    level: Level,
    needs: Option<&'static str>,
    rule: Rule,
    act: Act<S>,
}

pub(super) type Act<S> = fn(&Rig<'_, S>) -> Result<(), Stop>;

/// The result of a check that found no fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The driver keeps the promise.
    Kept,
    /// The check could not ask, because the driver or the subject lacks what the check
    /// [needs](Check::needs). Contains the reason.
    NotAsked(&'static str),
}

/// A broken promise.
///
/// `Display` shows the promise, the rule of the contract, and the expected and actual results. It
/// shows at most the first characters of an id, and nothing of a handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    check: &'static str,
    rule: Rule,
    expected: String,
    actual: String,
}

/// Why a check stops early.
#[derive(Debug)]
pub(super) enum Stop {
    Broken {
        expected: String,
        actual: String,
    },
    NotAsked(&'static str),
    /// A record ended before the check could look at it, because the store or the machine was too
    /// slow.
    TooSlow,
}

impl<S: Subject> Check<S> {
    pub(super) const fn new(
        name: &'static str,
        level: Level,
        needs: Option<&'static str>,
        rule: Rule,
        act: Act<S>,
    ) -> Self {
        Self {
            name,
            level,
            needs,
            rule,
            act,
        }
    }

    /// Returns the name of the promise, which is also the name of the test.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the lowest level that includes it.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Returns what the check needs apart from the required methods, if anything: `touch`,
    /// `expiry`, `plant` or `take_down`, as in [`conformance!`](crate::conformance!).
    #[must_use]
    pub const fn needs(&self) -> Option<&'static str> {
        self.needs
    }

    /// Returns the rule that states the promise.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Runs the check on its own thread.
    ///
    /// # Errors
    ///
    /// Returns a [`Failure`] if the driver breaks the promise, panics, or takes longer than
    /// [`Subject::patience`]. In the last case, the thread keeps running.
    pub fn run(&self, subject: S) -> Result<Verdict, Failure> {
        let (patience, act) = (subject.patience(), self.act);
        let (sender, answer) = mpsc::channel();
        let spawned = thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(move || {
                let stopped = act(&Rig::new(&subject));
                // Drop the subject first: a caller that has the result may reuse what the subject
                // held.
                drop(subject);
                let _ = sender.send(stopped);
            });
        let thread = spawned.map_err(|error| self.failure("a thread to run on", error))?;
        match answer.recv_timeout(patience) {
            Ok(Ok(())) => Ok(Verdict::Kept),
            Ok(Err(Stop::NotAsked(why))) => Ok(Verdict::NotAsked(why)),
            Ok(Err(Stop::Broken { expected, actual })) => Err(self.failure(expected, actual)),
            Ok(Err(Stop::TooSlow)) => Err(self.failure(
                "a store that answers within a fraction of the record's ttl",
                "a store that is too slow for this check; return a longer Subject::grain",
            )),
            Err(RecvTimeoutError::Timeout) => Err(self.failure(
                format_args!("a result within {patience:?}"),
                "none: the driver hangs, or waits for a lock that is never released",
            )),
            Err(RecvTimeoutError::Disconnected) => {
                let actual = thread
                    .join()
                    .err()
                    .map_or_else(String::new, |payload| panicked(&*payload));
                Err(self.failure("no panic", actual))
            }
        }
    }

    fn failure(&self, expected: impl fmt::Display, actual: impl fmt::Display) -> Failure {
        Failure {
            check: self.name,
            rule: self.rule,
            expected: expected.to_string(),
            actual: actual.to_string(),
        }
    }
}

impl<S> fmt::Debug for Check<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("level", &self.level)
            .field("needs", &self.needs)
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Basic => "basic",
            Self::Concurrent => "concurrent",
            Self::Indexed => "indexed",
        })
    }
}

impl Failure {
    /// Returns the name of the check.
    #[must_use]
    pub const fn check(&self) -> &'static str {
        self.check
    }

    /// Returns the rule that states the promise.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Returns the expected result.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// Returns the actual result.
    #[must_use]
    pub fn actual(&self) -> &str {
        &self.actual
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the driver breaks a promise: {}\n  rule:     {}\n  expected: {}\n  actual:   {}",
            self.check, self.rule, self.expected, self.actual
        )
    }
}

impl std::error::Error for Failure {}

impl Stop {
    pub(super) fn broken(expected: impl fmt::Display, actual: impl fmt::Display) -> Self {
        Self::Broken {
            expected: expected.to_string(),
            actual: actual.to_string(),
        }
    }
}

/// An error of a call that the check expects to succeed.
impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::broken("no error, since the store is available", describe(&error))
    }
}

/// Stops the check unless `holds` is `true`.
pub(super) fn expect(
    holds: bool,
    expected: impl fmt::Display,
    actual: impl fmt::Debug,
) -> Result<(), Stop> {
    expect_with(holds, expected, || format!("{actual:?}"))
}

/// Like [`expect`], with a description of the actual result.
pub(super) fn expect_with(
    holds: bool,
    expected: impl fmt::Display,
    actual: impl FnOnce() -> String,
) -> Result<(), Stop> {
    if holds {
        return Ok(());
    }
    Err(Stop::broken(expected, actual()))
}

/// Returns an error and its sources on one line.
pub(super) fn describe(error: &Error) -> String {
    let mut text = format!("an error: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

pub(super) fn panicked(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("a panic: {}", text.unwrap_or("without a message"))
}
