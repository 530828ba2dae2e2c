//! The SQL drivers.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use session_core::{Driver, DriverName, ManualClock, async_trait};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::{
    AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection, query_scalar,
};
use test_support::DatabaseServer;
use test_support::database::Kind;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::block_in_place;

use super::{Backend, BreakableServer, Storage, TestedDriver};

/// A database, with one server for all scenarios that don't break it.
pub(super) struct Database {
    name: DriverName,
    shared: OnceCell<Arc<Mutex<DatabaseServer>>>,
    scenarios: AtomicUsize,
}

struct DatabaseBackend {
    driver: SqlxDriver,
    url: String,
    table: String,
    server: Option<Arc<Mutex<DatabaseServer>>>,
    folder: Option<PathBuf>,
}

impl Database {
    pub(super) fn new(name: DriverName) -> Self {
        Self {
            name,
            shared: OnceCell::new(),
            scenarios: AtomicUsize::new(0),
        }
    }

    /// Returns `None` for SQLite.
    async fn server(&self, own: bool) -> Option<Arc<Mutex<DatabaseServer>>> {
        let kind = match self.name {
            DriverName::Postgres => Kind::Postgres,
            DriverName::MySql => Kind::MariaDb,
            _ => return None,
        };
        let start = async || Arc::new(Mutex::new(DatabaseServer::start(kind)));
        Some(if own {
            start().await
        } else {
            self.shared.get_or_init(start).await.clone()
        })
    }
}

#[async_trait]
impl TestedDriver for Database {
    fn driver(&self) -> DriverName {
        self.name
    }

    fn storage(&self) -> Storage {
        match self.name {
            DriverName::Sqlite => Storage::Process,
            _ => Storage::Server,
        }
    }

    /// The adapters do not know the difference to Redis.
    fn only_adapter(&self) -> Option<&'static str> {
        Some("axum")
    }

    async fn start(&self, clock: &ManualClock, own_server: bool) -> Box<dyn Backend> {
        let n = self.scenarios.fetch_add(1, Ordering::Relaxed);
        let server = self.server(own_server).await;
        let (url, folder) = match &server {
            Some(server) => (lock(server).url(), None),
            None => {
                let name = format!("session-conformance-{}-{n}", std::process::id());
                let folder = std::env::temp_dir().join(name);
                std::fs::create_dir_all(&folder).unwrap();
                (
                    format!("sqlite:{}/sessions.db", folder.display()),
                    Some(folder),
                )
            }
        };
        let table = format!("scenario_{n}");
        let mut builder = SqlxDriver::builder(&url).table(&table);
        if !own_server {
            // Many scenarios share the machine, and nothing fails on purpose.
            builder = builder.timeout(Duration::from_secs(20));
        }
        let driver = builder.connect().await.unwrap();
        Box::new(DatabaseBackend {
            driver: driver.with_clock(clock.clone()),
            url,
            table,
            server,
            folder,
        })
    }
}

impl DatabaseBackend {
    fn server(&self) -> MutexGuard<'_, DatabaseServer> {
        lock(self.server.as_ref().unwrap())
    }
}

impl Backend for DatabaseBackend {
    fn driver(&self) -> Box<dyn Driver> {
        Box::new(self.driver.clone())
    }

    fn record_count(&self) -> usize {
        let count = wait(self.driver.count()).unwrap();
        usize::try_from(count).unwrap()
    }

    fn stored_json(&self, id: &str) -> String {
        let sql = format!("SELECT record FROM {} WHERE id = '{id}'", self.table);
        macro_rules! fetch {
            ($connection:ty) => {
                wait(async {
                    let mut connection = <$connection>::connect(&self.url).await.unwrap();
                    let query = query_scalar(AssertSqlSafe(sql));
                    query.fetch_one(&mut connection).await.unwrap()
                })
            };
        }
        match self.url.split(':').next() {
            Some("postgres") => fetch!(PgConnection),
            Some("mysql") => fetch!(MySqlConnection),
            _ => fetch!(SqliteConnection),
        }
    }

    fn own_server(&self) -> &dyn BreakableServer {
        self
    }
}

impl BreakableServer for DatabaseBackend {
    fn kill(&self) {
        self.server().kill();
    }

    fn restart(&self) {
        self.server().restart();
    }

    fn pause(&self) {
        self.server().pause();
    }

    fn resume(&self) {
        self.server().resume();
    }
}

impl Drop for DatabaseBackend {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn lock(server: &Mutex<DatabaseServer>) -> MutexGuard<'_, DatabaseServer> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(future))
}
