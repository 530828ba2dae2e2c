//! The table's name, and the statements about it.

use session_core::ConfigError;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::dialect::Dialect;

/// The name of a table, which is safe to put into a statement.
#[derive(Clone, Debug)]
pub(crate) struct TableName {
    schema: Option<String>,
    name: String,
}

/// Every statement that a driver sends.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) dialect: Dialect,
    pub(crate) load: SqlStr,
    pub(crate) insert: SqlStr,
    /// Replaces a record that has ended.
    pub(crate) replace: SqlStr,
    pub(crate) update: SqlStr,
    pub(crate) touch: SqlStr,
    pub(crate) destroy: SqlStr,
    pub(crate) owned_by: SqlStr,
    pub(crate) starting_with: SqlStr,
    pub(crate) count: SqlStr,
    pub(crate) sweep: SqlStr,
    pub(crate) columns: SqlStr,
    pub(crate) indexes: SqlStr,
    pub(crate) server: SqlStr,
    /// Does nothing, but needs the right to do so.
    pub(crate) try_insert: SqlStr,
    pub(crate) schema: String,
    /// The name, for messages.
    pub(crate) table: String,
}

impl TableName {
    /// Checks a name, such as `sessions` or `web.sessions`.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let is_word = |word: &str| {
            word.len() <= MAX_NAME
                && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let (schema, name) = match text.split_once('.') {
            Some((schema, name)) => (Some(schema), name),
            None => (None, text),
        };
        if is_word(name) && schema.is_none_or(is_word) {
            return Ok(Self {
                schema: schema.map(ToOwned::to_owned),
                name: name.to_owned(),
            });
        }
        Err(ConfigError::new(
            "SESSION_TABLE",
            format!("{text:?} is not a table name"),
            "use letters, digits and '_', at most 48 of them, with a schema before a dot if you like",
        ))
    }

    /// Checks that the database can hold such a table.
    pub(crate) fn check(&self, dialect: Dialect) -> Result<(), ConfigError> {
        match &self.schema {
            Some(schema) if dialect == Dialect::Sqlite => Err(ConfigError::new(
                "SESSION_TABLE",
                format!("names the schema {schema:?}, but SQLite has none"),
                "use a name without a dot",
            )),
            _ => Ok(()),
        }
    }
}

impl Statements {
    pub(crate) fn new(dialect: Dialect, table: &TableName) -> Self {
        let quote = dialect.quote();
        let quoted = |name: &str| format!("{quote}{name}{quote}");
        let full = match &table.schema {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(&table.name)),
            None => quoted(&table.name),
        };
        let schema = match &table.schema {
            Some(schema) => format!("'{schema}'"),
            None => "DATABASE()".to_owned(),
        };
        let text = |template: &str| {
            template
                .replace("{table}", &full)
                .replace("{name}", &table.name)
                .replace("{schema}", &schema)
        };
        let sql = |template: &str| {
            let text = text(template);
            let numbered = match dialect {
                Dialect::Postgres => number(&text),
                Dialect::MySql | Dialect::Sqlite => text,
            };
            // Names are checked, and values are bound.
            AssertSqlSafe(std::sync::Arc::<str>::from(numbered)).into_sql_str()
        };
        Self {
            dialect,
            load: sql(LOAD),
            insert: match dialect {
                Dialect::MySql => sql(INSERT),
                _ => sql(&[INSERT, OR_NOTHING].concat()),
            },
            replace: sql(REPLACE),
            update: match dialect {
                Dialect::Postgres => sql(&OR_HELD.replace("{update}", UPDATE)),
                _ => sql(UPDATE),
            },
            touch: sql(TOUCH),
            destroy: sql(DESTROY),
            owned_by: sql(OWNED_BY),
            starting_with: sql(STARTING_WITH),
            count: match dialect {
                Dialect::MySql => {
                    sql("SELECT CAST(COUNT(*) AS CHAR) FROM {table} WHERE ends_at > ?")
                }
                _ => sql("SELECT CAST(COUNT(*) AS TEXT) FROM {table} WHERE ends_at > ?"),
            },
            sweep: match dialect {
                Dialect::Postgres => sql(SWEEP_POSTGRES),
                Dialect::MySql => sql(SWEEP_MYSQL),
                Dialect::Sqlite => sql(SWEEP_SQLITE),
            },
            columns: sql(dialect.columns()),
            indexes: sql(dialect.indexes()),
            server: sql(dialect.server()),
            try_insert: sql(TRY_INSERT),
            schema: dialect
                .schema()
                .replace(" sessions (", &format!(" {full} ("))
                .replace("sessions_by_", &format!("{}_by_", table.name)),
            table: full,
        }
    }
}

/// Turns each `?` into `$1`, `$2`, …
fn number(text: &str) -> String {
    let mut parts = text.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    parts
        .zip(1..)
        .fold(first, |sql, (part, n)| format!("{sql}${n}{part}"))
}

