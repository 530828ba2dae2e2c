//! The table: creating it, and checking that it is the right one.

use std::collections::HashMap;

use session_core::ConfigError;
use sqlx::Error;
use tokio::time::Instant;

use crate::SqlxDriver;
use crate::connection::{Arg, Connection};
use crate::dialect::{COLUMNS, Dialect};
use crate::driver::Shared;
use crate::settings::explain;
use crate::table::Statements;

impl SqlxDriver {
    /// Returns the statements that create the table and its indexes, for those who migrate the database themselves.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.shared().sql.schema
    }
}

/// Creates the table if it is missing and that is wanted, and checks what is there.
pub(crate) async fn prepare(shared: &Shared, creates_table: bool) -> Result<(), ConfigError> {
    let sql = &shared.sql;
    let explain = |error| explain(error, sql.dialect);
    let connections = &shared.connections;
    let mut connection = match connections.acquire(Instant::now() + shared.timeout).await {
        Ok(connection) => connection,
        Err(error) => return Err(explain(connections.why_not().await.unwrap_or(error))),
    };
    if columns(sql, &mut connection)
        .await
        .map_err(explain)?
        .is_empty()
    {
        if !creates_table {
            return Err(ConfigError::new(
                "SESSION_TABLE",
                format!("there is no table {}", sql.table),
                "create it with the schema in the docs of session-sqlx, or let the driver create it",
            ));
        }
        create(sql, &mut connection).await.map_err(explain)?;
    }
    let columns = columns(sql, &mut connection).await.map_err(explain)?;
    check_columns(sql, &columns)?;
    let indexes = connection.texts(&sql.indexes, &[]).await.map_err(explain)?;
    if !indexes.contains(&vec!["id_hash".to_owned(), "true".to_owned()]) {
        return Err(other_table(sql, "no unique index on id_hash"));
    }
    check_rights(sql, &mut connection).await.map_err(explain)?;
    connection.finish();
    Ok(())
}

/// Returns the columns of the table and their types, or nothing if there is no table.
async fn columns(
    sql: &Statements,
    connection: &mut Connection,
) -> Result<HashMap<String, String>, Error> {
    let rows = connection.texts(&sql.columns, &[]).await?;
    let pairs = rows.into_iter().filter_map(|row| {
        let mut row = row.into_iter();
        Some((row.next()?, row.next()?))
    });
    Ok(pairs.collect())
}

/// Creates the table and its indexes: all of them, or nothing.
async fn create(sql: &Statements, connection: &mut Connection) -> Result<(), Error> {
    let script = match sql.dialect {
        // Two that create the same table at once could fail over it, so one waits.
        Dialect::Postgres => format!(
            "BEGIN; SELECT pg_advisory_xact_lock({LOCK}); {} COMMIT;",
            sql.schema
        ),
        // One statement.
        Dialect::MySql => sql.schema.clone(),
        Dialect::Sqlite => format!("BEGIN IMMEDIATE; {} COMMIT;", sql.schema),
    };
    // A transaction that fails ends with the connection.
    connection.run(&script).await
}

fn check_columns(sql: &Statements, columns: &HashMap<String, String>) -> Result<(), ConfigError> {
    for column in COLUMNS {
        let types = sql.dialect.types(column);
        match columns.get(column) {
            None => return Err(other_table(sql, &format!("no column {column}"))),
            Some(found) if !types.contains(&&**found) => {
                let problem = format!("a column {column} of type {found}, not {}", types[0]);
                return Err(other_table(sql, &problem));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn other_table(sql: &Statements, problem: &str) -> ConfigError {
    ConfigError::new(
        "SESSION_TABLE",
        format!("the table {} has {problem}", sql.table),
        "choose another name if it is another application's, or compare it with the schema in the docs of session-sqlx",
    )
}

/// Sends each kind of statement in a form that changes nothing.
async fn check_rights(sql: &Statements, connection: &mut Connection) -> Result<(), Error> {
    let (nothing, zero) = (Arg::Bytes(&[]), Arg::Number(0));
    connection.row(&sql.load, &[nothing]).await?;
    connection.execute(&sql.try_insert, &[]).await?;
    let touch = [nothing, zero, zero, nothing, nothing, zero];
    connection.execute(&sql.touch, &touch).await?;
    connection.execute(&sql.destroy, &[nothing]).await?;
    Ok(())
}

/// A number for the lock that only this library uses: "session" in ASCII.
const LOCK: i64 = 0x0073_6573_7369_6f6e;
