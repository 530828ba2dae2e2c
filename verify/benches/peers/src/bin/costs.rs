//! Measures what an index of owners and encryption add to a request, with every kind of store on
//! the server.
//!
//! ```text
//! cargo run --profile measure --bin costs
//! ```
//!
//! Starts its own servers. 64 tasks make requests at the same time, without a framework, so the
//! processors never wait. The figures are medians of alternating rounds. Takes about a minute.

use session_axum::{Driver, MemoryDriver, RedisDriver};
use session_bench::redis::{Contestant, Turn, Work, rates, runtime};
use session_bench::report::{Results, Table};
use session_bench::requests::{manager, sealed, with_owners};
use session_peers::sql::{Failure, PATIENT, with_sqlite_file};
use session_sqlx::SqlxDriver;
use test_support::database::Kind;
use test_support::{DatabaseServer, RedisServer};
use tokio::runtime::Handle;

fn main() -> Result<(), Failure> {
    let runtime = runtime();
    let connect = |url: &str| {
        let driver = SqlxDriver::builder(url).timeout(PATIENT);
        runtime.block_on(driver.connect())
    };
    let mut costs = Costs::new(runtime.handle());
    costs.measure("memory", 1_000, MemoryDriver::new);

    {
        let server = RedisServer::start();
        let driver = runtime.block_on(RedisDriver::connect(server.url()))?;
        costs.measure("Redis", 400, || driver.clone());
    }
    for (name, kind) in [("PostgreSQL", Kind::Postgres), ("MariaDB", Kind::MariaDb)] {
        let server = DatabaseServer::start(kind);
        let driver = connect(&server.url())?;
        costs.measure(name, 200, || driver.clone());
    }
    with_sqlite_file(|url| {
        let driver = connect(url)?;
        costs.measure("SQLite", 100, || driver.clone());
        Ok(())
    })?;

    let results = Results::from_arguments();
    results.add(&costs.micros);
    results.add(&costs.ratio);
    Ok(())
}

struct Costs<'a> {
    runtime: &'a Handle,
    micros: Table,
    ratio: Table,
}

impl<'a> Costs<'a> {
    fn new(runtime: &'a Handle) -> Self {
        let columns = [
            "read",
            "read, with owners",
            "read, sealed",
            "read + write",
            "read + write, with owners",
            "read + write, sealed",
        ];
        let title = "Owners and encryption, by store";
        Self {
            runtime,
            micros: Table::new("costs", &format!("{title}: microseconds"), &columns),
            ratio: Table::new(
                "costs-ratio",
                &format!("{title}: ratio to neither"),
                &columns,
            ),
        }
    }

    /// Adds a row for a store. `driver` connects to it, and each task makes so many requests.
    fn measure<D: Driver>(&mut self, store: &str, requests: usize, driver: impl Fn() -> D) {
        let contestants = [
            ("plain", manager(driver())),
            ("with owners", with_owners(driver())),
            ("sealed", sealed(driver())),
        ]
        .map(|(name, manager)| Contestant::named(self.runtime, name, manager));
        let (mut micros, mut ratio) = (Vec::new(), Vec::new());
        for work in [Work::Read, Work::ReadWrite] {
            eprintln!("measuring {work:?} with {store}");
            let turn = Turn {
                work,
                tasks: TASKS,
                requests,
            };
            let rates = rates(ROUNDS, turn, &contestants);
            micros.extend(rates.iter().map(|rate| Some(1_000_000.0 / rate)));
            ratio.extend(rates.iter().map(|rate| Some(rates[0] / rate)));
        }
        self.micros.row(store, micros);
        self.ratio.row(store, ratio);
    }
}

const ROUNDS: usize = 15;
const TASKS: usize = 64;
