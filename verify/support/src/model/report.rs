//! Runs as many worlds as needed and counts what happened in them.

use std::fmt;
use std::io::Write as _;
use std::str::FromStr;

use session_core::SessionId;

use super::backend::{Backend, Storage};
use super::choices::{Choices, following};
use super::play::play;

/// Counts of what happened.
#[derive(Clone, Debug, Default)]
pub struct Report {
    name: &'static str,
    seed: u64,
    worlds: usize,
    counts: Counts,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) steps: usize,
    pub(crate) requests: usize,
    pub(crate) commits: usize,
    /// Commits that other requests interrupted.
    pub(crate) interleaved: usize,
    /// Saves and retirements that lost a race.
    pub(crate) conflicts: usize,
    /// Commits that were merged.
    pub(crate) merged: usize,
    /// Commits of sessions that had ended meanwhile.
    pub(crate) dropped: usize,
    /// Commits that failed although the store did not.
    pub(crate) refused: usize,
    /// Failures of the store, including lost answers.
    pub(crate) faults: usize,
    /// Responses of logins that arrived.
    pub(crate) logins: usize,
    pub(crate) double_clicks: usize,
    /// Double clicks whose responses both arrived and logged in.
    pub(crate) second_clicks: usize,
    /// Responses that could not change who the browser is: their requests were sent before the
    /// response of a login arrived, which the browser still has.
    pub(crate) late: usize,
    /// Those that were sent even before the login.
    pub(crate) older: usize,
    /// More of them that did, for a known reason.
    pub(crate) excused: usize,
    /// Sessions in the lists of owners.
    pub(crate) listed: usize,
    /// Sessions that were revoked.
    pub(crate) ended: usize,
    /// Sessions that ended because their owner had one too many.
    pub(crate) limited: usize,
    pub(crate) saved_by_hand: usize,
    pub(crate) reloaded: usize,
}

/// Runs at least `steps` steps, or `MODEL_STEPS` if that is more, and prints the counts.
///
/// Every world starts with the empty store that `world` returns. The worlds are the same in every run, so
/// that a failure comes from what was changed. `MODEL_SEED` sets another seed; `MODEL_SEED=random` picks
/// one, which explores worlds that nobody has seen.
///
/// # Panics
///
/// Panics if the library and the model differ.
pub async fn run<S: Backend>(steps: usize, world: impl AsyncFn() -> S) -> Report {
    let mut report = Report {
        seed: seed(),
        ..Report::default()
    };
    let steps = from_env("MODEL_STEPS").unwrap_or(0).max(steps);
    let mut seed = report.seed;
    let mut storage = Storage::Client;
    while report.counts.steps < steps {
        let backend = world().await;
        report.name = backend.name();
        storage = backend.storage();
        let blame = Blame(backend.name(), seed);
        play(
            &backend,
            Choices::seeded(seed),
            STEPS_OF_A_WORLD,
            &mut report,
        )
        .await;
        drop(blame);
        seed = following(seed);
    }
    report.announce();
    report.is_not_empty(storage);
    report
}

impl Report {
    pub(crate) fn add(&mut self, counts: &Counts) {
        let all = &mut self.counts;
        for (sum, more) in [
            (&mut all.steps, counts.steps),
            (&mut all.requests, counts.requests),
            (&mut all.commits, counts.commits),
            (&mut all.interleaved, counts.interleaved),
            (&mut all.conflicts, counts.conflicts),
            (&mut all.merged, counts.merged),
            (&mut all.dropped, counts.dropped),
            (&mut all.refused, counts.refused),
            (&mut all.faults, counts.faults),
            (&mut all.logins, counts.logins),
            (&mut all.double_clicks, counts.double_clicks),
            (&mut all.second_clicks, counts.second_clicks),
            (&mut all.late, counts.late),
            (&mut all.older, counts.older),
            (&mut all.excused, counts.excused),
            (&mut all.listed, counts.listed),
            (&mut all.ended, counts.ended),
            (&mut all.limited, counts.limited),
            (&mut all.saved_by_hand, counts.saved_by_hand),
            (&mut all.reloaded, counts.reloaded),
        ] {
            *sum += more;
        }
        self.worlds += 1;
    }

    /// Asserts that enough was checked to mean something.
    fn is_not_empty(&self, storage: Storage) {
        let Counts { steps, .. } = self.counts;
        let mut enough = vec![
            ("logins", self.counts.logins, steps / 200),
            ("double clicks", self.counts.double_clicks, steps / 1_000),
        ];
        if storage == Storage::Server {
            enough.push(("late responses", self.counts.late, steps / 200));
            enough.push(("older responses", self.counts.older, steps / 400));
            enough.push(("second clicks", self.counts.second_clicks, steps / 2_000));
            enough.push(("listed sessions", self.counts.listed, steps / 500));
            enough.push(("revoked sessions", self.counts.ended, steps / 500));
            enough.push((
                "sessions over the limit",
                self.counts.limited,
                steps / 2_000,
            ));
        }
        for (what, count, least) in enough {
            assert!(count >= least, "only {count} {what} in {steps} steps");
        }
    }

    /// Prints the counts even if the test passes.
    fn announce(&self) {
        let line = format!("model: {self}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            steps,
            requests,
            commits,
            interleaved,
            conflicts,
            merged,
            dropped,
            refused,
            faults,
            logins,
            double_clicks,
            second_clicks,
            late,
            older,
            excused,
            listed,
            ended,
            limited,
            saved_by_hand,
            reloaded,
        } = self.counts;
        write!(
            f,
            "{}: {steps} steps in {} worlds, {requests} requests, {commits} commits ({interleaved} \
             interrupted), {conflicts} conflicts, {merged} merges, {dropped} late writes dropped, {refused} refused, \
             {faults} faults, {logins} logins delivered, {double_clicks} double clicks ({second_clicks} \
             delivered twice), {late} late responses checked ({older} sent before the login, {excused} more excused), \
             {listed} sessions listed, {ended} revoked, {limited} over the limit, {saved_by_hand} saves and {reloaded} \
             reloads by hand, seed {}",
            self.name, self.worlds, self.seed
        )
    }
}

/// Prints how to repeat a world that failed.
struct Blame(&'static str, u64);

impl Drop for Blame {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(name, seed) = self;
            eprintln!(
                "the model of {name} failed: set MODEL_SEED={seed} to repeat it and MODEL_TRACE=1 to see every step"
            );
        }
    }
}

fn from_env<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

fn seed() -> u64 {
    match std::env::var("MODEL_SEED").as_deref() {
        Ok("random") => random(),
        _ => from_env("MODEL_SEED").unwrap_or(USUAL_SEED),
    }
}

fn random() -> u64 {
    let id = SessionId::random().unwrap();
    let digits = id.as_str().bytes().filter(u8::is_ascii_hexdigit);
    digits.fold(0, |seed: u64, digit| {
        seed.wrapping_mul(31).wrapping_add(digit.into())
    })
}

const STEPS_OF_A_WORLD: usize = 400;
/// Any number will do.
const USUAL_SEED: u64 = 41;
