//! Builds the playgrounds' programs.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use test_support::program::Playground;

/// Builds the playgrounds with the feature `redis`.
pub(crate) fn build() -> Result<Vec<Playground>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args([
        "build",
        "--bins",
        "--message-format=json-render-diagnostics",
    ]);
    for name in NAMES {
        command.args(["--package", name, "--features", &format!("{name}/redis")]);
    }
    let built = { command }
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    if !built.status.success() {
        return Err("the playgrounds do not build".into());
    }
    let mut playgrounds = Vec::new();
    for line in String::from_utf8(built.stdout)?.lines() {
        let message: Message = serde_json::from_str(line)?;
        if let (Some(path), Some(target)) = (message.executable, message.target) {
            let name = NAMES.into_iter().find(|name| *name == target.name);
            playgrounds.extend(name.map(|name| Playground {
                name,
                // Used until this program ends.
                path: path.leak(),
                has_redis: true,
            }));
        }
    }
    playgrounds.sort_by_key(|playground| playground.name);
    assert_eq!(
        playgrounds.len(),
        NAMES.len(),
        "cargo reported every program"
    );
    Ok(playgrounds)
}

/// Cargo's message about an artifact.
#[derive(Deserialize)]
struct Message {
    executable: Option<String>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

const NAMES: [&str; 4] = [
    "actix-playground",
    "axum-playground",
    "poem-playground",
    "warp-playground",
];
