//! Measures sessions without a framework: whole requests, the parts of a request, and the floor,
//! which is the minimum work of a signed cookie session.
//!
//! ```text
//! cargo run --profile measure -p session-bench
//! ```

use std::process::ExitCode;

use session_bench::cases::{self, Case, Figures};
use session_bench::report::{Results, Table};
use session_bench::{floor, layer, parts, requests};

fn main() -> ExitCode {
    let groups = [
        ("floor", "The floor", floor::cases as fn() -> Vec<Case>),
        (
            "core",
            "Whole requests, without a framework",
            requests::cases,
        ),
        ("tower", "Whole requests through the layer", layer::cases),
        ("parts", "The parts of a request", parts::cases),
    ];
    let all: Vec<Case> = groups.iter().flat_map(|(.., cases)| cases()).collect();
    if let Some(code) = cases::child(&all) {
        return code;
    }
    let results = Results::from_arguments();
    for (name, title, cases) in groups {
        let cases = cases();
        let mut table = Table::new(name, title, &Figures::COLUMNS);
        for (case, figures) in cases.iter().zip(cases::measure(&cases)) {
            table.row(&*case.name, figures.columns());
        }
        results.add(&table);
    }
    ExitCode::SUCCESS
}
