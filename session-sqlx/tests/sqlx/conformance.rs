//! The `Driver` contract at the highest level, on each database, bare and behind `Arc<dyn Driver>`. No check is excused.

use std::sync::Arc;
use std::time::Duration;

use session_core::conformance::{InArc, Subject};
use session_core::{Clock, SessionId};
use session_sqlx::SqlxDriver;

use crate::support::{Database, RUNTIME, Store};

macro_rules! on {
    ($($name:ident $database:ident)*) => {$(
        mod $name {
            mod bare {
                session_core::conformance!(indexed, crate::support::Store::new(crate::support::Database::$database));
            }

            mod in_arc {
                session_core::conformance!(indexed, super::super::InArc(
                    crate::support::Store::new(crate::support::Database::$database)
                ));
            }
        }
    )*};
}

on!(postgres Postgres pgbouncer PgBouncer mariadb MariaDb sqlite Sqlite);

impl Subject for Store {
    type Driver = SqlxDriver;

    fn driver(&self) -> SqlxDriver {
        RUNTIME.block_on(self.connect())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        RUNTIME.block_on(future)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    fn plant(&self, id: &SessionId, text: &str) -> bool {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let (record, version) = match self.database {
            Database::Postgres | Database::PgBouncer => {
                (format!("convert_from('\\x{hex}', 'UTF8')"), "'\\x00'")
            }
            Database::MariaDb => (format!("CONVERT(X'{hex}' USING utf8mb4)"), "X'00'"),
            Database::Sqlite => (format!("CAST(X'{hex}' AS TEXT)"), "X'00'"),
        };
        let id = id.as_str().replace('\'', "''");
        let sql = format!(
            "UPDATE {{table}} SET record = {record}, version = {version} WHERE id = '{id}'"
        );
        RUNTIME.block_on(self.run(&sql)) == 1
    }

    fn take_down(&self) -> bool {
        RUNTIME.block_on(self.run("ALTER TABLE {table} RENAME TO {table}_away"));
        true
    }
}
