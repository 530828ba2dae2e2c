//! Requests that overlap: no update is lost, and no ended session is resurrected, at any isolation level.

use std::time::Duration;

use session_core::{Driver, Outcome, Renewal, Secret, Session, SessionId, SessionManager, Token};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::mysql::MySqlPoolOptions;
use session_sqlx::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use session_sqlx::sqlx::{Executor, MySqlPool, PgPool};

use crate::support::{ALL, Database, Store};

#[tokio::test(flavor = "multi_thread")]
async fn of_64_overlapping_requests_through_two_pools_none_is_lost() {
    for database in ALL {
        let store = Store::new(database);
        let drivers = [patient(&store).await, patient(&store).await];
        assert_none_is_lost(drivers).await;
    }
}

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

/// Writers, and something that ends the session, in 1,000 random orders. What ended stays ended.
#[tokio::test(flavor = "multi_thread")]
async fn no_interleaving_resurrects_an_ended_session() {
    for database in ALL {
        let store = Store::new(database);
        let driver = patient(&store).await;
        let manager = manager(driver.clone());
        let mut dropped = 0;
        for seeds in (0..1_000_u64).collect::<Vec<_>>().chunks(8) {
            let tasks: Vec<_> = seeds
                .iter()
                .map(|&seed| tokio::spawn(end_and_write(driver.clone(), manager.clone(), seed)))
                .collect();
            for task in tasks {
                dropped += task.await.unwrap();
            }
        }
        // Otherwise the test shows nothing.
        assert!(dropped > 250, "{database:?}: {dropped} late writes");
    }
}

/// Returns how many writes came too late.
async fn end_and_write(driver: SqlxDriver, manager: SessionManager, seed: u64) -> u32 {
    let session = manager.open(None).await.unwrap();
    session.put("user", 42).unwrap();
    let Outcome::Set(token) = manager.commit(&session).await.unwrap() else {
        panic!("no cookie");
    };
    let id = id_of(&token);
    let end = open(&manager, &token).await;
    match seed % 3 {
        0 => end.destroy().unwrap(),
        1 => end.regenerate().unwrap(),
        _ => {}
    }
    let mut writers = Vec::new();
    for n in 0..3 {
        let session = open(&manager, &token).await;
        match (seed >> 2) % 2 {
            0 => session.put(&format!("late-{n}"), n).unwrap(),
            _ => session.flash("late", n).unwrap(),
        }
        writers.push(session);
    }
    // The end comes before, between or after the writers, and overlaps them.
    let position = usize::try_from(seed / 7 % 4).unwrap();
    let mut tasks = Vec::new();
    let ending = |driver: SqlxDriver, manager: SessionManager, id: SessionId| async move {
        if seed % 3 == 2 {
            driver.destroy(&id).await.unwrap();
        } else {
            manager.commit(&end).await.unwrap();
        }
    };
    let mut ending = Some(ending(driver.clone(), manager.clone(), id.clone()));
    for (at, writer) in writers.into_iter().enumerate() {
        if at == position
            && let Some(ending) = ending.take()
        {
            tasks.push(tokio::spawn(async move {
                ending.await;
                None
            }));
        }
        let manager = manager.clone();
        tasks.push(tokio::spawn(async move {
            Some(manager.commit(&writer).await.unwrap())
        }));
    }
    if let Some(ending) = ending {
        ending.await;
    }
    let mut dropped = 0;
    for task in tasks {
        dropped += u32::from(matches!(task.await.unwrap(), Some(Outcome::Keep)));
    }
    let held = driver.load(id.as_str()).await.unwrap();
    assert!(held.is_none(), "seed {seed}: resurrected");
    dropped
}

async fn assert_none_is_lost(drivers: [SqlxDriver; 2]) {
    let managers = drivers.map(manager);
    let session = managers[0].open(None).await.unwrap();
    session.put("count", 0).unwrap();
    let Outcome::Set(token) = managers[0].commit(&session).await.unwrap() else {
        panic!("no cookie");
    };
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

async fn patient(store: &Store) -> SqlxDriver {
    store.builder().timeout(PATIENT).connect().await.unwrap()
}

fn manager(driver: SqlxDriver) -> SessionManager {
    SessionManager::builder(
        driver,
        Secret::new("a test's secret of 32 bytes and more").unwrap(),
    )
    .renewal(Renewal::OnWrite)
    .grace(Duration::ZERO)
    .build()
    .unwrap()
}

async fn open(manager: &SessionManager, token: &Token) -> Session {
    manager.open(Some(token.as_str())).await.unwrap()
}

fn id_of(token: &Token) -> SessionId {
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
const PATIENT: Duration = Duration::from_secs(10);
