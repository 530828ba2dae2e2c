//! What one request's session costs on the cookie driver, without a framework, next to the floor: the work
//! that a signed cookie session cannot do without.
//!
//! ```text
//! cargo run --release -p session-bench
//! ```
//!
//! Instructions are those of `valgrind --tool=callgrind`, as the difference of two run lengths, which leaves the
//! start of the process out. valgrind knows no SHA instructions, so the MAC is counted in software on both
//! sides; the last column leaves it out. Allocations are counted natively.

mod counting;
mod floor;
mod ours;

use std::process::{Command, ExitCode};

/// One thing to measure: runs a request this many times.
type Case = fn(usize);

const CASES: [(&str, Case); 6] = [
    ("floor read", floor::read),
    ("session read", ours::read),
    ("floor read + write", floor::read_write),
    ("session read + write", ours::read_write),
    ("mac once", floor::mac),
    ("session bad signature", ours::bad_signature),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => table(),
        [name, times] => match (CASES.iter().find(|(case, _)| case == name), times.parse()) {
            (Some((_, case)), Ok(times)) => {
                case(times);
                ExitCode::SUCCESS
            }
            _ => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: session-bench [CASE TIMES]");
    ExitCode::FAILURE
}

fn table() -> ExitCode {
    let mut measured = Vec::new();
    for (name, case) in CASES {
        let Some(instructions) = instructions(name) else {
            eprintln!("session-bench: valgrind did not run; install the package `valgrind`");
            return ExitCode::FAILURE;
        };
        measured.push((name, instructions, counting::allocations(case)));
    }
    let mac = measured
        .iter()
        .find(|(name, ..)| *name == "mac once")
        .map_or(0, |(_, instructions, _)| *instructions);
    println!(
        "{:<24}{:>14}{:>14}{:>18}",
        "", "instructions", "allocations", "without the MAC"
    );
    for (name, instructions, allocations) in &measured {
        let macs = match *name {
            "floor read + write" | "session read + write" => 2,
            _ => 1,
        };
        println!(
            "{name:<24}{instructions:>14}{allocations:>14}{:>18}",
            instructions.saturating_sub(macs * mac)
        );
    }
    ExitCode::SUCCESS
}

/// The instructions of one run of a case.
fn instructions(name: &str) -> Option<u64> {
    let (short, long) = (count(name, 200)?, count(name, 1_200)?);
    Some((long - short) / 1_000)
}

fn count(name: &str, times: usize) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([name, &times.to_string()])
        .output()
        .ok()?;
    let report = String::from_utf8(output.stderr).ok()?;
    let line = report.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}
