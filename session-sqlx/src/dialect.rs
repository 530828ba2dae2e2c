//! What differs between the databases: the schema, the words for it, and where they describe it.

use session_core::DriverName;

/// The kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    MySql,
    Sqlite,
}

impl Dialect {
    /// Returns the kind that a URL names.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        let (scheme, _) = url.split_once(':')?;
        match &*scheme.to_ascii_lowercase() {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::MySql),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }

    pub(crate) const fn of_driver(name: DriverName) -> Option<Self> {
        match name {
            DriverName::Postgres => Some(Self::Postgres),
            DriverName::MySql => Some(Self::MySql),
            DriverName::Sqlite => Some(Self::Sqlite),
            _ => None,
        }
    }

    /// Returns the name of the feature and of the driver.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    pub(crate) const fn is_built_in(self) -> bool {
        match self {
            Self::Postgres => cfg!(feature = "postgres"),
            Self::MySql => cfg!(feature = "mysql"),
            Self::Sqlite => cfg!(feature = "sqlite"),
        }
    }

    pub(crate) const fn url_form(self) -> &'static str {
        match self {
            Self::Postgres => "postgres://user:password@host/database",
            Self::MySql => "mysql://user:password@host/database",
            Self::Sqlite => "sqlite:path/to/sessions.db",
        }
    }

    pub(crate) const fn quote(self) -> char {
        match self {
            Self::MySql => '`',
            Self::Postgres | Self::Sqlite => '"',
        }
    }

    /// Returns the statements that create the table, with its default name.
    pub(crate) const fn schema(self) -> &'static str {
        match self {
            Self::Postgres => include_str!("schema/postgres.sql"),
            Self::MySql => include_str!("schema/mysql.sql"),
            Self::Sqlite => include_str!("schema/sqlite.sql"),
        }
    }

    /// Returns the types that a column may have, in the words of the database.
    pub(crate) fn types(self, column: &str) -> &'static [&'static str] {
        match (self, column) {
            (Self::Postgres, "id" | "record") => &["text"],
            (Self::Postgres, "ends_at" | "sweep_at") => &["bigint"],
            (Self::Postgres, _) => &["bytea"],
            (Self::MySql, "id" | "record") => &["mediumtext", "longtext"],
            (Self::MySql, "ends_at" | "sweep_at") => &["bigint"],
            (Self::MySql, _) => &["binary", "varbinary"],
            (Self::Sqlite, "id" | "record") => &["TEXT"],
            (Self::Sqlite, "ends_at" | "sweep_at") => &["INTEGER"],
            (Self::Sqlite, _) => &["BLOB"],
        }
    }

    /// Returns the query for the names and the types of the table's columns. `{table}`, `{schema}` and `{name}` stand
    /// for the table.
    pub(crate) const fn columns(self) -> &'static str {
        match self {
            Self::Postgres => {
                "SELECT attname::text, format_type(atttypid, NULL)::text FROM pg_attribute
                 WHERE attrelid = to_regclass('{table}') AND attnum > 0 AND NOT attisdropped"
            }
            Self::MySql => {
                "SELECT CAST(column_name AS CHAR), LOWER(CAST(data_type AS CHAR)) FROM information_schema.columns
                 WHERE table_schema = {schema} AND table_name = '{name}'"
            }
            Self::Sqlite => "SELECT name, type FROM pragma_table_info('{name}')",
        }
    }

    /// Returns the query for the columns that have an index of their own, and whether it is unique.
    pub(crate) const fn indexes(self) -> &'static str {
        match self {
            Self::Postgres => {
                "SELECT a.attname::text, (i.indisunique AND i.indpred IS NULL)::text
                 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                 WHERE i.indrelid = to_regclass('{table}') AND i.indnkeyatts = 1"
            }
            Self::MySql => {
                "SELECT CAST(MAX(column_name) AS CHAR), IF(MIN(non_unique) = 0, 'true', 'false')
                 FROM information_schema.statistics
                 WHERE table_schema = {schema} AND table_name = '{name}'
                 GROUP BY index_name HAVING COUNT(*) = 1"
            }
            Self::Sqlite => {
                "SELECT MAX(info.name), CASE MAX(list.\"unique\") WHEN 1 THEN 'true' ELSE 'false' END
                 FROM pragma_index_list('{name}') AS list, pragma_index_info(list.name) AS info
                 GROUP BY list.name HAVING COUNT(*) = 1"
            }
        }
    }

    /// Returns the query for the server's version, its time in milliseconds, and whether it only reads.
    pub(crate) const fn server(self) -> &'static str {
        match self {
            Self::Postgres => {
                "SELECT 'PostgreSQL ' || current_setting('server_version'),
                 (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text,
                 (pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean)::text"
            }
            Self::MySql => {
                "SELECT IF(VERSION() LIKE '%MariaDB%', VERSION(), CONCAT('MySQL ', VERSION())),
                 CAST(CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED) AS CHAR),
                 IF(@@global.read_only, 'true', 'false')"
            }
            Self::Sqlite => {
                "SELECT 'SQLite ' || sqlite_version(),
                 CAST(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) AS TEXT), 'false'"
            }
        }
    }
}

/// The columns of the table.
pub(crate) const COLUMNS: [&str; 7] = [
    "id_hash",
    "id",
    "version",
    "owner_hash",
    "ends_at",
    "sweep_at",
    "record",
];
