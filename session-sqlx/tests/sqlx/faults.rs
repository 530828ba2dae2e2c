//! Databases that fail: the driver answers in time, loses nothing, and recovers without help.

use std::error::Error as _;
use std::time::{Duration, Instant};

use session_core::{Driver, Error, ErrorKind, Expected, Loaded, Record, Saved, SessionId};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::mysql::MySqlPoolOptions;
use session_sqlx::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use session_sqlx::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, raw_sql};
use test_support::database::{DatabaseServer, Kind};

use crate::proxy::{Cut, Proxy};
use crate::support::{ALL, Database, HOUR, Store};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_or_hangs_is_unavailable_in_time_and_comes_back() {
    for kind in [Kind::Postgres, Kind::MariaDb] {
        let mut server = DatabaseServer::start(kind);
        let driver = SqlxDriver::connect(server.url()).await.unwrap();
        let record = record("before");
        let version = create(&driver, &record).await;

        server.kill();
        assert_unavailable(&driver, &record).await;
        server.restart();
        let loaded = recovered(&driver, &record, Duration::from_secs(2)).await;
        assert_eq!(loaded.version, version);

        server.pause();
        let paused = Instant::now();
        assert_unavailable(&driver, &record).await;
        tokio::time::sleep(Duration::from_secs(5).saturating_sub(paused.elapsed())).await;
        server.resume();
        recovered(&driver, &record, Duration::from_secs(2)).await;

        // A crash while requests run: what was acknowledged is there.
        let workers: Vec<_> = (0..8)
            .map(|n| tokio::spawn(count_up(driver.clone(), n)))
            .collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill();
        let mut counts = Vec::new();
        for worker in workers {
            counts.push(worker.await.unwrap());
        }
        server.restart();
        for (record, acknowledged) in counts {
            let loaded = recovered(&driver, &record, Duration::from_secs(5)).await;
            let stored: u64 = loaded.record.data().get("n").unwrap().unwrap();
            let possible = [acknowledged, acknowledged + 1];
            assert!(
                possible.contains(&stored),
                "{kind:?}: {stored} of {acknowledged}"
            );
        }
    }
}

