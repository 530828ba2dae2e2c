//! Prints the instructions of a request by purpose, next to those of the floor.
//!
//! ```text
//! cargo run --profile measure -p session-bench --bin profile                 # by group
//! cargo run --profile measure -p session-bench --bin profile -- functions    # by function
//! ```

use std::process::ExitCode;

use session_bench::callgrind::{self, Group, Profile};
use session_bench::cases::{self, Case};
use session_bench::report::{Results, Table};
use session_bench::{floor, requests};

fn main() -> ExitCode {
    let mut all = requests::cases();
    all.extend(floor::cases());
    if let Some(code) = cases::child(&all) {
        return code;
    }
    let profiles: Option<Vec<Profile>> = CASES.iter().map(|name| profile(&all, name)).collect();
    let Some(profiles) = profiles else {
        eprintln!("profile: valgrind is not installed");
        return ExitCode::FAILURE;
    };
    if std::env::args().any(|argument| argument == "functions") {
        for (name, profile) in CASES.iter().zip(&profiles) {
            println!("\n{name}");
            for (function, instructions) in profile.functions().into_iter().take(MOST) {
                println!("{instructions:>9.0}  {function}");
            }
        }
        return ExitCode::SUCCESS;
    }
    let title = "What the instructions of a request in the cookie are for";
    let mut table = Table::new("profile", title, &CASES);
    for group in Group::ALL {
        let counts = profiles.iter().map(|profile| profile.of(group));
        table.row(group.name(), counts.map(|count| Some(count as f64)));
    }
    let totals = profiles.iter().map(|profile| Some(profile.total() as f64));
    table.row("all", totals);
    Results::from_arguments().add(&table);
    ExitCode::SUCCESS
}

fn profile(all: &[Case], name: &str) -> Option<Profile> {
    let case = all.iter().find(|case| case.name == name);
    callgrind::profile(&case.expect("the case exists").name)
}

const CASES: [&str; 4] = [
    "cookie: read",
    "floor: read",
    "cookie: read + write",
    "floor: read + write",
];

/// The number of functions to print.
const MOST: usize = 40;
