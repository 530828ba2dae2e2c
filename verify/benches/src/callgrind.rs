//! Instructions by function, counted by valgrind's callgrind. The counts are the same in every run.

mod groups;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

pub use self::groups::Group;
use crate::cases::WITHOUT_REP;

/// The instructions of one run of a case, by their origin.
#[derive(Clone, Debug, Default)]
pub struct Profile(BTreeMap<Place, f64>);

/// The origin of an instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// The source file of the line, which may be inlined into the function.
    line: String,
    /// The source file of the function.
    file: String,
    function: String,
}

///
/// Profiles the case with this name in a child process of this program. Returns `None` if valgrind
/// is not installed.
///
/// Subtracts a short run from a long one, which leaves out the start of the process.
///
/// # Panics
///
/// If the case panics, or valgrind's report has an unknown format.
#[must_use]
pub fn profile(name: &str) -> Option<Profile> {
    profile_between(name, SHORT, LONG)
}

/// Like [`profile`], with other run lengths, for slow cases.
///
/// # Panics
///
/// Like [`profile`].
#[must_use]
pub fn profile_between(name: &str, short: usize, long: usize) -> Option<Profile> {
    let times = (long - short) as f64;
    let (short, mut long) = (run(name, short)?, run(name, long)?);
    for (place, instructions) in short.0 {
        *long.0.entry(place).or_default() -= instructions;
    }
    for instructions in long.0.values_mut() {
        *instructions /= times;
    }
    Some(long)
}

impl Profile {
    /// Returns the number of all instructions.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum::<f64>().round() as u64
    }

    /// Returns the number of instructions in a group.
    #[must_use]
    pub fn of(&self, group: Group) -> u64 {
        let places = self.0.iter();
        let instructions = places
            .filter(|(place, _)| groups::of(place) == group)
            .map(|(_, instructions)| instructions);
        instructions.sum::<f64>().round() as u64
    }

    /// Returns the instructions of each function and its group, including inlined functions,
    /// largest first.
    #[must_use]
    pub fn functions(&self) -> Vec<(String, f64)> {
        let mut functions: BTreeMap<String, f64> = BTreeMap::new();
        for (place, instructions) in &self.0 {
            let name = format!("{} [{:?}]", place.function, groups::of(place));
            *functions.entry(name).or_default() += instructions;
        }
        let mut functions: Vec<_> = functions.into_iter().collect();
        functions.sort_by(|left, right| right.1.total_cmp(&left.1));
        functions
    }
}

fn run(name: &str, times: usize) -> Option<Profile> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let file = format!("session-bench-{}-{run}", std::process::id());
    let file = std::env::temp_dir().join(file);
    let status = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--compress-strings=no",
            "--compress-pos=no",
        ])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe().expect("this program is a file"))
        .args(["run", name, &times.to_string()])
        // The size of the environment must not count.
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs([WITHOUT_REP])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let status = match status {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        status => status.expect("valgrind starts"),
    };
    assert!(status.success(), "`{name}` fails under valgrind: {status}");
    let report = std::fs::read_to_string(&file).expect("valgrind writes a report");
    let _ = std::fs::remove_file(&file);
    Some(parse(&report))
}

/// Reads the costs by place (Callgrind Format Specification, without compression).
fn parse(report: &str) -> Profile {
    let mut profile = Profile::default();
    let mut place = Place::default();
    let mut is_call = false;
    for line in report.lines() {
        if let Some((key, value)) = line.split_once('=') {
            match key {
                "fl" => {
                    value.clone_into(&mut place.file);
                    value.clone_into(&mut place.line);
                }
                "fi" | "fe" => value.clone_into(&mut place.line),
                "fn" => {
                    value.clone_into(&mut place.function);
                    place.line.clone_from(&place.file);
                }
                // The next line is the inclusive cost of the call, which counts where it is spent.
                "calls" => is_call = true,
                _ => {}
            }
        } else if line.starts_with(|first: char| first.is_ascii_digit())
            && !std::mem::take(&mut is_call)
        {
            let instructions = line.split(' ').nth(1).and_then(|cost| cost.parse().ok());
            let instructions: f64 = instructions.expect("the line has a cost");
            *profile.0.entry(place.clone()).or_default() += instructions;
        }
    }
    profile
}

const SHORT: usize = 100;
const LONG: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inclusive_costs_of_calls_are_ignored() {
        let profile = parse(
            "events: Ir\n\
             fl=/x/session-core/src/record.rs\nfn=session_core::read\n16 400\n\
             fi=/registry/src/base64-0.23.1/src/decode.rs\n20 30\n\
             fe=/x/session-core/src/record.rs\n17 5\n\
             cfi=./malloc/malloc.c\ncfn=malloc\ncalls=2 1\n18 1000\n19 1\n\
             fl=./malloc/malloc.c\nfn=malloc\n1 1000\n",
        );
        assert_eq!(profile.total(), 1_436);
        assert_eq!(profile.of(Group::Session), 406);
        assert_eq!(profile.of(Group::Base64), 30);
        assert_eq!(profile.of(Group::Allocator), 1_000);
        assert_eq!(profile.functions()[0].0, "malloc [Allocator]");
    }
}
