//! Rewrites what the tests of this package compare with: the listings of the public API, and the excerpts in the guide.

use std::process::ExitCode;

use session_workspace::workspace::Workspace;
use session_workspace::{Result, excerpts, listing};

fn main() -> ExitCode {
    if let Some(mut rustdoc) = listing::rustdoc() {
        let succeeded = rustdoc.status().is_ok_and(|status| status.success());
        return ExitCode::from(u8::from(!succeeded));
    }
    let done = match std::env::args().nth(1).as_deref() {
        Some("excerpts") => update_excerpts(),
        Some("update") => update_excerpts().and_then(|()| update()),
        _ => Err("usage: session-workspace update | excerpts".into()),
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

fn update_excerpts() -> Result<()> {
    for page in excerpts::pages()? {
        if page.fresh != page.text {
            page.write()?;
            println!("{}: {} excerpts", page.path.display(), page.excerpts);
        }
    }
    Ok(())
}
