//! Whole sessions over each database, against the executable model of `test_support::model`.

use std::time::Duration;

use session_core::ManualClock;
use session_sqlx::SqlxDriver;
use test_support::model::{Backend, Storage, run};

use crate::support::{Database, Store};

struct Modeled {
    store: Store,
    driver: SqlxDriver,
}

impl Backend for &Modeled {
    type Driver = SqlxDriver;

    fn name(&self) -> &'static str {
        match self.store.database {
            Database::Postgres => "postgres",
            Database::PgBouncer => "pgbouncer",
            Database::MariaDb => "mariadb",
            Database::Sqlite => "sqlite",
        }
    }

    fn driver(&self) -> SqlxDriver {
        self.driver.clone()
    }

    fn clock(&self) -> ManualClock {
        self.store.clock.clone()
    }

    fn storage(&self) -> Storage {
        Storage::Server
    }
}

async fn sessions_match_the_model(database: Database) {
    let store = Store::new(database);
    // A busy machine may take longer than the default.
    let driver = store
        .builder()
        .timeout(Duration::from_secs(10))
        .connect()
        .await
        .unwrap();
    let driver = driver.with_clock(store.clock.clone());
    let modeled = Modeled { store, driver };
    let world = async || {
        modeled.store.run("DELETE FROM {table}").await;
        &modeled
    };
    run(STEPS, world).await;
}

#[tokio::test]
async fn sessions_in_postgres_match_the_model() {
    sessions_match_the_model(Database::Postgres).await;
}

#[tokio::test]
async fn sessions_behind_pgbouncer_match_the_model() {
    sessions_match_the_model(Database::PgBouncer).await;
}

#[tokio::test]
async fn sessions_in_mariadb_match_the_model() {
    sessions_match_the_model(Database::MariaDb).await;
}

#[tokio::test]
async fn sessions_in_sqlite_match_the_model() {
    sessions_match_the_model(Database::Sqlite).await;
}

const STEPS: usize = 20_000;