/// Saves numbers until that fails. Returns the last acknowledged one.
async fn count_up(driver: SqlxDriver, worker: u64) -> (Record, u64) {
    let first = record(&format!("worker-{worker}"));
    let mut version = create(&driver, &first).await;
    for n in 1.. {
        let json = format!(r#"{{"id":"worker-{worker}","data":{{"n":{n}}}}}"#);
        let next = Record::from_json(json).unwrap();
        match driver.save(&next, Expected::Version(&version), HOUR).await {
            Ok(Saved::Done { version: new, .. }) => version = new,
            Ok(conflict) => panic!("{conflict:?}"),
            Err(_) => return (first, n - 1),
        }
    }
    unreachable!("the server is killed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_whose_connection_is_cut_happens_exactly_once() {
    for (database, administrator) in [
        (Database::Postgres, "postgres"),
        (Database::MariaDb, "root"),
    ] {
        let store = Store::new(database);
        drop(store.connect().await);
        let port: u16 = store
            .url
            .split([':', '/', '@'])
            .find_map(|part| part.parse().ok().filter(|port| *port > 1_000))
            .unwrap();
        let proxy = Proxy::to(port).await;
        let url = store
            .url
            .replace(&port.to_string(), &proxy.port.to_string());
        assert!(url.contains(administrator));
        let driver = SqlxDriver::builder(&url)
            .table(&store.table)
            .pool_size(1)
            .connect()
            .await
            .unwrap();
        let first = record("cut");
        let mut version = create(&driver, &first).await;
        for (n, cut) in [Cut::Before, Cut::After, Cut::After, Cut::Before]
            .into_iter()
            .enumerate()
        {
            // The pool tests a connection that it gets back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            proxy.arm(cut);
            let next = Record::from_json(format!(r#"{{"id":"cut","data":{{"n":{n}}}}}"#)).unwrap();
            let saved = driver
                .save(&next, Expected::Version(&version), HOUR)
                .await
                .unwrap();
            assert!(!proxy.is_armed());
            let Saved::Done { version: new, .. } = saved else {
                panic!("{database:?}, {n}: {saved:?}");
            };
            let loaded = driver.load("cut").await.unwrap().unwrap();
            assert_eq!(
                (loaded.version, loaded.record.data().get("n").unwrap()),
                (new.clone(), Some(n))
            );
            version = new;

            tokio::time::sleep(Duration::from_millis(100)).await;
            proxy.arm(cut);
            assert!(driver.load("cut").await.unwrap().is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_table_is_unavailable_until_it_is_back() {
    for database in ALL {
        let store = Store::new(database);
        let driver = store.connect().await;
        let record = record("a");
        create(&driver, &record).await;
        store
            .run("ALTER TABLE {table} RENAME TO {table}_away")
            .await;
        assert_unavailable(&driver, &record).await;
        store
            .run("ALTER TABLE {table}_away RENAME TO {table}")
            .await;
        recovered(&driver, &record, Duration::ZERO).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_pool_is_unavailable_in_time() {
    let store = Store::new(Database::Postgres);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect(&store.url)
        .await
        .unwrap();
    let driver = SqlxDriver::from_pool(pool.clone())
        .table(&store.table)
        .connect()
        .await
        .unwrap();
    let record = record("a");
    create(&driver, &record).await;
    let taken = pool.acquire().await.unwrap();
    assert_unavailable(&driver, &record).await;
    drop(taken);
    recovered(&driver, &record, Duration::ZERO).await;
}

/// The driver's own connections: one call waits for a lock, and the others wait for that one.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_makes_all_calls_fail_in_time() {
    let store = Store::new(Database::Postgres);
    let driver = store.builder().pool_size(1).connect().await.unwrap();
    let record = record("a");
    create(&driver, &record).await;
    let mut other = PgConnection::connect(&store.url).await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    let lock = format!("LOCK TABLE {}", store.table);
    raw_sql(AssertSqlSafe(lock))
        .execute(&mut *transaction)
        .await
        .unwrap();
    let start = Instant::now();
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let driver = driver.clone();
            tokio::spawn(async move { driver.load("a").await })
        })
        .collect();
    let mut problems = Vec::new();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        problems.push(error.source().unwrap().to_string());
    }
    assert!(start.elapsed() < Duration::from_millis(1_500));
    let waited = "no connection to the database was free or could be made in time";
    let hung = "the database did not answer in time";
    assert!(
        problems
            .iter()
            .all(|problem| [waited, hung].contains(&&**problem)),
        "{problems:?}"
    );
    assert!(problems.iter().any(|problem| problem == hung));
    assert!(problems.iter().any(|problem| problem == waited));
    transaction.rollback().await.unwrap();
    recovered(&driver, &record, Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_too_many_connections_is_named() {
    let store = Store::new(Database::Postgres);
    let user = format!("few_{}", store.table);
    store
        .run(&format!(
            "CREATE ROLE {user} LOGIN SUPERUSER PASSWORD 'right' CONNECTION LIMIT 0"
        ))
        .await;
    store.run(&format!("ALTER ROLE {user} NOSUPERUSER")).await;
    let url = store.url.replace("postgres@", &format!("{user}:right@"));
    let error = SqlxDriver::connect(&url).await.unwrap_err();
    let expected = "DATABASE_URL: leads to a server that has too many connections; raise its limit, or make the pools smaller";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_is_named() {
    let store = Store::new(Database::Postgres);
    let record = record("a");
    create(&store.connect().await, &record).await;
    let options: PgConnectOptions = store.url.parse().unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    let driver = SqlxDriver::from_pool(pool.clone())
        .table(&store.table)
        .connect()
        .await
        .unwrap();
    let set = "SET default_transaction_read_only = on";
    pool.execute(set).await.unwrap();
    let error = failed_save(&driver, &record).await;
    assert_eq!(
        error.source().unwrap().to_string(),
        "the database is read-only, as after a failover"
    );
    // The next connection is to a server that writes.
    assert!(matches!(driver.destroy(record.id()).await, Ok(())));

    let store = Store::new(Database::MariaDb);
    create(&store.connect().await, &record).await;
    let set = "SET SESSION TRANSACTION READ ONLY";
    let pool = MySqlPoolOptions::new()
        .max_connections(1)
        .connect(&store.url)
        .await
        .unwrap();
    let driver = SqlxDriver::from_pool(pool.clone())
        .table(&store.table)
        .connect()
        .await
        .unwrap();
    pool.execute(set).await.unwrap();
    let error = failed_save(&driver, &record).await;
    assert_eq!(
        error.source().unwrap().to_string(),
        "the database is read-only, as after a failover"
    );
    assert!(matches!(driver.destroy(record.id()).await, Ok(())));
}

fn record(id: &str) -> Record {
    Record::new(SessionId::from_stored(id).unwrap())
}

pub(crate) async fn create(driver: &SqlxDriver, record: &Record) -> session_core::Version {
    match driver.save(record, Expected::Absent, HOUR).await.unwrap() {
        Saved::Done { version, .. } => version,
        conflict => panic!("{conflict:?}"),
    }
}

/// Every call fails within the driver's limit.
pub(crate) async fn assert_unavailable(driver: &SqlxDriver, record: &Record) {
    let version = session_core::Version::random().unwrap();
    for call in 0..4 {
        let start = Instant::now();
        let error = match call {
            0 => driver.load(record.id().as_str()).await.unwrap_err(),
            1 => driver
                .save(record, Expected::Version(&version), HOUR)
                .await
                .unwrap_err(),
            2 => driver.touch(record, &version, HOUR).await.unwrap_err(),
            _ => driver.owned_by("ada").await.unwrap_err(),
        };
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            start.elapsed() < Duration::from_millis(1_500),
            "{:?}",
            start.elapsed()
        );
    }
}

async fn failed_save(driver: &SqlxDriver, record: &Record) -> Error {
    let version = session_core::Version::random().unwrap();
    driver
        .save(record, Expected::Version(&version), HOUR)
        .await
        .unwrap_err()
}

/// Loads until that works.
pub(crate) async fn recovered(driver: &SqlxDriver, record: &Record, within: Duration) -> Loaded {
    let start = Instant::now();
    loop {
        match driver.load(record.id().as_str()).await {
            Ok(loaded) => return loaded.unwrap(),
            Err(error) => assert!(start.elapsed() < within, "{error}: {:?}", error.source()),
        }
    }
}
