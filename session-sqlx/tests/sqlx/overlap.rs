//! Requests that overlap: no update is lost at any isolation level.

use std::time::Duration;

use session_core::{Outcome, Renewal, Secret, Session, SessionId, SessionManager, Token};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::mysql::MySqlPoolOptions;
use session_sqlx::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use session_sqlx::sqlx::{Executor, MySqlPool, PgPool};

use crate::support::{Database, Store};

#[tokio::test(flavor = "multi_thread")]
async fn the_isolation_level_of_the_pool_changes_nothing() {
    for level in ["read committed", "repeatable read", "serializable"] {
        let store = Store::new(Database::Postgres);
        let drivers = [postgres(&store, level).await, postgres(&store, level).await].map(|pool| {
            SqlxDriver::from_pool(pool)
                .table(&store.table)
                .timeout(PATIENT)
        });
        let [one, two] = drivers;
        assert_none_is_lost([one.connect().await.unwrap(), two.connect().await.unwrap()]).await;

        let store = Store::new(Database::MariaDb);
        let drivers = [mysql(&store, level).await, mysql(&store, level).await].map(|pool| {
            SqlxDriver::from_pool(pool)
                .table(&store.table)
                .timeout(PATIENT)
        });
        let [one, two] = drivers;
        assert_none_is_lost([one.connect().await.unwrap(), two.connect().await.unwrap()]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_in_an_applications_pool_behind_pgbouncer() {
    let store = Store::new(Database::PgBouncer);
    let driver = async || {
        let options: PgConnectOptions = store.url.parse().unwrap();
        let options = options.statement_cache_capacity(0).extra_float_digits(None);
        let pool = PgPoolOptions::new().max_connections(8);
        let pool = pool.connect_with(options).await.unwrap();
        let builder = SqlxDriver::from_pool(pool).table(&store.table);
        builder.timeout(PATIENT).connect().await.unwrap()
    };
    assert_none_is_lost([driver().await, driver().await]).await;
}

async fn assert_none_is_lost(drivers: [SqlxDriver; 2]) {
    let managers = drivers.map(manager);
    let token = store_session(&managers[0]).await;
    // All load before the first one saves.
    let mut sessions = Vec::new();
    for n in 0..64 {
        let session = open(&managers[n % 2], &token).await;
        session.update("count", 0, |count: u32| count + 1).unwrap();
        session.put(&format!("key-{n}"), n).unwrap();
        sessions.push((n, session));
    }
    let tasks: Vec<_> = sessions
        .into_iter()
        .map(|(n, session)| {
            let manager = managers[n % 2].clone();
            tokio::spawn(async move { manager.commit(&session).await })
        })
        .collect();
    let mut saved = 0;
    for task in tasks {
        task.await.unwrap().unwrap();
        saved += 1;
    }
    let session = open(&managers[1], &token).await;
    assert_eq!(session.get::<u32>("count").unwrap(), Some(saved));
    let keys = session
        .keys()
        .iter()
        .filter(|key| key.starts_with("key-"))
        .count();
    assert_eq!(keys, usize::try_from(saved).unwrap());
    // The others were told that they failed.
    assert!(saved > 32, "{saved}");
}

pub(crate) async fn store_session(manager: &SessionManager) -> Token {
    let session = manager.open(None).await.unwrap();
    session.put("count", 0).unwrap();
    match manager.commit(&session).await.unwrap() {
        Outcome::Set(token) => token,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn manager(driver: SqlxDriver) -> SessionManager {
    SessionManager::builder(
        driver,
        Secret::new("a test's secret of 32 bytes and more").unwrap(),
    )
    .renewal(Renewal::OnWrite)
    .grace(Duration::ZERO)
    .build()
    .unwrap()
}

pub(crate) async fn open(manager: &SessionManager, token: &Token) -> Session {
    manager.open(Some(token.as_str())).await.unwrap()
}

pub(crate) fn id_of(token: &Token) -> SessionId {
    SessionId::from_stored(token.as_str().rsplit_once('.').unwrap().0).unwrap()
}

async fn postgres(store: &Store, level: &str) -> PgPool {
    let options: PgConnectOptions = store.url.parse().unwrap();
    let options = options.options([("default_transaction_isolation", level)]);
    PgPoolOptions::new()
        .max_connections(8)
        .connect_with(options)
        .await
        .unwrap()
}

async fn mysql(store: &Store, level: &str) -> MySqlPool {
    let set = format!("SET SESSION TRANSACTION ISOLATION LEVEL {level}");
    let options = MySqlPoolOptions::new()
        .max_connections(8)
        .after_connect(move |connection, _| {
            let set = session_sqlx::sqlx::AssertSqlSafe(set.clone());
            Box::pin(async move { connection.execute(set).await.map(drop) })
        });
    options.connect(&store.url).await.unwrap()
}

/// A busy machine may take longer than the default.
pub(crate) const PATIENT: Duration = Duration::from_secs(10);
