//! A million rows in PostgreSQL, and a sweep of half a million more that have ended, while 64 clients
//! work.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use session_axum::{Driver, Expected, Record, Saved};
use session_bench::latency::{Waits, at_once};
use session_bench::report::{Results, Table};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::{AssertSqlSafe, PgPool, raw_sql};

use crate::sql::Failure;

/// Measures and adds two tables: how long a load and a save take by the number of rows, and how long
/// clients wait while a job sweeps.
pub async fn crowd(url: &str, results: &Results) -> Result<(), Failure> {
    let driver = SqlxDriver::connect(url).await?;
    let pool = PgPool::connect(url).await?;
    raw_sql("TRUNCATE sessions").execute(&pool).await?;
    let mut rows = Table::new(
        "database-rows",
        "PostgreSQL: a load and a save, one at a time, microseconds",
        &["median"],
    );
    let few = latency(&driver).await?;
    fill(&pool, 1..=1_000_000, "+").await?;
    let many = latency(&driver).await?;
    for (name, time) in [("few rows", few), ("a million rows", many)] {
        rows.row(name, [Some(time)]);
    }
    results.add(&rows);

    let mut waits = Table::new(
        "database-sweep",
        "PostgreSQL: a load and a save by each of 64 clients, milliseconds",
        &["calls", "median", "99.9 %", "longest"],
    );
    let alone = work(&driver, |elapsed| elapsed < PERIOD).await;
    fill(&pool, 1_000_001..=1_500_000, "-").await?;
    let sweeper = tokio::spawn({
        let driver = driver.clone();
        async move {
            let start = Instant::now();
            let swept = driver.sweep().await.expect("it answers");
            (swept, start.elapsed())
        }
    });
    let handle = sweeper.abort_handle();
    let beside = work(&driver, move |elapsed| {
        elapsed < PERIOD || !handle.is_finished()
    })
    .await;
    let (swept, took) = sweeper.await?;
    println!("\na job removed {swept} rows in {took:?}, and saves removed the others");
    assert_eq!(driver.sweep().await?, 0);
    for (name, times) in [("alone", alone), ("while a job sweeps", beside)] {
        let millis = |thousandths| Some(times.micros(thousandths) / 1_000.0);
        let calls = Some(times.count() as f64);
        waits.row(name, [calls, millis(500), millis(999), millis(1_000)]);
    }
    results.add(&waits);
    Ok(())
}

/// Adds rows that end in two hours (`+`), or ended two hours ago (`-`).
async fn fill(pool: &PgPool, rows: RangeInclusive<u32>, when: &str) -> Result<(), Failure> {
    let (first, last) = rows.into_inner();
    let sql = format!(
        r#"INSERT INTO sessions (id_hash, id, version, ends_at, sweep_at, record)
        SELECT sha256(convert_to(i::text, 'UTF8')), i::text, decode(md5(i::text), 'hex'),
            ends_at, ends_at / 600000 * 600000 + 600000,
            '{{"id":"' || i || '","data":{{"user_id":42,"name":"Ada Lovelace","visits":17}},"flash_next":{{}}}}'
        FROM (SELECT i, (extract(epoch FROM now()) * 1000)::bigint {when} 7200000 AS ends_at
            FROM generate_series({first}, {last}) AS i) AS rows"#
    );
    raw_sql(AssertSqlSafe(sql)).execute(pool).await?;
    raw_sql("VACUUM ANALYZE sessions").execute(pool).await?;
    Ok(())
}

/// The median time of a load and a save, in microseconds.
async fn latency(driver: &SqlxDriver) -> Result<f64, Failure> {
    let waits = client(driver.clone(), 999, |elapsed| elapsed < PERIOD / 2).await;
    Ok(Waits::of(vec![waits]).micros(500))
}

async fn work(
    driver: &SqlxDriver,
    goes_on: impl Fn(Duration) -> bool + Clone + Send + 'static,
) -> Waits {
    let client = |n| client(driver.clone(), n, goes_on.clone());
    Waits::of(at_once(64, client).await)
}

/// Loads and saves one session. Returns how long each pair took.
async fn client(driver: SqlxDriver, n: usize, goes_on: impl Fn(Duration) -> bool) -> Vec<Duration> {
    let begin = Instant::now();
    let id = format!("client-{n}-{begin:?}");
    let record = format!(r#"{{"id":{id:?},"data":{{"user_id":42}}}}"#);
    let record = Record::from_json(record).expect("a record");
    let hour = Duration::from_secs(3_600);
    let saved = driver.save(&record, Expected::Absent, hour).await;
    assert!(matches!(saved.expect("it answers"), Saved::Done { .. }));
    let mut waits = Vec::new();
    while goes_on(begin.elapsed()) {
        let start = Instant::now();
        let loaded = driver.load(&id).await.expect("it answers");
        let version = loaded.expect("it lives").version;
        let saved = driver
            .save(&record, Expected::Version(&version), hour)
            .await;
        assert!(matches!(saved.expect("it answers"), Saved::Done { .. }));
        waits.push(start.elapsed());
    }
    waits
}

const PERIOD: Duration = Duration::from_secs(4);
