//! `update` writes what the tests of this package compare with; `features` lints each set of features.

use std::process::ExitCode;

use session_checks::workspace::Workspace;
use session_checks::{Result, features, figures, listing};

fn main() -> ExitCode {
    if let Some(mut rustdoc) = listing::rustdoc() {
        let succeeded = rustdoc.status().is_ok_and(|status| status.success());
        return ExitCode::from(u8::from(!succeeded));
    }
    let done = match std::env::args().nth(1).as_deref() {
        Some("update") => update(),
        Some("features") => Workspace::read().and_then(|workspace| features::check(&workspace)),
        _ => Err("usage: session-checks update | features".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn update() -> Result<()> {
    let workspace = Workspace::read()?;
    for (package, now) in listing::list(&workspace, &std::env::current_exe()?)? {
        now.write(&package)?;
        println!("{package}: {} public items", now.items.len());
    }
    figures::write(&workspace)
}
