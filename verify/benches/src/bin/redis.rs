//! Compares the throughput of sessions in Redis with bare commands of the same client, in the same
//! process and run.
//!
//! ```text
//! cargo run --profile measure -p session-bench --features redis --bin redis
//! ```
//!
//! Starts its own redis-server. Uses two worker threads, and one connection, which is the default
//! of `RedisDriver`, then four. The figures are medians of alternating runs. Look at the ratio.
//! `verify/benches/peers` runs the same race with other libraries.

use session_bench::redis::{Contestant, REQUESTS, ROUNDS, race, runtime};
use session_bench::report::Results;
use session_core::{Secret, SessionManager};
use session_redis::RedisDriver;
use test_support::RedisServer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = RedisServer::start();
    let runtime = runtime();
    let results = Results::from_arguments();
    for connections in [1, 4] {
        println!("\nWith pool_size({connections})");
        let driver = RedisDriver::builder(server.url()).pool_size(connections);
        let driver = runtime.block_on(driver.connect())?;
        let pool = driver.pool().clone();
        let manager = SessionManager::builder(driver, Secret::generate()?).build()?;
        let contestants = [
            Contestant::bare(runtime.handle(), pool),
            Contestant::ours(runtime.handle(), manager),
        ];
        for table in race("redis", "Redis on loopback", ROUNDS, REQUESTS, &contestants) {
            results.add(&table);
        }
    }
    Ok(())
}
