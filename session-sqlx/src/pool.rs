//! The pool of an application.

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
