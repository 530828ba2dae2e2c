//! The pools and connections of the three databases, behind one face.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqlStr};

use crate::dialect::Dialect;

/// A pool of connections. Any pool of sqlx turns into one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Pool {
    /// Of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
    /// Of MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    MySql(sqlx::MySqlPool),
    /// Of SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
}

macro_rules! pool_from {
    ($feature:literal, $database:ident, $pool:ident) => {
        #[cfg(feature = $feature)]
        impl From<sqlx::$pool> for Pool {
            fn from(pool: sqlx::$pool) -> Self {
                Self::$database(pool)
            }
        }
    };
}

pool_from!("postgres", Postgres, PgPool);
pool_from!("mysql", MySql, MySqlPool);
pool_from!("sqlite", Sqlite, SqlitePool);

/// A connection that belongs to one call. It is closed rather than returned to its pool if the call ends in the middle of
/// a statement: the answer would still be on its way, and on a silent connection it never comes.
pub(crate) enum Connection {
    #[cfg(feature = "postgres")]
    Postgres(PoolConnection<sqlx::Postgres>),
    #[cfg(feature = "mysql")]
    MySql(PoolConnection<sqlx::MySql>),
    #[cfg(feature = "sqlite")]
    Sqlite(PoolConnection<sqlx::Sqlite>),
}

/// A value for a placeholder.
#[derive(Clone, Copy)]
pub(crate) enum Arg<'a> {
    Bytes(&'a [u8]),
    MaybeBytes(Option<&'a [u8]>),
    Number(i64),
    Text(&'a str),
}

/// A row that holds a record, or `None` in each field for a row that says that there was nothing to return.
pub(crate) struct Row {
    pub(crate) version: Option<Vec<u8>>,
    pub(crate) ends_at: Option<i64>,
    pub(crate) record: Option<Vec<u8>>,
}

/// Runs the same lines for each database. Inside, `$inner` has the type of that database.
macro_rules! each {
    ($type:ident, $value:expr, $inner:ident => $body:expr) => {
        match $value {
            #[cfg(feature = "postgres")]
            $type::Postgres($inner) => $body,
            #[cfg(feature = "mysql")]
            $type::MySql($inner) => $body,
            #[cfg(feature = "sqlite")]
            $type::Sqlite($inner) => $body,
        }
    };
}

macro_rules! bound {
    ($sql:expr, $arguments:expr) => {
        $arguments
            .iter()
            .fold(sqlx::query($sql), |query, argument| match *argument {
                Arg::Bytes(bytes) => query.bind(bytes),
                Arg::MaybeBytes(bytes) => query.bind(bytes),
                Arg::Number(number) => query.bind(number),
                Arg::Text(text) => query.bind(text),
            })
    };
}

impl Pool {
    pub(crate) async fn acquire(&self) -> Result<Connection, sqlx::Error> {
        Ok(match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => Connection::Postgres(pool.acquire().await?),
            #[cfg(feature = "mysql")]
            Self::MySql(pool) => Connection::MySql(pool.acquire().await?),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => Connection::Sqlite(pool.acquire().await?),
        })
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Self::MySql(_) => Dialect::MySql,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Connects outside the pool, which keeps trying when a server refuses, and returns why that fails.
    pub(crate) async fn why_not(&self) -> Option<sqlx::Error> {
        each!(Self, self, pool => {
            let options = pool.connect_options();
            match tokio::time::timeout(PROBE_LIMIT, options.connect()).await {
                Ok(Ok(connection)) => {
                    // A connection that cannot be closed ends with its socket.
                    let _ = connection.close().await;
                    None
                }
                Ok(Err(error)) => Some(error),
                Err(_) => None,
            }
        })
    }

    pub(crate) async fn close(&self) {
        each!(Self, self, pool => pool.close().await);
    }
}

impl Connection {
    /// Runs a statement and returns the number of rows that it changed, or would have changed to what they are.
    pub(crate) async fn execute(
        &mut self,
        sql: &SqlStr,
        arguments: &[Arg<'_>],
    ) -> Result<u64, sqlx::Error> {
        each!(Self, self, connection => {
            let query = bound!(sql.clone(), arguments);
            Ok(query.execute(&mut **connection).await?.rows_affected())
        })
    }

    /// Returns the first row: a version, an expiry and a record.
    pub(crate) async fn row(
        &mut self,
        sql: &SqlStr,
        arguments: &[Arg<'_>],
    ) -> Result<Option<Row>, sqlx::Error> {
        each!(Self, self, connection => {
            let query = bound!(sql.clone(), arguments);
            let Some(row) = query.fetch_optional(&mut **connection).await? else {
                return Ok(None);
            };
            Ok(Some(Row {
                version: row.try_get_unchecked(0)?,
                ends_at: row.try_get_unchecked(1)?,
                record: row.try_get_unchecked(2)?,
            }))
        })
    }

    /// Returns all rows, whose columns are texts.
    pub(crate) async fn texts(
        &mut self,
        sql: &SqlStr,
        arguments: &[Arg<'_>],
    ) -> Result<Vec<Vec<String>>, sqlx::Error> {
        each!(Self, self, connection => {
            let query = bound!(sql.clone(), arguments);
            let rows = query.fetch_all(&mut **connection).await?;
            rows.iter()
                .map(|row| (0..row.len()).map(|column| text(row.try_get_unchecked(column)?)).collect())
                .collect()
        })
    }

    /// Runs statements that have no arguments and no answer.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        each!(Self, self, connection => {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **connection).await?;
            Ok(())
        })
    }

    /// Sees to it that the connection is closed rather than returned to its pool.
    pub(crate) fn discard(&mut self) {
        each!(Self, self, connection => connection.close_on_drop());
    }
}

/// The texts of catalogs may come as bytes.
fn text(bytes: Option<Vec<u8>>) -> Result<String, sqlx::Error> {
    String::from_utf8(bytes.unwrap_or_default())
        .map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

const PROBE_LIMIT: Duration = Duration::from_secs(1);
