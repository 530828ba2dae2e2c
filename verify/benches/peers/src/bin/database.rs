//! Measures the throughput of whole requests with sessions in PostgreSQL, in process: our sessions,
//! tower-sessions, and bare statements. Then fills a table with a million rows and sweeps half of
//! it while 64 clients work.
//!
//! ```text
//! cargo run --profile measure --bin database
//! ```
//!
//! Starts its own server, which does not wait for a disk. All pools have 10 connections.

use std::time::{Duration, Instant};

use session_axum::{Driver, Expected, Record, Saved, SessionManager};
use session_bench::redis::{Contestant, REQUESTS, Work, race, runtime};
use session_bench::report::Results;
use session_peers::apps::{axum, secret, tower_sessions};
use session_peers::client::visit;
use session_peers::tower::TowerClient;
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::postgres::PgPoolOptions;
use session_sqlx::sqlx::{PgPool, query, query_as, raw_sql};
use test_support::DatabaseServer;
use test_support::database::Kind;
use tower_sessions_sqlx_store::{PostgresStore, sqlx as their_sqlx};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let server = DatabaseServer::start(Kind::Postgres);
    let url = server.url();
    let runtime = runtime();
    let pool = || {
        PgPoolOptions::new()
            .test_before_acquire(false)
            .max_connections(10)
            .connect(&url)
    };
    let bare_pool = runtime.block_on(pool())?;
    let driver = runtime.block_on(async {
        raw_sql("CREATE TABLE bare (id text PRIMARY KEY, ends_at bigint NOT NULL, record text NOT NULL) WITH (fillfactor = 70)")
            .execute(&bare_pool)
            .await?;
        Ok::<_, Failure>(SqlxDriver::connect(&url).await?)
    })?;
    let theirs = runtime.block_on(async {
        let options = their_sqlx::postgres::PgPoolOptions::new().max_connections(10);
        let pool = options.connect(&url).await?;
        PostgresStore::new(pool.clone()).migrate().await?;
        Ok::<_, Failure>(pool)
    })?;
    let manager = SessionManager::builder(driver.clone(), secret()).build()?;
    let on_axum = |name, router: ::axum::Router| {
        Contestant::on(runtime.handle(), name, move |work, _| {
            visit(TowerClient::new(router.clone()), work)
        })
    };
    let contestants = [
        Contestant::on(runtime.handle(), "bare sqlx", move |work, task| {
            bare(bare_pool.clone(), work, task)
        }),
        Contestant::ours(runtime.handle(), manager.clone()),
        on_axum("axum: ours", axum::router(manager)),
        on_axum(
            "axum: tower-sessions",
            tower_sessions::postgres_router(theirs),
        ),
    ];
    let results = Results::from_arguments();
    for table in race("postgres", "PostgreSQL", 3, &contestants) {
        results.add(&table);
    }
    let pool = runtime.block_on(pool())?;
    runtime.block_on(crowd(&driver, &pool))
}

/// A SELECT for a read, a SELECT and an UPDATE by the key for a write.
async fn bare(pool: PgPool, work: Work, task: usize) {
    let id = format!("bare-{task}");
    let record = format!(
        r#"{{"id":"{id}","data":{},"flash_next":{{}}}}"#,
        session_bench::session::SESSION
    );
    let insert = "INSERT INTO bare VALUES ($1, 0, $2) ON CONFLICT (id) DO UPDATE SET record = $2";
    query(insert)
        .bind(&id)
        .bind(&record)
        .execute(&pool)
        .await
        .expect("it answers");
    for n in 0..REQUESTS {
        let select = "SELECT ends_at, record FROM bare WHERE id = $1";
        let row: (i64, String) = query_as(select)
            .bind(&id)
            .fetch_one(&pool)
            .await
            .expect("it answers");
        assert!(!row.1.is_empty());
        if work == Work::ReadWrite {
            let update = "UPDATE bare SET ends_at = $2, record = $3 WHERE id = $1";
            let query = query(update).bind(&id).bind(n as i64).bind(&record);
            query.execute(&pool).await.expect("it answers");
        }
    }
}

/// A million rows, of which half have ended.
async fn crowd(driver: &SqlxDriver, pool: &PgPool) -> Result<(), Failure> {
    let small = latency(driver).await?;
    let fill = "INSERT INTO sessions
        SELECT sha256(convert_to(i::text, 'UTF8')), i::text, substring(sha256(convert_to(i::text, 'UTF8')) for 16), NULL,
            end_at, end_at / 600000 * 600000 + 600000,
            '{\"id\":\"' || i || '\",\"data\":{\"user_id\":42,\"name\":\"Ada Lovelace\",\"visits\":17},\"flash_next\":{}}'
        FROM (SELECT i, (extract(epoch FROM now()) * 1000)::bigint + CASE WHEN i % 2 = 0 THEN 7200000 ELSE -7200000 END AS end_at
            FROM generate_series(1, 1000000) AS i) AS rows";
    raw_sql(fill).execute(pool).await?;
    raw_sql("VACUUM ANALYZE sessions").execute(pool).await?;
    let large = latency(driver).await?;
    println!("rows: load and save took {small:?} with few rows, {large:?} with a million");

    let alone = work(driver.clone(), Instant::now() + Duration::from_secs(5)).await;
    let sweeping = tokio::spawn({
        let driver = driver.clone();
        async move {
            let start = Instant::now();
            let swept = driver.sweep().await.expect("it answers");
            (swept, start.elapsed())
        }
    });
    let beside = work(driver.clone(), Instant::now() + Duration::from_secs(5)).await;
    let (swept, took) = sweeping.await?;
    println!("sweep: {swept} rows in {took:?}");
    for (name, mut waits) in [("alone", alone), ("during the sweep", beside)] {
        waits.sort_unstable();
        let at = |part: usize| waits[(waits.len() - 1) * part / 1_000];
        println!(
            "sweep: 64 clients {name}: {} calls, median {:?}, 99.9% {:?}, longest {:?}",
            waits.len(),
            at(500),
            at(999),
            at(1_000)
        );
    }
    Ok(())
}

/// The median time of a load and a save.
async fn latency(driver: &SqlxDriver) -> Result<Duration, Failure> {
    let mut waits = client(driver.clone(), 999, Instant::now() + Duration::from_secs(3)).await;
    waits.sort_unstable();
    Ok(waits[waits.len() / 2])
}

async fn work(driver: SqlxDriver, end: Instant) -> Vec<Duration> {
    let clients: Vec<_> = (0..64)
        .map(|n| tokio::spawn(client(driver.clone(), n, end)))
        .collect();
    let mut waits = Vec::new();
    for client in clients {
        waits.extend(client.await.expect("a client failed"));
    }
    waits
}

/// Loads and saves one session until the end. Returns how long each pair took.
async fn client(driver: SqlxDriver, n: u32, end: Instant) -> Vec<Duration> {
    let id = format!("client-{n}-{}", end.elapsed().as_nanos());
    let record =
        Record::from_json(format!(r#"{{"id":"{id}","data":{{"user_id":42}}}}"#)).expect("a record");
    let hour = Duration::from_secs(3_600);
    driver
        .save(&record, Expected::Absent, hour)
        .await
        .expect("it answers");
    let mut waits = Vec::new();
    while Instant::now() < end {
        let start = Instant::now();
        let loaded = driver
            .load(&id)
            .await
            .expect("it answers")
            .expect("it lives");
        let saved = driver
            .save(&record, Expected::Version(&loaded.version), hour)
            .await;
        assert!(matches!(saved.expect("it answers"), Saved::Done { .. }));
        waits.push(start.elapsed());
    }
    waits
}
