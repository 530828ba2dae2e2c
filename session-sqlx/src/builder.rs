//! Settings, and connecting.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use session_core::{ConfigError, SessionConfig};
use sqlx::ConnectOptions as _;
use tokio::time::timeout;

use crate::connection::Connections;
use crate::dialect::Dialect;
use crate::home::Home;
use crate::pool::Pool;
use crate::settings::{check_pool_size, check_timeout, dialect_of, explain, invalid_url, not_set};
use crate::table::{Statements, TableName};
use crate::{SqlxDriver, schema};

impl SqlxDriver {
    /// Connects to the database at `url` with the default settings, and creates the table if it is missing.
    ///
    /// # Errors
    ///
    /// The same as for [`Builder::connect`].
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).connect().await
    }

    /// Starts to configure a driver for the database at `url`. [`Builder`] lists the forms of URLs.
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder::new(Source::Url(Some(url.into())))
    }

    /// Starts to configure a driver that uses the application's own pool of connections, whatever their isolation level.
    ///
    /// Let the pool acquire without a test (`test_before_acquire(false)`), which would cost a round trip. It still tests each
    /// connection after use, so a driver with [connections of its own](crate#connections) is faster. For SQLite, use the
    /// journal mode WAL and a busy timeout of at most 2 seconds.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")]
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// use session_sqlx::SqlxDriver;
    /// use session_sqlx::sqlx::PgPool;
    ///
    /// let pool = PgPool::connect("postgres://app@localhost/shop").await?;
    /// let driver = SqlxDriver::from_pool(pool).table("web.sessions").connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pool(pool: impl Into<Pool>) -> Builder {
        Builder::new(Source::Pool(pool.into()))
    }

    /// Starts to configure a driver from a [`SessionConfig`]: its driver (`SESSION_DRIVER`), its URL (`DATABASE_URL`) and its
    /// table (`SESSION_TABLE`).
    pub fn from_config(config: &SessionConfig) -> Builder {
        let mut builder = Builder::new(Source::Url(config.database_url().map(ToOwned::to_owned)));
        builder.asked = Dialect::of_driver(config.driver());
        builder.table(config.table())
    }
}

/// Settings of a [`SqlxDriver`]. Created by [`SqlxDriver::builder`].
///
/// | Database | URL |
/// |---|---|
/// | PostgreSQL | `postgres://user:password@host[:port]/database[?sslmode=require]` |
/// | MySQL, MariaDB | `mysql://user:password@host[:port]/database[?ssl-mode=REQUIRED]` |
/// | SQLite | `sqlite:path/to/sessions.db` |
#[derive(Clone)]
#[must_use = "a builder does nothing until it connects"]
pub struct Builder {
    source: Source,
    /// The kind of database that was asked for by name.
    asked: Option<Dialect>,
    table: String,
    pool_size: u32,
    timeout: Duration,
    creates_table: bool,
}

#[derive(Clone)]
enum Source {
    Url(Option<String>),
    Pool(Pool),
}

impl Builder {
    fn new(source: Source) -> Self {
        Self {
            source,
            asked: None,
            table: SessionConfig::default().table().to_owned(),
            pool_size: 10,
            timeout: Duration::from_secs(1),
            creates_table: true,
        }
    }

    /// Sets the name of the table, with a schema before a dot if you like: `web.sessions`. Default: `sessions`.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// Sets the most connections: between 1 and 10,000. An application's own pool keeps its size. Default: 10.
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.pool_size = connections;
        self
    }

    /// Sets how long one call may take, including the wait for a connection: between 10 milliseconds and 60 seconds. Default:
    /// 1 second, so that a request gets its response within 2 seconds even if the server is down.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets whether a missing table is created. Set `false` if the application migrates the database itself. Default:
    /// `true`.
    pub fn create_table(mut self, creates_table: bool) -> Self {
        self.creates_table = creates_table;
        self
    }

    /// Connects, creates the table if it is missing, and checks that it has the right shape and that the user may read and
    /// write it. Any number of services may do so at once.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the remedy if
    ///
    /// - the URL is missing or invalid, of another database than `SESSION_DRIVER`, or of one whose feature is off;
    /// - the table's name, the pool size or the timeout is out of range;
    /// - the server does not respond within 5 seconds, or rejects the user, the password or the database;
    /// - the table cannot be created, read or written, or is another one.
    pub async fn connect(self) -> Result<SqlxDriver, ConfigError> {
        check_pool_size(self.pool_size)?;
        check_timeout(self.timeout)?;
        let name = TableName::parse(&self.table)?;
        let (connections, is_own) = match &self.source {
            Source::Pool(pool) => (Connections::shared(pool.clone()), false),
            Source::Url(None) => return Err(not_set(self.asked)),
            Source::Url(Some(url)) => {
                let dialect = dialect_of(url, self.asked)?;
                name.check(dialect)?;
                (self.open(url, dialect)?, true)
            }
        };
        let dialect = connections.dialect();
        name.check(dialect)?;
        let driver = SqlxDriver::new(connections, Statements::new(dialect, &name), self.timeout);
        let prepared = timeout(
            CONNECT_LIMIT,
            schema::prepare(driver.shared(), self.creates_table),
        )
        .await
        .unwrap_or_else(|_| Err(explain(sqlx::Error::PoolTimedOut, dialect)));
        if prepared.is_err() && is_own {
            driver.close().await;
        }
        prepared.map(|()| driver)
    }

    /// Creates connections that are made when they are needed.
    #[allow(unused_variables, reason = "without a database, nothing is opened")]
    fn open(&self, url: &str, dialect: Dialect) -> Result<Connections, ConfigError> {
        let invalid = |error: sqlx::Error| invalid_url(dialect.url_form()).with_source(error);
        match dialect {
            #[cfg(feature = "postgres")]
            Dialect::Postgres => {
                let options = sqlx::postgres::PgConnectOptions::from_str(url).map_err(invalid)?;
                let prepares = crate::connection::prepares(&options);
                // Sessions need no fractions, and not every proxy lets this setting pass.
                let options = options.extra_float_digits(None);
                let options = options.disable_statement_logging();
                let home = Home::own(options, self.pool_size, self.timeout);
                Ok(Connections::Postgres(home.preparing(prepares)))
            }
            #[cfg(feature = "mysql")]
            Dialect::MySql => {
                // sqlx knows this scheme only.
                let url = url.replacen("mariadb:", "mysql:", 1);
                let options = sqlx::mysql::MySqlConnectOptions::from_str(&url).map_err(invalid)?;
                let options = options.disable_statement_logging();
                let home = Home::own(options, self.pool_size, self.timeout);
                Ok(Connections::MySql(home))
            }
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => {
                use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

                if url.contains(":memory:") || url.contains("mode=memory") {
                    return Err(ConfigError::new(
                        "DATABASE_URL",
                        "names a database in memory, which each connection would have for itself",
                        "use a file, or SESSION_DRIVER=memory",
                    ));
                }
                let options = SqliteConnectOptions::from_str(url)
                    .map_err(invalid)?
                    .create_if_missing(self.creates_table)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Normal)
                    .busy_timeout(self.timeout);
                let options = options.disable_statement_logging();
                let home = Home::own(options, self.pool_size, self.timeout);
                Ok(Connections::Sqlite(home))
            }
            #[allow(unreachable_patterns, reason = "reached unless every feature is on")]
            _ => Err(invalid_url(dialect.url_form())),
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("table", &self.table)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// For the first connection and the table.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
