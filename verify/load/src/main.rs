//! Drives the playgrounds as hard as the machine can, and checks every answer.
//!
//! ```sh
//! cargo build --release -p axum-playground -p warp-playground -p poem-playground -p load-check \
//!     --features axum-playground/redis,warp-playground/redis,poem-playground/redis
//! target/release/load-check                                  # 20 seconds for each driver
//! target/release/load-check --seconds 600 --driver redis
//! target/release/load-check --seconds 60 --fault slow        # Redis answers after 200 ms
//! target/release/load-check --seconds 60 --fault restart     # Redis is killed, and is back after 5.5 s
//! ```
//!
//! It starts the programs that lie beside it, and a Redis server for each, on free ports. The playgrounds are driven at
//! the same time, the drivers one after the other. It exits with 1 if an answer was wrong, an acknowledged write was gone,
//! memory grew or a record was left over; with 2 if it could not run.
#![allow(clippy::cast_possible_truncation, reason = "figures are for people")]

mod alone;
mod arguments;
mod client;
mod connection;
mod delay;
mod figures;
mod run;
mod target;
mod together;
mod trouble;

use std::error::Error;
use std::process::ExitCode;

use test_support::program::Playground;
use tokio::task::JoinSet;

use crate::arguments::Arguments;
use crate::run::Run;

#[tokio::main]
async fn main() -> ExitCode {
    let playing = async {
        let arguments = Arguments::read(std::env::args().skip(1))?;
        play(&arguments).await
    };
    // Whatever ends it: what it started is stopped.
    let result = tokio::select! {
        result = playing => result,
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

async fn play(arguments: &Arguments) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let mut all_held = true;
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
        while let Some(held) = runs.join_next().await {
            all_held &= held??;
        }
    }
    Ok(all_held)
}

/// The program of a playground, built as this one is.
fn find(name: &str) -> Result<Playground, Box<dyn Error + Send + Sync>> {
    let name = format!("{name}-playground");
    let path = std::env::current_exe()?.with_file_name(&name);
    if !path.exists() {
        return Err(format!("there is no {}: build it first", path.display()).into());
    }
    let path = path.into_os_string().into_string();
    let path = path.map_err(|path| format!("{} is not UTF-8", path.display()))?;
    Ok(Playground {
        // As long as this program, which runs it to its end.
        name: name.leak(),
        path: path.leak(),
        has_redis: true,
    })
}
