//! Playing the scenarios, each as a trial of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use session_core::DriverName;
use test_support::http::Transcript;
use tokio::runtime::{Builder, Runtime};

use crate::scenario::Scenario;
use crate::scenarios;
use crate::stage::Stage;
use crate::store::SharedRedis;
use crate::table::{Cell, Table};
use crate::{Adapter, lab};

/// Plays every scenario with each of `adapters` and every driver, and prints the table of results: the `main` of a test
/// with `harness = false`.
///
/// It understands the arguments of Rust's own tests. A trial's name is `adapter::driver::subject::scenario`, so
/// `cargo test --test http -- axum::redis` plays those, and `-- flash` all about flash.
#[must_use]
pub fn run(adapters: &[&'static dyn Adapter]) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most of them wait most of the time.
    arguments.test_threads.get_or_insert(8);
    let suite = Arc::new(Suite::new());
    let trials = scenarios::all()
        .flat_map(|scenario| parts(adapters).map(move |part| (scenario, part)))
        .filter(|(scenario, (_, driver))| scenario.exception(*driver).is_none())
        .map(|(scenario, (adapter, driver))| suite.clone().trial(scenario, adapter, driver))
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        println!("{}", suite.table(adapters));
    }
    conclusion.exit_code()
}

/// What the trials share.
#[derive(Debug)]
pub(crate) struct Suite {
    runtime: Runtime,
    redis: Arc<SharedRedis>,
    /// Whether the trials of these names passed.
    results: Mutex<HashMap<String, bool>>,
}

impl Suite {
    pub(crate) fn new() -> Self {
        listen_to_panics();
        Self {
            runtime: Builder::new_multi_thread().enable_all().build().unwrap(),
            redis: Arc::default(),
            results: Mutex::default(),
        }
    }

    fn trial(
        self: Arc<Self>,
        scenario: Scenario,
        adapter: &'static dyn Adapter,
        driver: DriverName,
    ) -> Trial {
        let name = name(&scenario, adapter, driver);
        Trial::test(name.clone(), move || {
            let result = self.play(scenario, adapter, driver);
            let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
            results.insert(name, result.is_ok());
            result.map_err(Into::into)
        })
    }

    /// Plays a scenario; the error is for people.
    pub(crate) fn play(
        &self,
        scenario: Scenario,
        adapter: &'static dyn Adapter,
        driver: DriverName,
    ) -> Result<(), String> {
        let transcript = Transcript::default();
        let playing = async {
            let is_own = scenario.needs_own_server;
            let written = transcript.clone();
            let stage = Stage::new(adapter, driver, &self.redis, is_own, written).await;
            let played = tokio::time::timeout(PATIENCE, (scenario.run)(stage)).await;
            assert!(played.is_ok(), "it does not end");
        };
        caught(|| self.runtime.block_on(playing)).map_err(|death| {
            format!(
                "{} with {} and the {driver} driver {death}\n\nThe last exchanges:\n{transcript}",
                scenario.path(),
                adapter.name(),
            )
        })
    }

    fn table(&self, adapters: &[&'static dyn Adapter]) -> Table {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let names = adapters.iter().map(|adapter| adapter.name());
        let mut table = Table::new(names.collect(), DRIVERS.to_vec());
        for scenario in scenarios::all() {
            let cell = |(adapter, driver): (&'static dyn Adapter, DriverName)| {
                if let Some(reason) = scenario.exception(driver) {
                    return Cell::DoesNotApply(reason);
                }
                match results.get(&name(&scenario, adapter, driver)) {
                    None => Cell::NotRun,
                    Some(true) => Cell::Passed,
                    Some(false) => Cell::Failed,
                }
            };
            table.add(scenario.path(), parts(adapters).map(cell).collect());
        }
        table
    }
}

/// Each adapter with each driver.
fn parts(
    adapters: &[&'static dyn Adapter],
) -> impl Iterator<Item = (&'static dyn Adapter, DriverName)> {
    adapters
        .iter()
        .flat_map(|adapter| DRIVERS.map(|driver| (*adapter, driver)))
}

fn name(scenario: &Scenario, adapter: &dyn Adapter, driver: DriverName) -> String {
    format!("{}::{driver}::{}", adapter.name(), scenario.path())
}

/// Runs `play`; the error says where and of what it panicked.
fn caught(play: impl FnOnce()) -> Result<(), String> {
    DEATH.set(Some(String::new()));
    let result = panic::catch_unwind(AssertUnwindSafe(play));
    let death = DEATH.take().unwrap_or_default();
    result.map_err(|_| {
        death
            .replace("\n  left: ", "\n     found: ")
            .replace("\n right: ", "\n  expected: ")
    })
}

/// A scenario's panic is kept for its report, and the one on purpose is nobody's business.
fn listen_to_panics() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let text = panic.to_string();
        let is_ours = DEATH.with_borrow_mut(|death| match death {
            Some(death) => {
                death.clone_from(&text);
                true
            }
            None => false,
        });
        if !is_ours && !text.ends_with(lab::PANIC) {
            default(panic);
        }
    }));
}

thread_local! {
    /// What the scenario that this thread plays died of.
    static DEATH: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The drivers, in the table's order.
const DRIVERS: [DriverName; 3] = [DriverName::Cookie, DriverName::Memory, DriverName::Redis];
/// Longer than any scenario takes.
const PATIENCE: Duration = Duration::from_secs(60);
