//! The contestants of the races with databases.

use session_axum::SessionManager;
use session_bench::redis::{Contestant, Turn, Work};
use session_bench::session::{SESSION, values};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::{MySql, Postgres, Sqlite, query, query_as, raw_sql};
use tokio::runtime::Handle;
use tower_sessions_014::SessionStore;
use tower_sessions_014::cookie::time::{Duration, OffsetDateTime};
use tower_sessions_014::session::{Id, Record};
use tower_sessions_sqlx_store::{MySqlStore, PostgresStore, SqliteStore, sqlx as their_sqlx};

use crate::apps::{axum, secret, tower_sessions};
use crate::client::visit;
use crate::tower::TowerClient;

/// The error of a program.
pub type Failure = Box<dyn std::error::Error>;

/// The connections of each contestant.
const CONNECTIONS: u32 = 10;

/// A busy machine may take longer than the default.
pub const PATIENT: std::time::Duration = std::time::Duration::from_secs(10);

/// Calls `work` with the URL of a SQLite file, which it removes at the end.
pub fn with_sqlite_file(work: impl FnOnce(&str) -> Result<(), Failure>) -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("session-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    work(&format!("sqlite:{}/sessions.db", folder.display()))?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Defines the contestants for one database. All of them have their own connections.
macro_rules! contestants {
    ($name:ident, $database:ident, $store:ident, $their_pool:ident, $table:literal, $select:literal, $insert:literal, $update:literal) => {
        pub async fn $name(runtime: &Handle, url: &str) -> Result<Vec<Contestant>, Failure> {
            let pool = async || {
                session_sqlx::sqlx::pool::PoolOptions::<$database>::new()
                    .test_before_acquire(false)
                    .max_connections(CONNECTIONS)
                    .connect_with(options(url.parse()?))
                    .await
            };
            let driver = SqlxDriver::builder(url).timeout(PATIENT).connect().await?;
            let ours = SessionManager::builder(driver, secret()).build()?;
            let driver = SqlxDriver::from_pool(pool().await?).timeout(PATIENT);
            let driver = driver.connect().await?;
            let in_pool = SessionManager::builder(driver, secret()).build()?;
            let their_pool = their_sqlx::pool::PoolOptions::new().max_connections(CONNECTIONS);
            let their_pool: their_sqlx::$their_pool =
                their_pool.connect_with(options(url.parse()?)).await?;
            let store = $store::new(their_pool);
            store.migrate().await?;

            async fn bare(
                pool: session_sqlx::sqlx::Pool<$database>,
                turn: Turn,
                task: usize,
            ) -> Result<(), session_sqlx::sqlx::Error> {
                let id = format!("{task}-{:?}-{}", turn.work, Id::default());
                let record = format!(r#"{{"id":"{id}","data":{SESSION},"flash_next":{{}}}}"#);
                query($insert)
                    .bind(&id)
                    .bind(0_i64)
                    .bind(&record)
                    .execute(&pool)
                    .await?;
                for n in 0..turn.requests {
                    let row: (i64, String) = query_as($select).bind(&id).fetch_one(&pool).await?;
                    assert!(!row.1.is_empty());
                    if turn.work == Work::ReadWrite {
                        query($update)
                            .bind(n as i64)
                            .bind(&record)
                            .bind(&id)
                            .execute(&pool)
                            .await?;
                    }
                }
                Ok(())
            }

            let bare_pool = pool().await?;
            raw_sql($table).execute(&bare_pool).await?;
            Ok(vec![
                Contestant::on(runtime, "bare sqlx", move |turn, task| {
                    let pool = bare_pool.clone();
                    async move { bare(pool, turn, task).await.expect("it answers") }
                }),
                Contestant::ours(runtime, ours.clone()),
                Contestant::named(runtime, "ours, in the application's pool", in_pool),
                Contestant::on(runtime, "tower-sessions' store", {
                    let store = store.clone();
                    move |turn, _| theirs(store.clone(), turn)
                }),
                on_axum(runtime, "axum: ours", axum::router(ours)),
                on_axum(
                    runtime,
                    "axum: tower-sessions",
                    tower_sessions::router_with(store),
                ),
            ])
        }
    };
}

contestants!(
    postgres,
    Postgres,
    PostgresStore,
    PgPool,
    "CREATE TABLE bare (id text PRIMARY KEY, ends_at bigint NOT NULL, record text NOT NULL) WITH (fillfactor = 70)",
    "SELECT ends_at, record FROM bare WHERE id = $1",
    "INSERT INTO bare (id, ends_at, record) VALUES ($1, $2, $3)",
    "UPDATE bare SET ends_at = $1, record = $2 WHERE id = $3"
);

contestants!(
    mariadb,
    MySql,
    MySqlStore,
    MySqlPool,
    "CREATE TABLE bare (id VARCHAR(64) PRIMARY KEY, ends_at BIGINT NOT NULL, record LONGTEXT NOT NULL)",
    "SELECT ends_at, record FROM bare WHERE id = ?",
    "INSERT INTO bare (id, ends_at, record) VALUES (?, ?, ?)",
    "UPDATE bare SET ends_at = ?, record = ? WHERE id = ?"
);

contestants!(
    sqlite,
    Sqlite,
    SqliteStore,
    SqlitePool,
    "CREATE TABLE bare (id TEXT NOT NULL PRIMARY KEY, ends_at INTEGER NOT NULL, record TEXT NOT NULL) STRICT",
    "SELECT ends_at, record FROM bare WHERE id = ?",
    "INSERT INTO bare (id, ends_at, record) VALUES (?, ?, ?)",
    "UPDATE bare SET ends_at = ?, record = ? WHERE id = ?"
);

/// The options of the others' pools: those of our driver, where they matter.
trait Tuned: Sized {
    fn tuned(self) -> Self {
        self
    }
}

impl Tuned for session_sqlx::sqlx::postgres::PgConnectOptions {}
impl Tuned for session_sqlx::sqlx::mysql::MySqlConnectOptions {}
impl Tuned for their_sqlx::postgres::PgConnectOptions {}
impl Tuned for their_sqlx::mysql::MySqlConnectOptions {}

/// A write-ahead log, and no wait for the disk with each save.
macro_rules! tuned_sqlite {
    ($($sqlx:ident)::*) => {
        impl Tuned for $($sqlx)::*::sqlite::SqliteConnectOptions {
            fn tuned(self) -> Self {
                self.create_if_missing(true)
                    .journal_mode($($sqlx)::*::sqlite::SqliteJournalMode::Wal)
                    .synchronous($($sqlx)::*::sqlite::SqliteSynchronous::Normal)
            }
        }
    };
}

tuned_sqlite!(session_sqlx::sqlx);
tuned_sqlite!(their_sqlx);

fn options<T: Tuned>(options: T) -> T {
    options.tuned()
}

/// The store alone: a load for a read, a load and a save for a write.
async fn theirs(store: impl SessionStore, turn: Turn) {
    let mut record = Record {
        id: Id::default(),
        data: values().into_iter().collect(),
        expiry_date: OffsetDateTime::now_utc() + Duration::hours(2),
    };
    store.create(&mut record).await.expect("it answers");
    for _ in 0..turn.requests {
        let loaded = store.load(&record.id).await.expect("it answers");
        let loaded = loaded.expect("it lives");
        if turn.work == Work::ReadWrite {
            store.save(&loaded).await.expect("it answers");
        }
    }
}

fn on_axum(runtime: &Handle, name: &str, router: ::axum::Router) -> Contestant {
    Contestant::on(runtime, name, move |turn, _| {
        visit(TowerClient::new(router.clone()), turn)
    })
}
