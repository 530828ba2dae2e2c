//! What a database says about itself, for programs that check a service.

use session_core::{Error, Timestamp};

use crate::SqlxDriver;
use crate::connection::Connection;
use crate::table::Statements;
use crate::work::Work;

/// What [`SqlxDriver::inspect`] found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Inspection {
    /// The server and its version, such as `PostgreSQL 17.2`.
    pub server: String,
    /// How far the server's clock is ahead of this one, in milliseconds; negative if it is behind. Half the round trip is
    /// already taken off.
    pub clock_ahead: i64,
    /// `true` if the server is a replica or takes no writes.
    pub is_read_only: bool,
    /// The columns that should have an index and do not.
    pub missing_indexes: Vec<&'static str>,
}

impl SqlxDriver {
    /// Asks the database about itself.
    ///
    /// # Errors
    ///
    /// Returns [`Error::unavailable`] if the database failed or took longer than the timeout.
    pub async fn inspect(&self) -> Result<Inspection, Error> {
        let before = self.clock().now();
        let (server, indexes) = self.shared().run(&Inspect).await?.answer;
        let after = self.clock().now();
        let mut row = server.into_iter().flatten();
        let mut next = || row.next().unwrap_or_default();
        let (server, time, is_read_only) = (next(), next(), next() == "true");
        let millis = |time: Timestamp| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let here = i64::midpoint(millis(before), millis(after));
        let is_indexed = |column: &&str| indexes.iter().flatten().any(|indexed| indexed == column);
        Ok(Inspection {
            server,
            clock_ahead: time.parse().map_or(0, |there: i64| there - here),
            is_read_only,
            missing_indexes: INDEXED
                .into_iter()
                .filter(|column| !is_indexed(column))
                .collect(),
        })
    }
}

struct Inspect;

type Rows = Vec<Vec<String>>;

impl Work for Inspect {
    type Answer = (Rows, Rows);
    const WRITES: bool = false;

    async fn run(
        &self,
        sql: &Statements,
        connection: &mut Connection,
    ) -> Result<(Rows, Rows), sqlx::Error> {
        // In this order, so that the time is asked for in between.
        let indexes = connection.texts(&sql.indexes, &[]).await?;
        let server = connection.texts(&sql.server, &[]).await?;
        Ok((server, indexes))
    }
}

const INDEXED: [&str; 3] = ["id_hash", "owner_hash", "sweep_at"];
