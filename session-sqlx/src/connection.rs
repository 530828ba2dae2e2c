//! The connections to the three databases, behind one face.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Row as _, SqlStr};
use tokio::time::Instant;

use crate::dialect::Dialect;
use crate::home::{Held, Home};
use crate::pool::Pool;

/// The connections of a driver.
pub(crate) enum Connections {
    #[cfg(feature = "postgres")]
    Postgres(Home<sqlx::Postgres>),
    #[cfg(feature = "mysql")]
    MySql(Home<sqlx::MySql>),
    #[cfg(feature = "sqlite")]
    Sqlite(Home<sqlx::Sqlite>),
}

/// A connection that belongs to one call.
pub(crate) enum Connection {
    #[cfg(feature = "postgres")]
    Postgres(Held<sqlx::Postgres>),
    #[cfg(feature = "mysql")]
    MySql(Held<sqlx::MySql>),
    #[cfg(feature = "sqlite")]
    Sqlite(Held<sqlx::Sqlite>),
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
    pub(crate) record: Option<String>,
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

/// Runs a statement with a method of sqlx: prepared, or with the arguments written into it.
macro_rules! query {
    ($connection:expr, $sql:expr, $arguments:expr, $method:ident) => {
        if $connection.prepares {
            let query = sqlx::query($sql.clone());
            let bound = $arguments
                .iter()
                .fold(query, |query, argument| match *argument {
                    Arg::Bytes(bytes) => query.bind(bytes),
                    Arg::MaybeBytes(bytes) => query.bind(bytes),
                    Arg::Number(number) => query.bind(number),
                    Arg::Text(text) => query.bind(text),
                });
            bound.$method(&mut **$connection).await?
        } else {
            let sql = AssertSqlSafe(written($sql.as_str(), $arguments));
            sqlx::raw_sql(sql).$method(&mut **$connection).await?
        }
    };
}

impl Connections {
    /// Returns connections of the application's pool.
    pub(crate) fn shared(pool: Pool) -> Self {
        match pool {
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let prepares = prepares(&pool.connect_options());
                Self::Postgres(Home::shared(pool).preparing(prepares))
            }
            #[cfg(feature = "mysql")]
            Pool::MySql(pool) => Self::MySql(Home::shared(pool)),
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => Self::Sqlite(Home::shared(pool)),
        }
    }

    /// Returns a connection, or why there is none.
    pub(crate) async fn acquire(&self, deadline: Instant) -> Result<Connection, sqlx::Error> {
        Ok(match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(home) => Connection::Postgres(home.acquire(deadline).await?),
            #[cfg(feature = "mysql")]
            Self::MySql(home) => Connection::MySql(home.acquire(deadline).await?),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(home) => Connection::Sqlite(home.acquire(deadline).await?),
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

    /// Returns why the application's pool makes no connection.
    pub(crate) async fn why_not(&self) -> Option<sqlx::Error> {
        each!(Self, self, home => home.why_not().await)
    }

    pub(crate) async fn close(&self) {
        each!(Self, self, home => home.close().await);
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
            Ok(query!(connection, sql, arguments, execute).rows_affected())
        })
    }

    /// Returns the first row: a version, an expiry and a record.
    pub(crate) async fn row(
        &mut self,
        sql: &SqlStr,
        arguments: &[Arg<'_>],
    ) -> Result<Option<Row>, sqlx::Error> {
        each!(Self, self, connection => {
            let Some(row) = query!(connection, sql, arguments, fetch_optional) else {
                return Ok(None);
            };
            Ok(Some(Row {
                version: row.try_get_unchecked(0)?,
                ends_at: row.try_get_unchecked(1)?,
                record: match row.try_get_unchecked(2) {
                    // Not UTF-8, which SQLite allows. It is no record either.
                    Err(sqlx::Error::ColumnDecode { .. }) => Some(String::new()),
                    record => record?,
                },
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
            let rows = query!(connection, sql, arguments, fetch_all);
            rows.iter()
                .map(|row| {
                    let columns = 0..row.len();
                    columns.map(|column| row.try_get_unchecked::<Option<String>, _>(column)).map(|text| Ok(text?.unwrap_or_default())).collect()
                })
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

    /// Says that no answer is on its way, so that the connection can be used again.
    pub(crate) const fn finish(&mut self) {
        each!(Self, self, connection => connection.finish());
    }
}

/// Returns `false` if the application turned off the cache of prepared statements, as it must if a proxy does not keep them.
#[cfg(feature = "postgres")]
pub(crate) fn prepares(options: &sqlx::postgres::PgConnectOptions) -> bool {
    use sqlx::ConnectOptions as _;

    let url = options.to_url_lossy();
    !url.query_pairs()
        .any(|(name, value)| name == "statement-cache-capacity" && value == "0")
}

/// Writes arguments into a statement of PostgreSQL. In a literal that begins with `E`, quotes and backslashes mean the same
/// whatever the settings of the server, and all text is UTF-8.
fn written(sql: &str, arguments: &[Arg<'_>]) -> String {
    let mut parts = sql.split('$');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let number: usize = number.parse().unwrap_or_default();
        match number.checked_sub(1).and_then(|at| arguments.get(at)) {
            Some(&Arg::Number(number)) => {
                // Writing to a string does not fail.
                let _ = write!(written, "({number})");
            }
            Some(Arg::Bytes(bytes) | Arg::MaybeBytes(Some(bytes))) => hex(&mut written, bytes),
            Some(Arg::Text(text)) => {
                written.push_str("E'");
                written.push_str(&text.replace('\\', r"\\").replace('\'', "''"));
                written.push('\'');
            }
            Some(Arg::MaybeBytes(None)) | None => written.push_str("NULL"),
        }
        written.push_str(rest);
    }
    written
}

fn hex(text: &mut String, bytes: &[u8]) {
    text.push_str("decode('");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text.push_str("', 'hex')");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_arguments_cannot_end_a_literal() {
        let arguments = [
            Arg::Text(r"\'; --\"),
            Arg::Bytes(br"'\"),
            Arg::MaybeBytes(None),
            Arg::Number(-7),
        ];
        assert_eq!(
            written("SELECT $1, $2, $3 WHERE a = $4 AND b = $2", &arguments),
            r"SELECT E'\\''; --\\', decode('275c', 'hex'), NULL WHERE a = (-7) AND b = decode('275c', 'hex')"
        );
    }
}
