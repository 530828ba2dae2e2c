//! Counts the instructions of the main paths, and compares them with the committed figures.
//!
//! ```text
//! cargo run --profile measure -p session-bench --bin guard             # fails if a path is more than 5 % worse
//! cargo run --profile measure -p session-bench --bin guard -- --update # rewrites the figures
//! ```
//!
//! callgrind counts the same in every run and on every machine. The committed figures belong to one
//! compiler and one C library. With others, the program says so and succeeds.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};
use session_bench::callgrind::{self, Group};
use session_bench::cases::{self, Case};
use session_bench::{layer, requests};

/// The committed figures.
#[derive(Debug, Serialize, Deserialize)]
struct Figures {
    rustc: String,
    libc: String,
    instructions: BTreeMap<String, Counted>,
}

/// The instructions of one request. Hashing in software dominates many paths, so the rest is also
/// compared alone.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Counted {
    all: u64,
    without_mac: u64,
}

fn main() -> ExitCode {
    let mut cases = requests::cases();
    cases.extend(layer::cases());
    if let Some(code) = cases::child(&cases) {
        return code;
    }
    let Some(measured) = measure(&cases) else {
        println!("guard: *** SKIPPED: valgrind is not installed ***");
        return ExitCode::SUCCESS;
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json");
    if std::env::args().any(|argument| argument == "--update") {
        let json = serde_json::to_string_pretty(&measured).expect("figures are JSON");
        std::fs::write(&path, json + "\n").expect("the file is writable");
        println!("{} written", path.display());
        return ExitCode::SUCCESS;
    }
    let committed = std::fs::read_to_string(&path).expect("the committed figures exist");
    let committed: Figures = serde_json::from_str(&committed).expect("they are JSON");
    let worse = compare(&committed, &measured);
    if (&committed.rustc, &committed.libc) != (&measured.rustc, &measured.libc) {
        println!(
            "guard: *** NOT COMPARED: the committed figures are for {} and {}, and this is {} and {} ***",
            committed.rustc, committed.libc, measured.rustc, measured.libc
        );
        return ExitCode::SUCCESS;
    }
    let paths = measured.instructions.len();
    println!("guard: {paths} paths counted, {worse} more than 5 % worse than committed");
    ExitCode::from(u8::from(worse > 0))
}

fn measure(cases: &[Case]) -> Option<Figures> {
    let counted = cases.iter().map(|case| {
        let profile = callgrind::profile(&case.name)?;
        let all = profile.total();
        let without_mac = all - profile.of(Group::Mac);
        Some((case.name.clone(), Counted { all, without_mac }))
    });
    Some(Figures {
        rustc: env!("SESSION_BENCH_RUSTC").to_owned(),
        libc: libc(),
        instructions: counted.collect::<Option<_>>()?,
    })
}

/// Prints a line for each case, and returns the number of worse ones.
fn compare(committed: &Figures, measured: &Figures) -> usize {
    println!(
        "{:<42}{:>10}{:>9}{:>14}{:>9}",
        "instructions of a request", "now", "change", "without MAC", "change"
    );
    let mut worse = 0;
    for (name, now) in &measured.instructions {
        let Some(before) = committed.instructions.get(name) else {
            println!(
                "{name:<42}{:>10}{:>32}  NEW: run with --update",
                now.all, now.without_mac
            );
            continue;
        };
        let changes = [
            change(before.all, now.all),
            change(before.without_mac, now.without_mac),
        ];
        let remark = if changes.iter().any(|change| *change > TOLERANCE) {
            worse += 1;
            "  WORSE"
        } else if changes.iter().any(|change| *change < -TOLERANCE) {
            "  better: run with --update"
        } else {
            ""
        };
        println!(
            "{name:<42}{:>10}{:>+8.1}%{:>14}{:>+8.1}%{remark}",
            now.all,
            changes[0] * 100.0,
            now.without_mac,
            changes[1] * 100.0
        );
    }
    worse
}

fn change(before: u64, now: u64) -> f64 {
    now as f64 / before as f64 - 1.0
}

/// Returns the version of the C library, which copies and allocates.
fn libc() -> String {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    version.unwrap_or_else(|_| "another C library".to_owned())
}

/// The change that needs no update.
const TOLERANCE: f64 = 0.05;
