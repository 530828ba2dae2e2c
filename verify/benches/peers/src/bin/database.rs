//! Measures the throughput of whole requests with sessions in PostgreSQL, MariaDB and SQLite, in
//! process: our sessions, tower-sessions, and bare statements. Also fills a table with a million
//! rows, and sweeps half a million more while 64 clients work.
//!
//! ```text
//! cargo run --profile measure --bin database             # everything
//! cargo run --profile measure --bin database -- sqlite   # or only one database
//! ```
//!
//! Starts its own servers, which do not wait for a disk. Each contestant has 10 connections. Takes
//! about five minutes.

use session_bench::redis::{Contestant, race, runtime};
use session_bench::report::Results;
use session_peers::crowd::crowd;
use session_peers::sql::{self, Failure};
use test_support::DatabaseServer;
use test_support::database::Kind;

fn main() -> Result<(), Failure> {
    let runtime = runtime();
    let handle = runtime.handle();
    let results = Results::from_arguments();
    let measure = |name, title, requests, contestants: Vec<Contestant>| {
        for table in race(name, title, ROUNDS, requests, &contestants) {
            results.add(&table);
        }
    };

    let arguments: Vec<String> = std::env::args().collect();
    let is_named = |name: &str| arguments.iter().any(|argument| argument == name);
    let is_wanted = |name| is_named(name) || !NAMES.into_iter().any(is_named);

    if is_wanted("postgres") {
        let server = DatabaseServer::start(Kind::Postgres);
        let contestants = runtime.block_on(sql::postgres(handle, &server.url()))?;
        let title = "PostgreSQL on loopback";
        measure("postgres", title, [2_000, 250], contestants);
        runtime.block_on(crowd(&server.url(), &results))?;
    }
    if is_wanted("mariadb") {
        let server = DatabaseServer::start(Kind::MariaDb);
        let contestants = runtime.block_on(sql::mariadb(handle, &server.url()))?;
        measure("mariadb", "MariaDB on loopback", [1_500, 200], contestants);
    }
    if !is_wanted("sqlite") {
        return Ok(());
    }
    sql::with_sqlite_file(|url| {
        let contestants = runtime.block_on(sql::sqlite(handle, url))?;
        measure("sqlite", "SQLite", [1_000, 150], contestants);
        Ok(())
    })
}

const NAMES: [&str; 3] = ["postgres", "mariadb", "sqlite"];
const ROUNDS: usize = 7;
