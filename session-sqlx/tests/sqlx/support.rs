//! A table of its own for each test, in a shared server or a file.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use session_core::{ManualClock, Timestamp};
use session_sqlx::sqlx::{
    AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection, raw_sql,
};
use session_sqlx::{Builder, SqlxDriver};
use test_support::PgBouncer;
use test_support::database::{DatabaseServer, Kind};
use tokio::runtime::Runtime;

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

static POSTGRES: LazyLock<DatabaseServer> = LazyLock::new(|| DatabaseServer::start(Kind::Postgres));
static PGBOUNCER: LazyLock<PgBouncer> = LazyLock::new(|| PgBouncer::start(POSTGRES.port));
static MARIADB: LazyLock<DatabaseServer> = LazyLock::new(|| DatabaseServer::start(Kind::MariaDb));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Postgres,
    /// PostgreSQL behind a PgBouncer in transaction mode.
    PgBouncer,
    MariaDb,
    Sqlite,
}

pub(crate) const ALL: [Database; 4] = [
    Database::Postgres,
    Database::PgBouncer,
    Database::MariaDb,
    Database::Sqlite,
];

/// A table that does not exist yet.
pub(crate) struct Store {
    pub(crate) database: Database,
    pub(crate) url: String,
    pub(crate) table: String,
    pub(crate) clock: ManualClock,
    folder: Option<PathBuf>,
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (url, folder) = match database {
            Database::Postgres => (POSTGRES.url(), None),
            Database::PgBouncer => {
                let url = POSTGRES.url_via(PGBOUNCER.port);
                (url + "?statement-cache-capacity=0", None)
            }
            Database::MariaDb => (MARIADB.url(), None),
            Database::Sqlite => {
                let name = format!("session-sqlite-{}-{number}", std::process::id());
                let folder = std::env::temp_dir().join(name);
                std::fs::create_dir_all(&folder).unwrap();
                (
                    format!("sqlite:{}/sessions.db", folder.display()),
                    Some(folder),
                )
            }
        };
        Self {
            database,
            url,
            table: format!("sessions_{number}"),
            clock: ManualClock::new(Timestamp::from_millis(1_700_000_000_000)),
            folder,
        }
    }

    pub(crate) fn builder(&self) -> Builder {
        SqlxDriver::builder(&self.url)
            .table(&self.table)
            .pool_size(4)
    }

    /// Allows much more time than by default, because many tests run at once, some with 64 threads.
    pub(crate) async fn connect(&self) -> SqlxDriver {
        self.builder()
            .timeout(Duration::from_secs(15))
            .connect()
            .await
            .unwrap()
            .with_clock(self.clock.clone())
    }

    /// Runs statements behind the driver's back. `{table}` stands for the table.
    pub(crate) async fn run(&self, sql: &str) -> u64 {
        let sql = sql.replace("{table}", &self.table);
        macro_rules! run {
            ($connection:ty, $url:expr) => {{
                let mut connection = <$connection>::connect($url).await.unwrap();
                let sql = raw_sql(AssertSqlSafe(sql));
                let rows = sql.execute(&mut connection).await.unwrap().rows_affected();
                connection.close().await.unwrap();
                rows
            }};
        }
        match self.database {
            Database::Postgres | Database::PgBouncer => run!(PgConnection, &POSTGRES.url()),
            Database::MariaDb => run!(MySqlConnection, &self.url),
            Database::Sqlite => run!(SqliteConnection, &format!("{}?mode=rwc", self.url)),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
