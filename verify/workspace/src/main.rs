//! Rewrites the listings of the public API that the tests of this package compare with.

use std::process::ExitCode;

use session_workspace::workspace::Workspace;
use session_workspace::{Result, listing};

fn main() -> ExitCode {
    if let Some(mut rustdoc) = listing::rustdoc() {
        let succeeded = rustdoc.status().is_ok_and(|status| status.success());
        return ExitCode::from(u8::from(!succeeded));
    }
    let done = match std::env::args().nth(1).as_deref() {
        Some("update") => update(),
        _ => Err("usage: session-workspace update".into()),
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
    Ok(())
}
