//! Puts the playgrounds under full load and checks every response.
//!
//! ```sh
//! cargo build --release -p load-check \
//!     -p axum-playground -p warp-playground -p poem-playground -p actix-playground --features \
//!     axum-playground/redis,warp-playground/redis,poem-playground/redis,actix-playground/redis
//! target/release/load-check                                  # 20 seconds per driver
//! target/release/load-check --seconds 600 --driver redis
//! target/release/load-check --seconds 60 --fault slow        # Redis takes 200 ms to answer
//! target/release/load-check --seconds 60 --fault restart     # Redis is down for 5.5 s
//! ```
//!
//! It starts the playgrounds in its own folder, and a Redis server for each, on free ports. The playgrounds run at the same
//! time, the drivers one after the other. The exit code is 1 if a response was wrong, an acknowledged write was lost, memory
//! grew or a record was left over, and 2 if the check could not run.
#![allow(
    clippy::cast_possible_truncation,
    reason = "the numbers are for people"
)]

mod arguments;
mod client;
mod connection;
mod delay;
mod metrics;
mod problem;
mod run;
mod shared;
mod solo;
mod target;

use std::error::Error;
use std::process::ExitCode;

use test_support::program::Playground;
use tokio::task::JoinSet;

use crate::arguments::Arguments;
use crate::run::Run;

#[tokio::main]
async fn main() -> ExitCode {
    let checking = async {
        let arguments = Arguments::parse(std::env::args().skip(1))?;
        check(&arguments).await
    };
    // Drop everything on Ctrl-C, which stops all child processes.
    let result = tokio::select! {
        result = checking => result,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load-check: {error}");
            ExitCode::from(2)
        }
    }
}

async fn check(arguments: &Arguments) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let mut has_passed = true;
    for driver in &arguments.drivers {
        let mut runs = JoinSet::new();
        for name in &arguments.playgrounds {
            let run = Run {
                playground: find(name)?,
                driver: *driver,
                fault: arguments.fault,
                time: arguments.time,
            };
            runs.spawn(run.play());
        }
        while let Some(passed) = runs.join_next().await {
            has_passed &= passed??;
        }
    }
    Ok(has_passed)
}

/// Finds a playground's program in the folder of this one.
fn find(name: &str) -> Result<Playground, Box<dyn Error + Send + Sync>> {
    let name = format!("{name}-playground");
    let path = std::env::current_exe()?.with_file_name(&name);
    if !path.exists() {
        return Err(format!("{} does not exist; build it first", path.display()).into());
    }
    let path = path.into_os_string().into_string();
    let path = path.map_err(|path| format!("{} is not UTF-8", path.display()))?;
    Ok(Playground {
        // Used until this program ends.
        name: name.leak(),
        path: path.leak(),
        has_redis: true,
    })
}
