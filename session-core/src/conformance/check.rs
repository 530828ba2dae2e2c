//! One promise, and what became of it.

use std::any::Any;
use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use super::{Rule, Stage, Subject};
use crate::Error;

/// What a driver is able to do, and so which checks it must pass. Each level contains those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Stores records and gives them back until they expire. All that can be asked where the record lives in the
    /// cookie.
    Basic,
    /// Ends sessions for good, whoever copied the cookie, and whatever request ends late.
    Revocable,
    /// Loses no update of requests that overlap: compare-and-set.
    Concurrent,
}

/// A promise of the [`Driver`](crate::Driver) contract that can be put to the test.
///
/// # Examples
///
/// With a harness of one's own, instead of [`conformance!`](crate::conformance!):
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
    rule: Rule,
    act: Act<S>,
}

pub(super) type Act<S> = fn(&Stage<'_, S>) -> Result<(), Stop>;

/// How a check ended that found nothing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The driver keeps the promise.
    Kept,
    /// The promise does not apply to this driver, or the subject cannot put it to the test. The text says why.
    NotAsked(&'static str),
}

/// A promise that the driver broke.
///
/// `Display` says which, what was expected, what came, and where the contract states it. Of ids it shows at most the
/// beginning, of handles nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    check: &'static str,
    rule: Rule,
    expected: String,
    came: String,
}

/// Why a check stops before its end.
#[derive(Debug)]
pub(super) enum Stop {
    Broken {
        expected: String,
        came: String,
    },
    NotAsked(&'static str),
    /// The store or the machine took so long that a record ended before it could be looked at.
    TooSlow,
}

impl<S: Subject> Check<S> {
    pub(super) const fn new(name: &'static str, level: Level, rule: Rule, act: Act<S>) -> Self {
        Self {
            name,
            level,
            rule,
            act,
        }
    }

    /// Returns the promise, as the name of a test.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the lowest level that asks for it.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Returns where the contract states it.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Puts the promise to the test, on a thread of its own.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when the driver breaks the promise, panics, or takes longer than [`Subject::patience`]. In that
    /// last case the thread is left behind.
    pub fn run(&self, subject: S) -> Result<Verdict, Failure> {
        let (patience, act) = (subject.patience(), self.act);
        let (sender, answer) = mpsc::channel();
        let spawned = thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(move || {
                let stopped = act(&Stage::new(&subject));
                // The subject first: who waits for the answer may then use what it held.
                drop(subject);
                let _ = sender.send(stopped);
            });
        let thread = spawned.map_err(|error| self.failure("a thread to run on", error))?;
        match answer.recv_timeout(patience) {
            Ok(Ok(())) => Ok(Verdict::Kept),
            Ok(Err(Stop::NotAsked(why))) => Ok(Verdict::NotAsked(why)),
            Ok(Err(Stop::Broken { expected, came })) => Err(self.failure(expected, came)),
            Ok(Err(Stop::TooSlow)) => Err(self.failure(
                "answers within a fraction of the record's life",
                "a store so slow that nothing can be said; give the subject a longer grain",
            )),
            Err(RecvTimeoutError::Timeout) => Err(self.failure(
                format_args!("an end within {patience:?}"),
                "none: the driver hangs, or waits for a lock that is never given back",
            )),
            Err(RecvTimeoutError::Disconnected) => {
                let came = thread
                    .join()
                    .err()
                    .map_or_else(String::new, |payload| panicked(&*payload));
                Err(self.failure("no panic", came))
            }
        }
    }

    fn failure(&self, expected: impl fmt::Display, came: impl fmt::Display) -> Failure {
        Failure {
            check: self.name,
            rule: self.rule,
            expected: expected.to_string(),
            came: came.to_string(),
        }
    }
}

impl<S> fmt::Debug for Check<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("level", &self.level)
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Basic => "basic",
            Self::Revocable => "revocable",
            Self::Concurrent => "concurrent",
        })
    }
}

impl Failure {
    /// Returns the name of the check.
    #[must_use]
    pub const fn check(&self) -> &'static str {
        self.check
    }

    /// Returns where the contract states the promise.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Returns what was expected.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// Returns what came instead.
    #[must_use]
    pub fn came(&self) -> &str {
        &self.came
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the driver breaks a promise: {}\n  stated in: {}\n  expected:  {}\n  came:      {}",
            self.check, self.rule, self.expected, self.came
        )
    }
}

impl std::error::Error for Failure {}

impl Stop {
    pub(super) fn broken(expected: impl fmt::Display, came: impl fmt::Display) -> Self {
        Self::Broken {
            expected: expected.to_string(),
            came: came.to_string(),
        }
    }
}

/// Of a method whose success the check takes for granted.
impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::broken("no error: the store is up", told(&error))
    }
}

/// Stops the check unless it `holds`.
pub(super) fn expect(
    holds: bool,
    expected: impl fmt::Display,
    came: impl fmt::Debug,
) -> Result<(), Stop> {
    expect_with(holds, expected, || format!("{came:?}"))
}

/// As [`expect`], where what came is not shown as it stands.
pub(super) fn expect_with(
    holds: bool,
    expected: impl fmt::Display,
    came: impl FnOnce() -> String,
) -> Result<(), Stop> {
    if holds {
        return Ok(());
    }
    Err(Stop::broken(expected, came()))
}

/// An error with its sources, on one line.
pub(super) fn told(error: &Error) -> String {
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
    format!("a panic: {}", text.unwrap_or("without a text"))
}
