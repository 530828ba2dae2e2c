//! Measures the throughput of whole requests with sessions in Redis, in process: our sessions,
//! other libraries, and bare commands. Also measures how long a save takes while others save.
//!
//! ```text
//! cargo run --profile measure --bin redis              # everything
//! cargo run --profile measure --bin redis -- latency   # or only how long a save takes
//! ```
//!
//! Starts its own redis-server. Each contestant has two worker threads. The bare client and
//! tower-sessions use the same kind of pool as our driver; the others connect as their
//! documentation shows. Every contestant signs its cookies.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use actix_session::storage::RedisSessionStore;
use actix_web::rt::System;
use poem::session::RedisStorage;
use redis::aio::ConnectionManager;
use session_axum::{RedisDriver, SessionManager};
use session_bench::latency::{Savers, compare};
use session_bench::redis::{Contestant, REQUESTS, ROUNDS, Turn, race, runtime};
use session_bench::report::{Results, Table};
use session_bench::requests;
use session_peers::apps::poem::PoemClient;
use session_peers::apps::{actix, axum, poem as poem_app, secret, tower_sessions};
use session_peers::client::visit;
use session_peers::tower::TowerClient;
use test_support::RedisServer;
use tokio::runtime::Runtime;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = RedisServer::start();
    let runtime = runtime();
    let driver = runtime.block_on(RedisDriver::connect(server.url()))?;
    let results = Results::from_arguments();
    results.add(&latency(&runtime, &driver));
    if std::env::args().any(|argument| argument == "latency") {
        return Ok(());
    }
    let pool = driver.pool().clone();
    let manager = SessionManager::builder(driver, secret()).build()?;
    let on_axum = |name, router: ::axum::Router| {
        Contestant::on(runtime.handle(), name, move |turn, _| {
            visit(TowerClient::new(router.clone()), turn)
        })
    };
    let client = redis::Client::open(server.url())?;
    let connection = runtime.block_on(ConnectionManager::new(client))?;
    let endpoint = Arc::new(poem_app::own_endpoint(RedisStorage::new(connection)));
    let url = server.url();
    let contestants = [
        Contestant::bare(runtime.handle(), pool.clone()),
        Contestant::ours(runtime.handle(), manager.clone()),
        on_axum("axum: ours", axum::router(manager)),
        on_axum("axum: tower-sessions", tower_sessions::redis_router(pool)),
        Contestant::on(runtime.handle(), "poem: its own", move |turn, _| {
            visit(PoemClient::new(Arc::clone(&endpoint)), turn)
        }),
        Contestant::new("actix-web: actix-session", move |turn| on_actix(&url, turn)),
    ];
    for table in race("redis", "Redis on loopback", ROUNDS, REQUESTS, &contestants) {
        results.add(&table);
    }
    Ok(())
}

/// Compares saves that share commands with saves that do not, and with bare commands.
fn latency(runtime: &Runtime, driver: &RedisDriver) -> Table {
    let handle = runtime.handle();
    // Drivers start tasks on the current runtime.
    let _inside = runtime.enter();
    let pool = driver.pool();
    let contestants = [
        Savers::bare(pool.clone()),
        Savers::ours(handle, "ours", || requests::manager(driver.clone())),
        // Saves share a command only if they share a driver.
        Savers::ours(handle, "ours, a driver per task", || {
            let driver = RedisDriver::from_pool(pool.clone(), "alone:", TIMEOUT);
            requests::manager(driver.expect("the settings are valid"))
        }),
    ];
    compare(handle, &contestants)
}

/// Returns the requests per second of two workers as actix-web has them: threads, each with its own
/// service and connection.
fn on_actix(url: &str, turn: Turn) -> f64 {
    let workers = turn.tasks.min(2);
    let (ready, done) = (Barrier::new(workers + 1), Barrier::new(workers + 1));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                System::new().block_on(async {
                    let store = RedisSessionStore::new(url).await.expect("it connects");
                    let client = actix::client(store).await;
                    ready.wait();
                    let visits: Vec<_> = (0..turn.tasks / workers)
                        .map(|_| actix_web::rt::spawn(visit(client.clone(), turn)))
                        .collect();
                    for visit in visits {
                        visit.await.expect("a task failed");
                    }
                    done.wait();
                });
            });
        }
        ready.wait();
        let start = Instant::now();
        done.wait();
        turn.rate(start)
    })
}

/// The driver's default, which the pool has too.
const TIMEOUT: Duration = Duration::from_secs(1);
