//! What is in the table: owners, and what is left of sessions that ended.

use std::time::{Duration, Instant};

use session_core::{Driver, Expected, Record, Saved, SessionId, Touched};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::{Connection, PgConnection, query_as};

use crate::support::{ALL, Database, Store};

#[tokio::test(flavor = "multi_thread")]
async fn saves_sweep_what_has_ended_and_so_does_a_job() {
    for database in ALL {
        let store = Store::new(database);
        let driver = store.connect().await;
        for n in 0..40 {
            save(&driver, &format!("short-{n}"), None, MINUTE).await;
        }
        assert_eq!(driver.count().await.unwrap(), 40);
        store.clock.advance(MINUTE * 30);
        assert_eq!(driver.count().await.unwrap(), 0, "ended");
        let left = async || {
            store
                .run("UPDATE {table} SET sweep_at = sweep_at WHERE id LIKE 'short-%'")
                .await
        };
        assert_eq!(left().await, 40, "{database:?}: still there");
        let mut saves = 0;
        while left().await > 0 {
            save(&driver, &format!("long-{saves}"), None, MINUTE).await;
            saves += 1;
            assert!(saves < 60, "{database:?}: {} rows are left", left().await);
        }

        store.clock.advance(MINUTE * 30);
        let swept = driver.sweep().await.unwrap();
        assert!(
            swept > 0 && swept <= saves,
            "{database:?}: {swept} of {saves}"
        );
        assert_eq!(driver.sweep().await.unwrap(), 0);
    }
}

/// A third of the rows have ended, and they are the last ones in the table.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_does_not_read_the_table() {
    let store = Store::new(Database::Postgres);
    let driver = store.connect().await;
    let fill = "INSERT INTO {table} (id_hash, id, version, ends_at, sweep_at, record)
        SELECT sha256(i::text::bytea), i::text, '', ends_at, ends_at, '{}'
        FROM (SELECT i, CASE WHEN i > 20000 THEN 0 ELSE 9000000000000 END AS ends_at
            FROM generate_series(1, 30000) AS i) AS rows";
    store.run(fill).await;
    store.run("ANALYZE {table}").await;
    assert_eq!(driver.sweep().await.unwrap(), 10_000);
    // A connection reports what it did when it ends.
    driver.close().await;
    let mut connection = PgConnection::connect(&store.url).await.unwrap();
    let sql = "SELECT (SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = $1 || '_by_end'),
        (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = $1)";
    let end = Instant::now() + Duration::from_secs(10);
    let read = loop {
        let query = query_as(sql).bind(&store.table);
        let (by_index, read): (i64, i64) = query.fetch_one(&mut connection).await.unwrap();
        if by_index >= 10_000 || read > 60_000 {
            break read;
        }
        assert!(Instant::now() < end, "the server reports nothing");
    };
    // ANALYZE and the index's creation read it too, at most.
    assert!(read <= 60_000, "{read} rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_of_any_text_and_length_are_told_apart() {
    for database in ALL {
        let store = Store::new(database);
        let driver = store.connect().await;
        let long = "x".repeat(1_000_000);
        let owners = [
            "ada",
            "Ada",
            "ada ",
            "ad\u{e4}",
            "a\0b",
            "",
            &long,
            "'; DROP TABLE sessions; --",
        ];
        for (n, owner) in owners.into_iter().enumerate() {
            save(&driver, &format!("id-{n}"), Some(owner), MINUTE).await;
        }
        for (n, owner) in owners.into_iter().enumerate() {
            let ids = driver.owned_by(owner).await.unwrap().unwrap();
            let ids: Vec<_> = ids.iter().map(SessionId::as_str).collect();
            assert_eq!(ids, [format!("id-{n}")], "{database:?}");
        }
        store.clock.advance(MINUTE);
        assert_eq!(driver.owned_by("ada").await.unwrap(), Some(Vec::new()));
    }
}

/// A session may be older than the setting that names the owner's key, and then it is only touched.
#[tokio::test(flavor = "multi_thread")]
async fn a_touch_writes_the_owner() {
    for database in ALL {
        let driver = Store::new(database);
        let driver = driver.connect().await;
        let record = Record::new(SessionId::from_stored("a").unwrap());
        let saved = driver.save(&record, Expected::Absent, MINUTE).await;
        let Saved::Done { version, .. } = saved.unwrap() else {
            panic!("a new record is saved");
        };
        let record = record.with_owner(Some("ada"));
        let touched = driver.touch(&record, &version, MINUTE).await.unwrap();
        assert_eq!(touched, Touched::Done, "{database:?}");
        let ids = driver.owned_by("ada").await.unwrap().unwrap();
        assert_eq!(ids, [record.id().clone()], "{database:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_schemas_of_one_database_are_told_apart() {
    let store = Store::new(Database::Postgres);
    store.run("CREATE SCHEMA {table}").await;
    let other = store
        .builder()
        .table(format!("{}.sessions", store.table))
        .connect()
        .await
        .unwrap();
    let other = other.with_clock(store.clock.clone());
    let driver = store.connect().await;
    save(&driver, "a", None, MINUTE).await;
    assert!(other.load("a").await.unwrap().is_none());
    save(&other, "a", None, MINUTE).await;
    driver
        .destroy(&SessionId::from_stored("a").unwrap())
        .await
        .unwrap();
    assert!(other.load("a").await.unwrap().is_some());
    assert!(driver.load("a").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_found_by_their_beginning() {
    for database in ALL {
        let store = Store::new(database);
        let driver = store.connect().await;
        let ids = [
            "ab%1", "ab%2", "ab_1", "abc", "AB%3", "a!b", r"a\b", "é1", "'--",
        ];
        for id in ids {
            save(&driver, id, None, MINUTE).await;
        }
        save(&driver, "ab%ended", None, MINUTE / 2).await;
        store.clock.advance(MINUTE / 2);
        let found = async |start: &str| {
            let ids = driver.ids_starting_with(start).await.unwrap();
            ids.iter()
                .map(|id| id.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("ab%").await, ["ab%1", "ab%2"], "{database:?}");
        assert_eq!(found("ab_").await, ["ab_1"], "{database:?}");
        assert_eq!(found("ab").await, ["ab%1", "ab%2", "ab_1", "abc"]);
        assert_eq!(found("a!").await, ["a!b"], "{database:?}");
        assert_eq!(found(r"a\").await, [r"a\b"], "{database:?}");
        assert_eq!(found("é").await, ["é1"], "{database:?}");
        assert_eq!(found("'").await, ["'--"], "{database:?}");
        for nothing in ["%", "_", "!", "Abc", "ab%11", "a\0"] {
            assert_eq!(found(nothing).await, [""; 0], "{database:?} {nothing}");
        }
        assert_eq!(found("").await.len(), ids.len(), "{database:?}");
    }
}

async fn save(driver: &SqlxDriver, id: &str, owner: Option<&str>, ttl: Duration) {
    let record = Record::new(SessionId::from_stored(id).unwrap()).with_owner(owner);
    driver.save(&record, Expected::Absent, ttl).await.unwrap();
}

const MINUTE: Duration = Duration::from_secs(60);
