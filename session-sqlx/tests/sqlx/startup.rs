//! What stops a service at its start, with the remedy, and what several services do at once.

use session_core::{ConfigError, SessionConfig};
use session_sqlx::SqlxDriver;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{ALL, Database, Store};

#[tokio::test(flavor = "multi_thread")]
async fn ten_services_that_start_at_once_create_one_table() {
    for database in ALL {
        let store = Store::new(database);
        let starts: Vec<_> = (0..10)
            .map(|_| tokio::spawn(store.builder().connect()))
            .collect();
        for start in starts {
            start.await.unwrap().unwrap();
        }
        let driver = store.connect().await;
        assert_eq!(
            driver.inspect().await.unwrap().missing_indexes,
            Vec::<&str>::new()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_table_is_named_and_not_created_if_that_is_unwanted() {
    for database in ALL {
        let store = Store::new(database);
        drop(store.connect().await);
        let other = SqlxDriver::builder(&store.url)
            .table("not_there")
            .create_table(false);
        for _ in 0..2 {
            let error = other.clone().connect().await.unwrap_err();
            starts_with(&error, "SESSION_TABLE: there is no table ");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_table_of_that_name_is_refused_and_left_alone() {
    for database in ALL {
        for (columns, problem) in [
            ("id INTEGER", "no column id_hash"),
            (
                "id_hash INTEGER, id INTEGER, version INTEGER, owner_hash INTEGER, ends_at INTEGER, sweep_at INTEGER, record INTEGER",
                "a column id_hash of type ",
            ),
        ] {
            let store = Store::new(database);
            store
                .run(&format!("CREATE TABLE {{table}} ({columns})"))
                .await;
            let error = store.builder().connect().await.unwrap_err();
            assert!(error.problem().contains(problem), "{error}");
            starts_with(&error, "SESSION_TABLE: the table ");
            store.run("INSERT INTO {table} (id) VALUES (1)").await;
        }
        // Everything but the key.
        let store = Store::new(database);
        let table = match database {
            Database::Postgres | Database::PgBouncer => {
                "id_hash bytea, id text, version bytea, owner_hash bytea, ends_at bigint, sweep_at bigint, record text"
            }
            Database::MariaDb => {
                "id_hash BINARY(32), id MEDIUMTEXT, version BINARY(16), owner_hash BINARY(32), ends_at BIGINT, sweep_at BIGINT, record LONGTEXT"
            }
            Database::Sqlite => {
                "id_hash BLOB, id TEXT, version BLOB, owner_hash BLOB, ends_at INTEGER, sweep_at INTEGER, record TEXT"
            }
        };
        store
            .run(&format!("CREATE TABLE {{table}} ({table})"))
            .await;
        let error = store.builder().connect().await.unwrap_err();
        assert!(
            error.problem().ends_with("has no unique index on id_hash"),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_rights_creates_nothing_by_halves() {
    let postgres = "CREATE ROLE {user} LOGIN PASSWORD 'right'";
    let mysql = "CREATE TABLE IF NOT EXISTS elsewhere (n INT); CREATE USER {user} IDENTIFIED BY 'right'; GRANT SELECT ON shop.elsewhere TO {user}";
    for (database, create_user) in [(Database::Postgres, postgres), (Database::MariaDb, mysql)] {
        let store = Store::new(database);
        let user = format!("app_{}", store.table);
        store.run(&create_user.replace("{user}", &user)).await;
        let administrator = match database {
            Database::Postgres => "postgres@",
            _ => "root@",
        };
        let url = store.url.replace(administrator, &format!("{user}:right@"));
        let builder = SqlxDriver::builder(&url).table(&store.table);
        let lacks = "DATABASE_URL: has a user who lacks a right that sessions need; grant ";
        starts_with(&builder.clone().connect().await.unwrap_err(), lacks);

        drop(store.connect().await);
        let grants = ["SELECT", "INSERT", "UPDATE", "DELETE"];
        for grant in grants {
            let error = builder.clone().connect().await.unwrap_err();
            // MySQL hides a table until there is a right to it.
            assert!(
                error.to_string().starts_with(lacks),
                "{database:?}, {grant}: {error}"
            );
            store
                .run(&format!("GRANT {grant} ON {{table}} TO {user}"))
                .await;
        }
        builder.connect().await.unwrap();

        let wrong = url.replace(":right@", ":wrong@");
        let error = SqlxDriver::connect(&wrong).await.unwrap_err();
        starts_with(
            &error,
            "DATABASE_URL: has no user name and password that the server accepts; ",
        );
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_exist_is_named() {
    for (database, name) in [
        (Database::Postgres, "/postgres"),
        (Database::MariaDb, "/shop"),
    ] {
        let url = Store::new(database).url.clone();
        let url = url.strip_suffix(name).unwrap().to_owned() + "/nowhere";
        let error = SqlxDriver::connect(&url).await.unwrap_err();
        let problem = "DATABASE_URL: names a database that does not exist; create it, or correct the name after the host";
        assert_eq!(error.to_string(), problem);
    }
    let error = SqlxDriver::connect("sqlite:/no/such/folder/sessions.db")
        .await
        .unwrap_err();
    starts_with(
        &error,
        "DATABASE_URL: leads to a file that cannot be opened; create its folder",
    );
}

/// With the feature `tls`, the server lacks it; without, the driver does.
#[tokio::test(flavor = "multi_thread")]
async fn encryption_that_is_asked_for_is_not_left_out() {
    for (database, option) in [
        (Database::Postgres, "?sslmode=require"),
        (Database::MariaDb, "?ssl-mode=REQUIRED"),
    ] {
        let url = Store::new(database).url.clone() + option;
        let error = SqlxDriver::connect(&url).await.unwrap_err();
        starts_with(
            &error,
            "DATABASE_URL: asks for encryption that does not work; turn on the feature `tls`",
        );
    }
}

/// MySQL 8 wants a password encrypted: by TLS, or by RSA, which the client leaves out.
#[tokio::test]
async fn a_password_that_needs_encryption_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        // Protocol 10, a version, an id, a nonce in two parts, capabilities, and how to log in.
        let mut greeting = b"\x0a8.0.0\0\x01\0\0\x0012345678\0".to_vec();
        greeting.extend(b"\x0f\xa2\x2d\x02\0\x08\0\x15\0\0\0\0\0\0\0\0\0\x00123456789012\0");
        greeting.extend(b"caching_sha2_password\0");
        let length = u8::try_from(greeting.len()).unwrap();
        client.write_all(&[length, 0, 0, 0]).await.unwrap();
        client.write_all(&greeting).await.unwrap();
        let mut reply = [0; 1_024];
        assert!(client.read(&mut reply).await.unwrap() > 0);
        // It must send the password, and asks for the key to encrypt it with.
        let ask = b"\x02\0\0\x02\x01\x04";
        client.write_all(ask).await.unwrap();
        assert!(client.read(&mut reply).await.unwrap() > 0);
        let key = b"\x04\0\0\x04\x01key";
        client.write_all(key).await.unwrap();
        let _ = client.read(&mut reply).await;
    });
    let url = format!("mysql://a:secret@127.0.0.1:{port}/a?ssl-mode=DISABLED");
    let error = SqlxDriver::connect(url).await.unwrap_err();
    starts_with(
        &error,
        "DATABASE_URL: has a password that the server accepts only over an encrypted connection; turn on the feature `tls`",
    );
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_in_time() {
    for url in [
        "postgres://a:secret@127.0.0.1:1/a",
        "mysql://a:secret@127.0.0.1:1/a",
    ] {
        let start = std::time::Instant::now();
        let error = SqlxDriver::connect(url).await.unwrap_err();
        starts_with(
            &error,
            "DATABASE_URL: leads to no server that answers; check the host and the port",
        );
        assert!(start.elapsed().as_secs() < 5);
        let shown = format!("{error:?}");
        assert!(
            shown.contains("refused") && !shown.contains("secret"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_refused_and_left_alone() {
    let store = Store::new(Database::Sqlite);
    let path = store.url.strip_prefix("sqlite:").unwrap();
    let text = "a text file that is not a database at all, and long enough to have a header";
    std::fs::write(path, text.repeat(10)).unwrap();
    let error = store.builder().connect().await.unwrap_err();
    starts_with(
        &error,
        "DATABASE_URL: leads to a file that is not a database, or is damaged; ",
    );
    assert_eq!(std::fs::read_to_string(path).unwrap(), text.repeat(10));
}

#[tokio::test]
async fn invalid_settings_are_refused_before_anything_connects() {
    let url = "postgres://127.0.0.1:1/a";
    for (builder, error) in [
        (
            SqlxDriver::builder("nonsense"),
            "DATABASE_URL: is not a valid database URL; use the form postgres://",
        ),
        (
            SqlxDriver::builder("redis://localhost"),
            "DATABASE_URL: is not a valid database URL; use the form postgres://",
        ),
        (
            SqlxDriver::builder("sqlite::memory:"),
            "DATABASE_URL: names a database in memory, ",
        ),
        (
            SqlxDriver::builder(url).table("a\"b"),
            "SESSION_TABLE: \"a\\\"b\" is not a table name; ",
        ),
        (
            SqlxDriver::builder("sqlite:a.db").table("a.b"),
            "SESSION_TABLE: names the schema \"a\", but SQLite has none; ",
        ),
        (
            SqlxDriver::builder(url).pool_size(0),
            "database pool size: 0 is out of range; ",
        ),
        (
            SqlxDriver::builder(url).pool_size(u32::MAX),
            "database pool size: 4294967295 is out of range; ",
        ),
        (
            SqlxDriver::builder(url).timeout(std::time::Duration::ZERO),
            "database timeout: 0ns is out of range; ",
        ),
    ] {
        starts_with(&builder.connect().await.unwrap_err(), error);
    }
}

#[tokio::test]
async fn the_driver_and_the_url_must_name_the_same_database() {
    for (driver, url, expected) in [
        (
            "postgres",
            Some("mysql://u:secret@h/d"),
            "DATABASE_URL: is a URL of mysql, but the driver is postgres; set SESSION_DRIVER=mysql, ",
        ),
        (
            "sqlite",
            Some("postgresql://u:secret@h/d"),
            "DATABASE_URL: is a URL of postgres, but the driver is sqlite; set SESSION_DRIVER=postgres, ",
        ),
        (
            "mysql",
            Some("nonsense"),
            "DATABASE_URL: is not a valid database URL; use the form mysql://user:password@host/database",
        ),
        (
            "mysql",
            None,
            "DATABASE_URL: is not set; set it, in the form mysql://user:password@host/database",
        ),
    ] {
        let config = SessionConfig::from_vars(|name| match name {
            "SESSION_SECRET" => Some("a test's secret of 32 bytes and more"),
            "SESSION_DRIVER" => Some(driver),
            "DATABASE_URL" => url,
            _ => None,
        });
        let error = SqlxDriver::from_config(&config.unwrap())
            .connect()
            .await
            .unwrap_err();
        starts_with(&error, expected);
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

fn starts_with(error: &ConfigError, start: &str) {
    assert!(
        error.to_string().starts_with(start),
        "{error:?}\nis not\n{start}"
    );
}
