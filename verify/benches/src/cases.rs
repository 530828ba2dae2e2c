//! What is measured, by name: by this process, and by children of it under a tool.

use std::process::ExitCode;

/// A case that is ready to run: takes how often.
pub type Prepared = Box<dyn FnMut(usize)>;

/// One thing to measure.
pub struct Case {
    /// Unique among its program's.
    pub name: String,
    prepare: Box<dyn Fn() -> Prepared>,
}

/// Everything about one run of a case.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Instructions, as the processor runs them.
    pub native: Option<u64>,
    /// Instructions by callgrind, where hashing is in software.
    pub callgrind: Option<u64>,
    /// Those of them that hash.
    pub mac: Option<u64>,
    /// The median of its time.
    pub nanoseconds: f64,
    /// Allocations and reallocations.
    pub allocations: u64,
}

impl Figures {
    /// The columns of a table of them.
    pub const COLUMNS: [&str; 5] = ["instructions", "callgrind", "less MAC", "ns", "allocations"];

    /// Them, in that order.
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
    /// Names what `prepare` prepares.
    pub fn new<F: FnMut(usize) + 'static>(
        name: impl Into<String>,
        prepare: impl Fn() -> F + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            prepare: Box::new(move || Box::new(prepare())),
        }
    }

    /// Makes it ready.
    #[must_use]
    pub fn prepare(&self) -> Prepared {
        (self.prepare)()
    }
}

/// Does what the arguments ask of a child process. `None` where they ask nothing: this is the parent.
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

/// Measures all of them, and says on the error output how far it is.
#[must_use]
pub fn measure<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Vec<Figures> {
    let cases: Vec<&Case> = cases.into_iter().collect();
    let mut prepared: Vec<Prepared> = cases.iter().map(|case| case.prepare()).collect();
    let nanoseconds = crate::rounds::medians(&mut prepared);
    let figures = cases.iter().zip(&mut prepared).zip(nanoseconds);
    figures
        .map(|((case, prepared), nanoseconds)| {
            eprintln!("measuring {}", case.name);
            let profile = crate::callgrind::profile(&case.name);
            Figures {
                native: crate::steps::count(&case.name),
                callgrind: profile.as_ref().map(crate::callgrind::Profile::total),
                mac: profile.map(|profile| profile.of(crate::callgrind::Group::Mac)),
                nanoseconds,
                allocations: (crate::allocations::count(|| prepared(1_000)) + 500) / 1_000,
            }
        })
        .collect()
}

/// A variable for a child whose instructions are counted: that counts `rep movsb` once for every byte, so the C library is
/// to copy without it.
pub(crate) const WITHOUT_REP: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.cpu.x86_rep_movsb_threshold=0x40000000:glibc.cpu.x86_rep_stosb_threshold=0x40000000",
);
