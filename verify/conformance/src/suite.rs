//! Plays each scenario as a named trial.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use test_support::http::Transcript;
use tokio::runtime::{Builder, Runtime};

use crate::adapters::{self, Adapter};
use crate::drivers::{self, TestedDriver};
use crate::fixture::Fixture;
use crate::scenario::Scenario;
use crate::table::{self, Table, Verdict};
use crate::{faults, lab, scenarios};

/// Plays every scenario with each adapter and driver, and prints a table of the results.
///
/// Takes the arguments of Rust's own tests. A trial is named `adapter::driver::module::scenario`, so that
/// `cargo test --test http -- axum::redis` plays one part of the table and `-- flash` everything about flash.
#[must_use]
pub fn run() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Scenarios mostly wait.
    arguments.test_threads.get_or_insert(8);
    let suite = Arc::new(Suite::new());
    let mut trials = vec![Trial::test("suite::the_table_shows_every_verdict", || {
        caught(table::check).map_err(Into::into)
    })];
    trials.extend(faults::trials(&suite));
    trials.extend(Suite::trials(&suite));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        println!("{}", suite.table());
    }
    conclusion.exit_code()
}

/// What the trials share.
pub(crate) struct Suite {
    runtime: Runtime,
    drivers: Vec<Box<dyn TestedDriver>>,
    /// The verdicts of the trials so far, by name.
    verdicts: Mutex<HashMap<String, Verdict>>,
}

impl Suite {
    fn new() -> Self {
        install_panic_hook();
        Self {
            runtime: Builder::new_multi_thread().enable_all().build().unwrap(),
            drivers: drivers::all(),
            verdicts: Mutex::default(),
        }
    }

    fn trials(suite: &Arc<Self>) -> Vec<Trial> {
        let mut trials = Vec::new();
        for scenario in scenarios::all() {
            for adapter in adapters::ALL {
                for (at, driver) in suite.drivers.iter().enumerate() {
                    if inapplicable(&scenario, adapter, driver.as_ref()).is_some() {
                        continue;
                    }
                    let name = name(&scenario, adapter, driver.as_ref());
                    let suite = suite.clone();
                    trials.push(Trial::test(name.clone(), move || {
                        let driver = suite.drivers[at].as_ref();
                        let result = suite.play(scenario, adapter, driver);
                        suite.record(name, result.is_ok());
                        result.map_err(Into::into)
                    }));
                }
            }
        }
        trials
    }

    fn record(&self, name: String, is_passed: bool) {
        let verdict = if is_passed {
            Verdict::Passed
        } else {
            Verdict::Failed
        };
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.insert(name, verdict);
    }

    /// Plays a scenario. The error is a report for people.
    pub(crate) fn play(
        &self,
        scenario: Scenario,
        adapter: &'static dyn Adapter,
        driver: &dyn TestedDriver,
    ) -> Result<(), String> {
        let transcript = Transcript::default();
        let playing = async {
            let own_server = scenario.needs_own_server();
            let fixture = Fixture::new(adapter, driver, own_server, transcript.clone()).await;
            let played = tokio::time::timeout(TIMEOUT, (scenario.play)(fixture)).await;
            assert!(played.is_ok(), "the scenario does not end");
        };
        caught(|| self.runtime.block_on(playing)).map_err(|panic| {
            format!(
                "{} with {} and the {} driver {panic}\n\nThe latest exchanges:\n{transcript}",
                scenario.path(),
                adapter.name(),
                driver.name(),
            )
        })
    }

    /// Returns the driver that fits most scenarios and starts fastest.
    pub(crate) fn memory(&self) -> &dyn TestedDriver {
        let mut drivers = self.drivers.iter();
        let memory = drivers.find(|driver| driver.storage() == drivers::Storage::Process);
        memory.unwrap().as_ref()
    }

    fn table(&self) -> Table {
        let verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        let names = adapters::ALL.map(Adapter::name);
        let drivers = self.drivers.iter().map(|driver| driver.name());
        let mut table = Table::new(names.to_vec(), drivers.collect());
        for scenario in scenarios::all() {
            let verdict = |adapter, driver: &dyn TestedDriver| {
                if let Some(reason) = inapplicable(&scenario, adapter, driver) {
                    return Verdict::Inapplicable(reason);
                }
                let verdict = verdicts.get(&name(&scenario, adapter, driver));
                verdict.copied().unwrap_or(Verdict::NotSelected)
            };
            let row = adapters::ALL.into_iter().flat_map(|adapter| {
                let drivers = self.drivers.iter();
                drivers.map(move |driver| verdict(adapter, driver.as_ref()))
            });
            table.add(scenario.path(), row.collect());
        }
        table
    }
}

/// Returns why a scenario is not played.
fn inapplicable(
    scenario: &Scenario,
    adapter: &dyn Adapter,
    driver: &dyn TestedDriver,
) -> Option<&'static str> {
    scenario.inapplicable(driver.storage()).or_else(|| {
        let only = driver.only_adapter()?;
        (only != adapter.name()).then_some("adapters other than axum see no difference to redis")
    })
}

fn name(scenario: &Scenario, adapter: &dyn Adapter, driver: &dyn TestedDriver) -> String {
    format!("{}::{}::{}", adapter.name(), driver.name(), scenario.path())
}

/// Runs `play`. The error says where it panicked and why.
fn caught(play: impl FnOnce()) -> Result<(), String> {
    PANIC.set(Some(String::new()));
    let result = panic::catch_unwind(AssertUnwindSafe(play));
    let panic = PANIC.take().unwrap_or_default();
    result.map_err(|_| {
        panic
            .replace("\n  left: ", "\n     found: ")
            .replace("\n right: ", "\n  expected: ")
    })
}

/// Keeps a scenario's panic for its report, and hides the one that a handler raises on purpose.
fn install_panic_hook() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let text = panic.to_string();
        let is_kept = PANIC.with_borrow_mut(|kept| match kept {
            Some(kept) => {
                kept.clone_from(&text);
                true
            }
            None => false,
        });
        if !is_kept && !text.ends_with(lab::PANIC) {
            default(panic);
        }
    }));
}

thread_local! {
    /// The panic of the scenario that plays on this thread.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// No scenario takes this long.
const TIMEOUT: Duration = Duration::from_secs(60);
