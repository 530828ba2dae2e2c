//! Checks each playground in headless Chromium, with the cookie driver and with Redis. No other test shows how a browser
//! treats the cookies.
//!
//! ```sh
//! cd verify/browser
//! cargo run                                          # every scenario
//! cargo run -- same_site axum::redis                 # scenarios whose names contain one of these
//! cargo run -- --screenshots screenshots page        # with screenshots of the page
//! ```
//!
//! It builds the playgrounds, starts all servers on free ports, and stops them at the end. Chromium, its driver and Redis
//! must be installed. The exit code is 1 if a scenario failed, and 2 if the scenarios could not run.

#![allow(clippy::unwrap_used, reason = "a panic fails the scenario")]

mod arguments;
mod browser;
mod chromium;
mod cookie;
mod other_site;
mod page;
mod playgrounds;
mod report;
mod scenario;
mod scenarios;
mod screenshots;
mod setup;

use std::cell::RefCell;
use std::error::Error;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use test_support::RedisServer;
use test_support::program::Playground;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;
use crate::chromium::Chromium;
use crate::report::Report;
use crate::setup::{Setup, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let running = async {
        let arguments = Arguments::parse(std::env::args().skip(1))?;
        run_all(&arguments).await
    };
    // Drop everything on a signal, which stops all child processes.
    let result = tokio::select! {
        result = running => result,
        () = interrupted() => Err("interrupted".into()),
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

/// Runs the selected scenarios with each playground and each store.
async fn run_all(arguments: &Arguments) -> Result<Report, Box<dyn Error>> {
    chromium::require(&["chromium", "chromedriver", "redis-server"])?;
    let playgrounds = playgrounds::build()?;
    let redis = Arc::new(RedisServer::start());
    let chromium = Arc::new(Chromium::start().await?);
    let report = Report::new();
    let stores = [Store::Cookie, Store::Redis(redis)];
    let parts = playgrounds.iter().flat_map(|playground| {
        let part = |store: &Store| (*playground, store.clone());
        stores.iter().map(part)
    });
    // Two at a time: a browser keeps about one core busy.
    let parts = RefCell::new(parts);
    let worker = async || {
        loop {
            let Some((playground, store)) = parts.borrow_mut().next() else {
                return Ok::<_, Box<dyn Error>>(());
            };
            run_part(arguments, &report, &chromium, playground, store).await?;
        }
    };
    tokio::try_join!(worker(), worker())?;
    Ok(report)
}

/// Runs the scenarios of one playground and one store in their own browser.
async fn run_part(
    arguments: &Arguments,
    report: &Report,
    chromium: &Arc<Chromium>,
    playground: Playground,
    store: Store,
) -> Result<(), Box<dyn Error>> {
    let name = playground.name.trim_end_matches("-playground");
    let scenarios: Vec<_> = scenarios::all()
        .filter(|scenario| scenario.applies_to(&store))
        .map(|scenario| (format!("{name}::{store}::{}", scenario.path()), scenario))
        .filter(|(path, _)| arguments.matches(path))
        .collect();
    if scenarios.is_empty() {
        return Ok(());
    }
    let setup = Setup {
        browser: Arc::new(chromium.browser().await?),
        chromium: chromium.clone(),
        others: Rc::default(),
        playground,
        store,
    };
    for (path, scenario) in scenarios {
        report.run(path, scenario, &setup).await;
    }
    if let Some(folder) = &arguments.screenshots {
        let taken = report::catch(screenshots::take(&setup, folder)).await;
        setup.quit_others().await;
        taken?;
    }
    Ok(setup.browser.quit().await?)
}

/// Waits for Ctrl-C or a request to terminate.
async fn interrupted() {
    let mut terminated = signal(SignalKind::terminate()).unwrap();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => (),
        _ = terminated.recv() => (),
    }
}
