//! What the file keeps, and what it gives up.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use session_core::{
    Driver, Expected, ManualClock, Outcome, Retired, Saved, Secret, SessionManager, Timestamp,
    Touched,
};
use sqlite_driver::SqliteDriver;

use common::{Folder, HOUR, id, load, record, store};

#[tokio::test]
async fn a_restart_keeps_sessions() {
    let folder = Folder::new();
    let secret = Secret::generate().unwrap();
    let manager = || {
        let driver = SqliteDriver::open(folder.file()).unwrap();
        SessionManager::builder(driver, secret.clone())
            .build()
            .unwrap()
    };

    let before = manager();
    let session = before.open(None).await.unwrap();
    session.put("user_id", 42).unwrap();
    session.flash("notice", "Welcome!").unwrap();
    let Outcome::Set(token) = before.commit(&session).await.unwrap() else {
        panic!("the session has a cookie");
    };
    drop((session, before));

    let session = manager().open(Some(token.as_str())).await.unwrap();
    assert_eq!(session.get::<u64>("user_id").unwrap(), Some(42));
    let notice = session.get_flash::<String>("notice").unwrap();
    assert_eq!(notice.as_deref(), Some("Welcome!"));
}

#[tokio::test]
async fn a_version_never_comes_back_after_destroy_and_restart() {
    let folder = Folder::new();
    let mut highest = None;
    for _ in 0..3 {
        let driver = SqliteDriver::open(folder.file()).unwrap();
        for _ in 0..3 {
            let version = store(&driver, &record("a", 1)).await.version.as_number();
            assert!(version > highest, "{version:?} after {highest:?}");
            highest = version;
            driver.destroy(&id("a")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn each_save_sweeps_a_few_expired_records() {
    let folder = Folder::new();
    let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
    let driver = SqliteDriver::open(folder.file())
        .unwrap()
        .with_clock(clock.clone());
    for number in 0..20 {
        store(&driver, &record(&format!("old-{number}"), number)).await;
    }
    clock.advance(HOUR);

    let mut rows = vec![count(&folder)];
    for number in 0..4 {
        store(&driver, &record(&format!("new-{number}"), number)).await;
        rows.push(count(&folder));
    }
    assert_eq!(
        rows,
        [20, 13, 6, 3, 4],
        "8 go with each save, and one comes"
    );
    load(&driver, "new-0").await;
}

#[tokio::test]
async fn an_expired_record_is_gone_before_it_is_swept() {
    let folder = Folder::new();
    let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
    let driver = SqliteDriver::open(folder.file())
        .unwrap()
        .with_clock(clock.clone());
    let held = store(&driver, &record("a", 1)).await;
    clock.advance(HOUR - Duration::from_millis(1));
    load(&driver, "a").await;
    clock.advance(Duration::from_millis(1));

    assert!(driver.load("a").await.unwrap().is_none());
    assert_eq!(driver.touch(&id("a"), HOUR).await.unwrap(), Touched::Gone);
    let retired = driver.retire(&id("a"), &held.version).await.unwrap();
    assert!(matches!(retired, Retired::Gone), "{retired:?}");
    let late = Expected::Version(&held.version);
    let saved = driver.save(&record("a", 2), late, HOUR).await.unwrap();
    assert!(matches!(saved, Saved::Conflict(None)), "{saved:?}");
}

#[tokio::test]
async fn a_touch_moves_the_expiry_and_keeps_the_version() {
    let folder = Folder::new();
    let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
    let driver = SqliteDriver::open(folder.file())
        .unwrap()
        .with_clock(clock.clone());
    let before = store(&driver, &record("a", 1)).await;
    clock.advance(Duration::from_secs(60));

    assert_eq!(driver.touch(&id("a"), HOUR).await.unwrap(), Touched::Done);

    let after = load(&driver, "a").await;
    let (before_end, after_end) = (before.record.expires_at(), after.record.expires_at());
    assert_eq!(after.version, before.version);
    assert_eq!(
        after_end.unwrap().since(before_end.unwrap()),
        Duration::from_secs(60)
    );
}

#[tokio::test]
async fn a_lifetime_without_end_is_kept_as_the_longest_one() {
    let folder = Folder::new();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    let saved = driver
        .save(&record("a", 1), Expected::Absent, Duration::MAX)
        .await
        .unwrap();
    assert!(matches!(saved, Saved::Done { .. }), "{saved:?}");
    let end = load(&driver, "a").await.record.expires_at().unwrap();
    assert_eq!(end.as_millis(), i64::MAX.unsigned_abs());
}

#[tokio::test]
async fn handles_are_values_and_no_patterns() {
    let folder = Folder::new();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    store(&driver, &record("abc", 1)).await;
    for strange in [
        "",
        "%",
        "a*",
        "ABC",
        "abc ",
        "abc\0",
        "'; DROP TABLE sessions; --",
        "../abc",
    ] {
        assert!(driver.load(strange).await.unwrap().is_none(), "{strange:?}");
    }
    load(&driver, "abc").await;
}

#[tokio::test]
async fn a_row_that_is_no_record_is_no_session_and_is_left_alone() {
    let folder = Folder::new();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    let other = record("other", 1).to_json_without_expiry();
    let rows = [("text", "no JSON"), ("list", "[]"), ("a", other.as_str())];
    let sql = Connection::open(folder.file()).unwrap();
    for (id, text) in rows {
        sql.execute(
            "INSERT INTO sessions (id, expires_at, record) VALUES (?1, ?2, ?3)",
            (id, i64::MAX, text),
        )
        .unwrap();
    }
    sql.execute(
        "INSERT INTO sessions (id, expires_at, record) VALUES ('bytes', ?1, CAST(x'ff' AS TEXT))",
        [i64::MAX],
    )
    .unwrap();

    for name in ["text", "list", "a", "bytes"] {
        assert!(driver.load(name).await.unwrap().is_none(), "{name}");
        let version: u64 = sql
            .query_row(
                "SELECT version FROM sessions WHERE id = ?1",
                [name],
                |row| row.get(0),
            )
            .unwrap();
        let version = session_core::Version::number(version);
        for expected in [Expected::Absent, Expected::Version(&version)] {
            let saved = driver.save(&record(name, 1), expected, HOUR).await.unwrap();
            assert!(matches!(saved, Saved::Conflict(None)), "{name}: {saved:?}");
        }
        let retired = driver.retire(&id(name), &version).await.unwrap();
        assert!(matches!(retired, Retired::Gone), "{name}: {retired:?}");
    }
    assert_eq!(count(&folder), 4);
}

#[test]
fn a_new_file_may_be_opened_by_many_at_once() {
    for _ in 0..20 {
        let folder = Folder::new();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| SqliteDriver::open(folder.file()).unwrap());
            }
        });
    }
}

#[tokio::test]
async fn a_debug_output_shows_no_id_and_no_record() {
    let folder = Folder::new();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    store(&driver, &record("a-secret-id", 4711)).await;
    let shown = format!("{driver:?}");
    assert!(shown.contains("sessions.db"), "{shown}");
    assert!(
        !shown.contains("a-secret-id") && !shown.contains("4711"),
        "{shown}"
    );
}

fn count(folder: &Folder) -> i64 {
    let sql = Connection::open(folder.file()).unwrap();
    sql.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))
        .unwrap()
}
