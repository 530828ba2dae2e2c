//! Drives the page of each playground by headless Chromium, with sessions in the cookie and in Redis: what a browser
//! makes of the cookies, no other test shows.
//!
//! ```sh
//! cd verify/browser
//! cargo run                                          # every scenario
//! cargo run -- same_site axum::redis                 # those whose names contain one of these
//! cargo run -- --screenshots /tmp/screenshots page   # and what the page looks like
//! ```
//!
//! It builds the playgrounds, starts what it needs on free ports, and stops it at its end. It installs nothing: Chromium,
//! its driver and Redis are to be there. It exits with 1 if a scenario failed, with 2 if it could not play them.

#![allow(clippy::unwrap_used, reason = "what fails here fails a scenario")]

mod arguments;
mod browser;
mod chromium;
mod cookie;
mod page;
mod playgrounds;
mod report;
mod scenario;
mod scenarios;
mod screenshots;
mod site;
mod stage;

use std::cell::RefCell;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use test_support::RedisServer;
use test_support::program::Playground;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;
use crate::chromium::Chromium;
use crate::report::Report;
use crate::stage::{Stage, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let playing = async {
        let arguments = Arguments::read(std::env::args().skip(1))?;
        play(&arguments).await
    };
    // Whatever ends it: what it started is stopped.
    let result = tokio::select! {
        result = playing => result,
        () = told_to_end() => Err("interrupted".into()),
    };
    match result {
        Ok(report) => {
            println!("{report}");
            report.exit_code()
        }
        Err(error) => {
            eprintln!("browser-check: {error}");
            ExitCode::from(2)
        }
    }
}

/// Plays every scenario that is asked for, with each playground and each store.
async fn play(arguments: &Arguments) -> Result<Report, Box<dyn Error>> {
    chromium::require(&["chromium", "chromedriver", "redis-server"])?;
    let playgrounds = playgrounds::build()?;
    let redis = Arc::new(RedisServer::start());
    let chromium = Chromium::start().await?;
    let report = Report::new();
    let stores = [Store::Cookie, Store::Redis(redis)];
    let parts = playgrounds.iter().flat_map(|playground| {
        let part = |store: &Store| (*playground, store.clone());
        stores.iter().map(part)
    });
    // Two at a time: most of what one browser does, it does on one core.
    let parts = RefCell::new(parts);
    let worker = async || {
        loop {
            let Some((playground, store)) = parts.borrow_mut().next() else {
                return Ok::<_, Box<dyn Error>>(());
            };
            play_part(arguments, &report, &chromium, playground, store).await?;
        }
    };
    tokio::try_join!(worker(), worker())?;
    Ok(report)
}

/// Plays the scenarios with one playground and one store, in a browser of their own.
async fn play_part(
    arguments: &Arguments,
    report: &Report,
    chromium: &Chromium,
    playground: Playground,
    store: Store,
) -> Result<(), Box<dyn Error>> {
    let name = playground.name.trim_end_matches("-playground");
    let scenarios: Vec<_> = scenarios::all()
        .filter(|scenario| scenario.applies_to(&store))
        .map(|scenario| (format!("{name}::{store}::{}", scenario.path()), scenario))
        .filter(|(path, _)| arguments.want(path))
        .collect();
    if scenarios.is_empty() {
        return Ok(());
    }
    let stage = Stage {
        browser: Arc::new(chromium.browser().await?),
        playground,
        store,
    };
    for (path, scenario) in scenarios {
        report.play(path, scenario, &stage).await;
    }
    if let Some(folder) = &arguments.screenshots {
        report::survive(screenshots::take(&stage, folder)).await?;
    }
    Ok(stage.browser.quit().await?)
}

/// Waits for Ctrl-C, or for whoever runs this to stop it.
async fn told_to_end() {
    let mut terminated = signal(SignalKind::terminate()).unwrap();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => (),
        _ = terminated.recv() => (),
    }
}
