//! Named cases, measured by this process and by child processes under a tool.

use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::callgrind::{Group, Profile};

/// A case that is ready to run. The argument is the number of runs.
pub type Prepared = Box<dyn FnMut(usize)>;

/// One thing to measure.
pub struct Case {
    /// The name, unique within a program.
    pub name: String,
    prepare: Box<dyn Fn() -> Prepared>,
}

/// The cost of one run of a case.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Instructions that the processor ran.
    pub native: Option<u64>,
    /// Instructions that callgrind counted, with hashing in software.
    pub callgrind: Option<u64>,
    /// The part of callgrind's count that hashes.
    pub mac: Option<u64>,
    /// The median time.
    pub nanoseconds: f64,
    /// The number of allocations and reallocations.
    pub allocations: u64,
}

impl Figures {
    /// The columns of a table of figures.
    pub const COLUMNS: [&str; 5] = ["instructions", "callgrind", "less MAC", "ns", "allocations"];

    /// Returns a value for each of [`COLUMNS`](Self::COLUMNS).
    #[must_use]
    pub fn columns(&self) -> [Option<f64>; 5] {
        let without_mac = self.callgrind.zip(self.mac);
        [
            self.native.map(|count| count as f64),
            self.callgrind.map(|count| count as f64),
            without_mac.map(|(all, mac)| all as f64 - mac as f64),
            Some(self.nanoseconds),
            Some(self.allocations as f64),
        ]
    }
}

impl Case {
    /// Gives a name to the case that `prepare` prepares.
    pub fn new<F: FnMut(usize) + 'static>(
        name: impl Into<String>,
        prepare: impl Fn() -> F + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            prepare: Box::new(move || Box::new(prepare())),
        }
    }

    /// Makes the case ready to run.
    #[must_use]
    pub fn prepare(&self) -> Prepared {
        (self.prepare)()
    }
}

/// Does what the arguments ask a child process to do. Returns `None` in the parent, which has no
/// such arguments.
#[must_use]
pub fn child(cases: &[Case]) -> Option<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let case = |name: &str| cases.iter().find(|case| case.name == name);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["run", name, times] => {
            case(name)?.prepare()(times.parse().ok()?);
            Some(ExitCode::SUCCESS)
        }
        ["steps", name] => Some(match crate::steps::obey(case(name)?.prepare()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }),
        _ => None,
    }
}

/// Measures every case, and reports progress on standard error.
#[must_use]
pub fn measure<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Vec<Figures> {
    let cases: Vec<&Case> = cases.into_iter().collect();
    let mut prepared: Vec<Prepared> = cases.iter().map(|case| case.prepare()).collect();
    let nanoseconds = crate::rounds::medians(&mut prepared);
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    let counts = count_instructions(&names);
    let figures = counts.into_iter().zip(&mut prepared).zip(nanoseconds);
    figures
        .map(|(((native, profile), prepared), nanoseconds)| Figures {
            native,
            callgrind: profile.as_ref().map(Profile::total),
            mac: profile.map(|profile| profile.of(Group::Mac)),
            nanoseconds,
            allocations: (crate::allocations::count(|| prepared(1_000)) + 500) / 1_000,
        })
        .collect()
}

/// Counts the instructions of these cases in child processes, as many at once as there are
/// processors: other work does not change the counts.
fn count_instructions(names: &[&str]) -> Vec<(Option<u64>, Option<Profile>)> {
    let next = AtomicUsize::new(0);
    let counted: Vec<_> = names.iter().map(|_| OnceLock::new()).collect();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                while let at = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(name) = names.get(at)
                {
                    eprintln!("measuring {name}");
                    let counts = (crate::steps::count(name), crate::callgrind::profile(name));
                    let _ = counted[at].set(counts);
                }
            });
        }
    });
    let counted = counted.into_iter().map(OnceLock::into_inner);
    counted
        .map(|counts| counts.expect("it was counted"))
        .collect()
}

/// An environment variable for children whose instructions are counted. Each byte of a `rep movsb`
/// counts as one instruction, so the C library must copy without it.
pub(crate) const WITHOUT_REP: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.cpu.x86_rep_movsb_threshold=0x40000000:glibc.cpu.x86_rep_stosb_threshold=0x40000000",
);
