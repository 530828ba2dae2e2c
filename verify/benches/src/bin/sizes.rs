//! Measures the cost of a request by the size of its session: up to the limit of a cookie, and up
//! to a megabyte in memory and Redis.
//!
//! ```text
//! cargo run --profile measure -p session-bench --features redis --bin sizes
//! ```
//!
//! Instructions are callgrind's, without the MAC. Times are medians of alternating runs. For Redis,
//! there is only the time: one request after the other, with client and server on one machine. The
//! program starts its own Redis server.

use std::process::ExitCode;

use session_bench::callgrind::{self, Group};
use session_bench::cases::{self, Case, Prepared};
use session_bench::report::{Results, Table};
use session_bench::requests::{manager, read, read_write};
use session_bench::rounds;
use session_bench::session::sized;
use session_cookie::CookieDriver;
use session_core::MemoryDriver;
use session_redis::RedisDriver;
use test_support::RedisServer;

fn main() -> ExitCode {
    let in_cookie = cases("cookie", &IN_COOKIE, || manager(CookieDriver));
    let in_memory = cases("memory", &ON_SERVER, || manager(MemoryDriver::new()));
    for cases in [&in_cookie, &in_memory] {
        if let Some(code) = cases::child(cases) {
            return code;
        }
    }
    let results = Results::from_arguments();
    results.add(&counted(
        "sizes-cookie",
        "By the size of the session, in the cookie",
        &in_cookie,
    ));
    results.add(&counted(
        "sizes-memory",
        "By the size of the session, in memory",
        &in_memory,
    ));
    results.add(&with_redis());
    ExitCode::SUCCESS
}

fn cases(
    driver: &str,
    sizes: &[usize],
    manager: fn() -> session_core::SessionManager,
) -> Vec<Case> {
    let cases = sizes.iter().flat_map(|&size| {
        [
            Case::new(format!("{driver}: read, {size}"), move || {
                read(manager(), &sized(size))
            }),
            Case::new(format!("{driver}: read + write, {size}"), move || {
                read_write(manager(), &sized(size))
            }),
        ]
    });
    cases.collect()
}

/// Adds a row for each pair of cases: a read, and a read and write.
fn counted(name: &str, title: &str, cases: &[Case]) -> Table {
    let columns = ["read", "read + write", "read, ns", "read + write, ns"];
    let mut table = Table::new(name, title, &columns);
    let mut prepared: Vec<Prepared> = cases.iter().map(Case::prepare).collect();
    let nanoseconds = rounds::medians(&mut prepared);
    for (cases, nanoseconds) in cases.chunks(2).zip(nanoseconds.chunks(2)) {
        eprintln!("measuring {}", cases[0].name);
        let size = cases[0].name.rsplit(' ').next().unwrap_or_default();
        let instructions = cases.iter().map(|case| {
            let profile = callgrind::profile_between(&case.name, 2, 10)?;
            Some((profile.total() - profile.of(Group::Mac)) as f64)
        });
        table.row(
            size,
            instructions.chain(nanoseconds.iter().copied().map(Some)),
        );
    }
    table
}

fn with_redis() -> Table {
    eprintln!("measuring Redis");
    let server = RedisServer::start();
    let runtime = session_bench::redis::runtime();
    // fred needs to be inside the runtime where its futures are polled.
    let _inside = runtime.enter();
    let connected = runtime.block_on(RedisDriver::connect(server.url()));
    let manager = manager(connected.expect("it connects"));
    let mut prepared: Vec<Prepared> = Vec::new();
    for size in ON_SERVER {
        prepared.push(Box::new(read(manager.clone(), &sized(size))));
        prepared.push(Box::new(read_write(manager.clone(), &sized(size))));
    }
    let nanoseconds = rounds::elapsed_medians(&mut prepared);
    let title = "By the size of the session, in Redis, one request after the other";
    let columns = ["read, ns", "read + write, ns"];
    let mut table = Table::new("sizes-redis", title, &columns);
    for (size, nanoseconds) in ON_SERVER.iter().zip(nanoseconds.chunks(2)) {
        table.row(size.to_string(), nanoseconds.iter().copied().map(Some));
    }
    table
}

/// Bytes of data. A cookie holds at most about 2,900.
const IN_COOKIE: [usize; 6] = [143, 500, 1_000, 1_500, 2_000, 2_800];
const ON_SERVER: [usize; 7] = [143, 1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000];
