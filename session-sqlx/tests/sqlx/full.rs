//! A server whose connections others take while the driver runs.

use std::time::{Duration, Instant};

use session_core::{Outcome, Record, Secret, SessionId, SessionManager};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::mysql::MySqlPoolOptions;
use session_sqlx::sqlx::postgres::PgPoolOptions;
use session_sqlx::sqlx::{
    AssertSqlSafe, Connection, MySqlConnection, PgConnection, query_scalar, raw_sql,
};
use test_support::database::{DatabaseServer, Kind};

use crate::faults::{assert_unavailable, create, recovered};

/// The driver has lost its connections, and gets no other one until `$places` others leave.
macro_rules! play {
    ($connection:ty, $server:expr, $driver:expr, $places:expr, $ids:literal, $end:literal) => {{
        let driver: SqlxDriver = $driver;
        let url = $server.url();
        let record = Record::new(SessionId::random().unwrap());
        let version = create(&driver, &record).await;
        let manager = SessionManager::builder(driver.clone(), Secret::generate().unwrap());
        let manager = manager.build().unwrap();
        let session = manager.open(None).await.unwrap();
        session.put("user", 42).unwrap();
        let token = match manager.commit(&session).await.unwrap() {
            Outcome::Set(token) => token.as_str().to_owned(),
            outcome => panic!("{outcome:?}"),
        };

        let mut other = <$connection>::connect(&url).await.unwrap();
        let ids: Vec<String> = query_scalar($ids).fetch_all(&mut other).await.unwrap();
        assert!(!ids.is_empty(), "the driver has no connection");
        for id in &ids {
            let end = AssertSqlSafe($end.replace("{id}", id));
            raw_sql(end).execute(&mut other).await.unwrap();
        }
        let start = Instant::now();
        loop {
            let left: Vec<String> = query_scalar($ids).fetch_all(&mut other).await.unwrap();
            if left.is_empty() {
                break;
            }
            assert!(start.elapsed() < PATIENCE, "{left:?}");
            tokio::time::sleep(STEP).await;
        }
        let mut others = vec![other];
        let mut refusals = 0;
        // The server may count those that ended for a moment.
        while refusals < 3 {
            match <$connection>::connect(&url).await {
                Ok(other) => {
                    others.push(other);
                    refusals = 0;
                }
                Err(error) => {
                    let error = error.to_string().to_lowercase();
                    assert!(error.contains("too many"), "{error}");
                    refusals += 1;
                    tokio::time::sleep(STEP).await;
                }
            }
        }

        assert_unavailable(&driver, &record).await;
        let opened = manager.open([&*token]).await.unwrap();
        assert!(!opened.is_available());
        assert_eq!(opened.get::<u64>("user").unwrap(), None);

        for other in others.drain(..$places) {
            other.close().await.unwrap();
        }
        let loaded = recovered(&driver, &record, Duration::from_secs(2)).await;
        assert_eq!(loaded.version, version);
        let opened = manager.open([&*token]).await.unwrap();
        assert_eq!(opened.get("user").unwrap(), Some(42));
        opened.put("user", 43).unwrap();
        manager.commit(&opened).await.unwrap();
        let opened = manager.open([&*token]).await.unwrap();
        assert_eq!(opened.get("user").unwrap(), Some(43));
    }};
}

/// Plays it with the driver's own connections, and with an application's pool.
macro_rules! play_with_both {
    ($connection:ty, $pool:ty, $server:expr, $ids:literal, $end:literal) => {{
        let server = $server;
        let own = SqlxDriver::builder(server.url()).pool_size(2).connect();
        play!($connection, server, own.await.unwrap(), 1, $ids, $end);
        let url = server.url();
        let pool = <$pool>::new().max_connections(2).connect(&url);
        let shared = SqlxDriver::from_pool(pool.await.unwrap()).connect();
        // A pool of sqlx waits for its second connection even if the first is free again.
        play!($connection, server, shared.await.unwrap(), 2, $ids, $end);
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_postgres_server_is_unavailable_in_time_until_a_connection_is_free() {
    play_with_both!(
        PgConnection,
        PgPoolOptions,
        DatabaseServer::with(Kind::Postgres, &["-c", "max_connections=10"]),
        "SELECT pid::text FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        "SELECT pg_terminate_backend({id})"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_mariadb_server_is_unavailable_in_time_until_a_connection_is_free() {
    play_with_both!(
        MySqlConnection,
        MySqlPoolOptions,
        DatabaseServer::with(Kind::MariaDb, &["--max-connections=10"]),
        "SELECT CAST(ID AS CHAR) FROM information_schema.PROCESSLIST
         WHERE USER = 'root' AND ID <> CONNECTION_ID()",
        "KILL {id}"
    );
}

const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(20);