/// The names of the indexes are longer, and PostgreSQL's are at most 63 bytes.
const MAX_NAME: usize = 48;

const LOAD: &str = "SELECT version, ends_at, record FROM {table} WHERE id_hash = ?";
const INSERT: &str =
    "INSERT INTO {table} (version, owner_hash, ends_at, sweep_at, record, id_hash, id)
    VALUES (?, ?, ?, ?, ?, ?, ?)";
const OR_NOTHING: &str = " ON CONFLICT (id_hash) DO NOTHING";
const REPLACE: &str =
    "UPDATE {table} SET version = ?, owner_hash = ?, ends_at = ?, sweep_at = ?, record = ?
    WHERE id_hash = ? AND ends_at <= ?";
const UPDATE: &str =
    "UPDATE {table} SET version = ?, owner_hash = ?, ends_at = ?, sweep_at = ?, record = ?
    WHERE id_hash = ? AND version = ? AND ends_at > ?";
/// Returns an empty row if the record was saved, or else what is stored.
const OR_HELD: &str = "WITH saved AS ({update} RETURNING 1)
    SELECT NULL::bytea, NULL::bigint, NULL::text FROM saved
    UNION ALL
    SELECT version, ends_at, record FROM {table} WHERE id_hash = ? AND NOT EXISTS (SELECT FROM saved)";
/// Writes the owner too: the record may be older than the setting that names the owner's key.
const TOUCH: &str = "UPDATE {table} SET owner_hash = ?, ends_at = ?, sweep_at = ?
    WHERE id_hash = ? AND version = ? AND ends_at > ?";
const DESTROY: &str = "DELETE FROM {table} WHERE id_hash = ?";
const OWNED_BY: &str = "SELECT id FROM {table} WHERE owner_hash = ? AND ends_at > ?";
/// SQLite finds too much, because it ignores the case of ASCII letters.
const STARTING_WITH: &str = "SELECT id FROM {table} WHERE id LIKE ? ESCAPE '!' AND ends_at > ?";
const TRY_INSERT: &str =
    "INSERT INTO {table} (version, owner_hash, ends_at, sweep_at, record, id_hash, id)
    SELECT version, owner_hash, ends_at, sweep_at, record, id_hash, id FROM {table} WHERE 1 = 0";
/// The order makes the index worth using: without it, PostgreSQL reads the table until it has found enough rows. Leaves out
/// what someone else is sweeping or saving. The array makes sure that the rows are chosen once.
const SWEEP_POSTGRES: &str = "DELETE FROM {table} WHERE id_hash = ANY (ARRAY(
        SELECT id_hash FROM {table} WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ? FOR UPDATE SKIP LOCKED))
    AND sweep_at <= ?";
const SWEEP_MYSQL: &str = "DELETE FROM {table} WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?";
const SWEEP_SQLITE: &str = "DELETE FROM {table} WHERE id_hash IN (
        SELECT id_hash FROM {table} WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?)
    AND sweep_at <= ?";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_end_a_quotation_are_refused() {
        for name in [
            "", ".", "a.", ".a", "a.b.c", "1a", "a-b", "a b", "a\"b", "a`b", "a'b", "a;b", "ä",
            "a\0",
        ] {
            let error = TableName::parse(name).unwrap_err().to_string();
            assert!(error.starts_with("SESSION_TABLE: "), "{error}");
        }
        let long = "a".repeat(49);
        assert!(TableName::parse(&long).is_err());
        for name in ["sessions", "web.sessions", "_1", &long[..48]] {
            assert!(TableName::parse(name).is_ok(), "{name}");
        }
        let error = TableName::parse("a.b").unwrap().check(Dialect::Sqlite);
        assert_eq!(
            error.unwrap_err().to_string(),
            "SESSION_TABLE: names the schema \"a\", but SQLite has none; use a name without a dot"
        );
    }

    #[test]
    fn placeholders_are_numbered_for_postgres() {
        assert_eq!(number("a = ? AND b = ?"), "a = $1 AND b = $2");
        let table = TableName::parse("web.sessions").unwrap();
        let load = Statements::new(Dialect::Postgres, &table).load;
        let expected =
            r#"SELECT version, ends_at, record FROM "web"."sessions" WHERE id_hash = $1"#;
        assert_eq!(load.as_str(), expected);
        let schema = Statements::new(Dialect::Postgres, &table).schema;
        assert!(
            schema
                .contains(r#"INDEX IF NOT EXISTS sessions_by_end ON "web"."sessions" (sweep_at)"#)
        );
        let load = Statements::new(Dialect::MySql, &table).load;
        assert!(load.as_str().contains("`web`.`sessions` WHERE id_hash = ?"));
    }
}
