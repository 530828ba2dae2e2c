//! Sessions in SQL databases. SQLite stands for all of them, except where only a server can tell.

use std::path::PathBuf;

use session_core::{Outcome, SessionConfig};
use session_sqlx::SqlxDriver;
use test_support::DatabaseServer;
use test_support::database::Kind;

use crate::run::{SECRET, Tool, block_on, check, tool};

/// A folder with a database in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("session-tool-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}/sessions.db", self.0.display())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn at(driver: &str, url: &str, arguments: &[&str]) -> Tool {
    tool(arguments)
        .env("SESSION_COOKIE", "shop")
        .env("SESSION_DRIVER", driver)
        .env("DATABASE_URL", url)
}

/// Stores a session as a service does. Returns its token and its id.
fn stored(driver: &str, url: &str) -> (String, String) {
    let config = SessionConfig::from_vars(|name| match name {
        "SESSION_SECRET" => Some(SECRET),
        "SESSION_DRIVER" => Some(driver),
        "DATABASE_URL" => Some(url),
        _ => None,
    })
    .unwrap();
    block_on(async {
        let driver = SqlxDriver::from_config(&config).connect().await.unwrap();
        let manager = config.builder(driver).unwrap().build().unwrap();
        let session = manager.open(None).await.unwrap();
        session.put("user", 42).unwrap();
        let id = session.id().unwrap().as_str().to_owned();
        match manager.commit(&session).await.unwrap() {
            Outcome::Set(token) => (token.as_str().to_owned(), id),
            other => panic!("{other:?}"),
        }
    })
}

#[test]
fn a_session_is_shown_counted_created_and_revoked() {
    let folder = Folder::new("store");
    let url = folder.url();
    let (token, id) = stored("sqlite", &url);
    let run = |arguments: &[&str]| at("sqlite", &url, arguments).run();

    run(&["show", &id]).shows("data     user  42");
    run(&["inspect", &token]).concludes(0, "valid");
    run(&["watch", "--count", "1"]).shows("        1 session\n");
    let signed = run(&["sign", "{\"user\":7}"]);
    assert_eq!(signed.code, 0, "{signed:?}");
    run(&["watch", "--count", "1"]).shows("        2 sessions\n");
    let shown = format!("revoked {}…\n", &id[..8]);
    run(&["revoke", &id]).says(0, &shown);
    assert_eq!(run(&["show", &id]).code, 1);
}

#[test]
fn the_doctor_checks_a_database_and_changes_nothing() {
    let folder = Folder::new("doctor");
    let doctor = |url: &str| at("sqlite", url, &["doctor", "--json"]).run();
    std::fs::write(folder.0.join("sessions.db"), "").unwrap();
    let ran = doctor(&folder.url());
    let (status, detail, remedy) = check(&ran, "table");
    assert_eq!((ran.code, &*status), (1, "fail"));
    assert_eq!(detail, "SESSION_TABLE there is no table \"sessions\"");
    assert!(remedy.starts_with("create it with the schema"), "{remedy}");

    stored("sqlite", &folder.url());
    let ran = doctor(&folder.url());
    assert_eq!(ran.code, 0, "{ran:?}");
    for name in [
        "database", "table", "latency", "version", "indexes", "clock",
    ] {
        assert_eq!(check(&ran, name).0, "ok", "{name}: {ran:?}");
    }
    assert!(check(&ran, "version").1.starts_with("SQLite 3."));
}

#[test]
fn the_doctor_names_what_a_server_lacks() {
    let server = DatabaseServer::start(Kind::Postgres);
    stored("postgres", &server.url());
    let doctor = |driver: &str, url: &str| at(driver, url, &["doctor", "--json"]).run();
    let ran = doctor("postgres", &server.url());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(check(&ran, "version").1.starts_with("PostgreSQL "));

    block_on(async {
        let url = server.url();
        let pool = session_sqlx::sqlx::PgPool::connect(&url).await.unwrap();
        let drop = "DROP INDEX sessions_by_end; ALTER DATABASE postgres SET default_transaction_read_only = on";
        session_sqlx::sqlx::raw_sql(drop)
            .execute(&pool)
            .await
            .unwrap();
    });
    let ran = doctor("postgres", &server.url());
    let (status, detail, _) = check(&ran, "database");
    assert_eq!((ran.code, &*status), (1, "fail"));
    assert!(
        detail.starts_with("DATABASE_URL leads to a server that only reads"),
        "{detail}"
    );

    block_on(async {
        let driver = SqlxDriver::from_pool(writable(&server.url()).await)
            .connect()
            .await
            .unwrap();
        let inspection = driver.inspect().await.unwrap();
        assert_eq!(inspection.missing_indexes, ["sweep_at"]);
        assert!(!inspection.is_read_only && inspection.clock_ahead.abs() < 1_000);
    });

    let ran = doctor("mysql", &server.url());
    let (_, detail, remedy) = check(&ran, "database");
    assert_eq!(
        detail,
        "DATABASE_URL is a URL of postgres, but the driver is mysql"
    );
    assert!(
        remedy.starts_with("set SESSION_DRIVER=postgres"),
        "{remedy}"
    );
}

async fn writable(url: &str) -> session_sqlx::sqlx::PgPool {
    let options: session_sqlx::sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let options = options.options([("default_transaction_read_only", "off")]);
    session_sqlx::sqlx::PgPool::connect_with(options)
        .await
        .unwrap()
}
