//! The results of all checks as a table.

use std::fmt;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Check, Failure, Level, Rule, Subject, Verdict, checks};

/// The results of all checks of a level. Created by [`report`].
///
/// `Display` shows one line per check, then every failure in full, then the
/// [`summary`](Self::summary).
#[derive(Clone, Debug)]
#[must_use = "a report does nothing unless it is read"]
pub struct Report {
    level: Level,
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    name: &'static str,
    level: Level,
    rule: Rule,
    result: Result<Verdict, Failure>,
}

/// Runs all checks of a level, several in parallel, each with a new subject.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use session_core::conformance::{Level, report};
/// use session_core::MemoryDriver;
///
/// let report = report(Level::Basic, || Arc::new(MemoryDriver::new()));
/// assert_eq!(report.failures().count(), 0, "{report}");
/// println!("{}", report.summary());
/// ```
pub fn report<S: Subject>(level: Level, subject: impl Fn() -> S + Sync) -> Report {
    let (checks, next) = (checks::<S>(level), AtomicUsize::new(0));
    let work = || {
        let mut done = Vec::new();
        while let Some(check) = checks.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(Line::of(check, subject()));
        }
        done
    };
    // Checks that wait for time to pass leave the processors to the others.
    let threads = thread::available_parallelism().map_or(2, usize::from) * 2;
    let mut lines: Vec<Line> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        done.flatten().collect()
    });
    lines.sort_by_key(|line| checks.iter().position(|check| check.name() == line.name));
    Report { level, lines }
}

impl Report {
    /// Returns the broken promises.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.lines
            .iter()
            .filter_map(|line| line.result.as_ref().err())
    }

    /// Returns the name and the result of every check.
    pub fn results(&self) -> impl Iterator<Item = (&'static str, &Result<Verdict, Failure>)> {
        self.lines.iter().map(|line| (line.name, &line.result))
    }

    /// Returns the level and the counts on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let kept = self.count(|result| matches!(result, Ok(Verdict::Kept)));
        let not_asked = self.count(|result| matches!(result, Ok(Verdict::NotAsked(_))));
        let broken = self.failures().count();
        format!(
            "{}: {kept} promises kept, {broken} broken, {not_asked} not asked",
            self.level
        )
    }

    /// Prints the report to standard output, and one line with the driver's name and the
    /// [`summary`](Self::summary) to standard error, where test harnesses do not capture it.
    pub fn announce(&self, driver: &str) {
        println!("{driver}\n{self}");
        announce(&format!("{driver}: {}", self.summary()));
    }

    fn count(&self, is_counted: impl Fn(&Result<Verdict, Failure>) -> bool) -> usize {
        self.lines
            .iter()
            .filter(|line| is_counted(&line.result))
            .count()
    }
}

/// Writes a line to standard error, where test harnesses do not capture it.
pub(super) fn announce(what: &str) {
    let line = format!("conformance: {what}\n");
    // Nobody is interested if standard error is closed.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line {
            name,
            level,
            rule,
            result,
        } in &self.lines
        {
            let (verdict, why) = match result {
                Ok(Verdict::Kept) => ("kept", None),
                Ok(Verdict::NotAsked(why)) => ("not asked", Some(*why)),
                Err(_) => ("BROKEN", None),
            };
            write!(
                f,
                "{verdict:<12}{level:<11}rule {:>2}  {name}",
                rule.number()
            )?;
            if let Some(why) = why {
                write!(f, " ({why})")?;
            }
            writeln!(f)?;
        }
        for failure in self.failures() {
            writeln!(f, "\n{failure}")?;
        }
        f.write_str(&self.summary())
    }
}

impl Line {
    fn of<S: Subject>(check: &Check<S>, subject: S) -> Self {
        Self {
            name: check.name(),
            level: check.level(),
            rule: check.rule(),
            result: check.run(subject),
        }
    }
}
