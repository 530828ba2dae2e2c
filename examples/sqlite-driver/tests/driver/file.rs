//! What the conformance kit cannot know: the file, its locks, its damage and its size.

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use session_core::{
    Clock, Driver, ErrorKind, Expected, Loaded, ManualClock, Record, Saved, SessionId, SystemClock,
    Timestamp, Touched, Version,
};
use sqlite_driver::SqliteDriver;

use crate::common::Folder;

#[test]
fn a_file_that_is_not_a_database_is_refused_and_left_alone() {
    let folder = Folder::new();
    let text = "name,age\n".repeat(200);
    fs::write(folder.file(), &text).unwrap();
    let error = SqliteDriver::open(folder.file()).unwrap_err();
    assert_eq!(error.setting(), "SQLite file");
    let problem = format!("{:?} is not an SQLite database", folder.file());
    assert_eq!(error.problem(), problem);
    assert_eq!(error.remedy(), "name another file");
    let source = error.source().unwrap().to_string();
    assert_eq!(source, "file is not a database");
    assert_eq!(fs::read_to_string(folder.file()).unwrap(), text);
}

#[test]
fn the_database_of_another_application_is_refused_and_left_alone() {
    for pragma in [
        "",
        "PRAGMA application_id = 252006674;",
        "PRAGMA user_version = 1;",
    ] {
        let folder = Folder::new();
        let sql = sql(&folder);
        sql.execute_batch("CREATE TABLE sessions (id TEXT); INSERT INTO sessions VALUES ('a');")
            .unwrap();
        sql.execute_batch(pragma).unwrap();
        let before = fs::read(folder.file()).unwrap();

        refuses(
            &folder.file(),
            "belongs to another application; name another file",
        );
        assert_eq!(fs::read(folder.file()).unwrap(), before);
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let (folder, driver) = opened();
    store(&driver, &record("a", 1)).await;
    let sql = sql(&folder);
    sql.execute_batch("PRAGMA user_version = 2").unwrap();
    refuses(&folder.file(), "has a newer schema; update the service");

    sql.execute_batch("PRAGMA user_version = 1").unwrap();
    load(&SqliteDriver::open(folder.file()).unwrap(), "a").await;
}

#[test]
fn a_path_that_cannot_be_written_is_refused() {
    let (folder, driver) = opened();
    drop(driver);
    let missing = folder.path().join("missing/sessions.db");
    // SQLite accepts file URLs.
    let read_only = PathBuf::from(format!("file:{}?mode=ro", folder.file().display()));
    for path in [folder.path(), &missing, &read_only] {
        refuses(
            path,
            "cannot be written; check the permissions of the file and its folder",
        );
    }
    refuses(
        Path::new(":memory:"),
        "does not support a write-ahead log; name a file on a local disk",
    );
}

#[test]
fn a_file_locked_at_startup_is_refused_in_time() {
    let folder = Folder::new();
    let holder = sql(&folder);
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let start = Instant::now();
    refuses(
        &folder.file(),
        "is locked by another process; stop that process",
    );
    assert_in_time(start);

    holder.execute_batch("ROLLBACK").unwrap();
    SqliteDriver::open(folder.file()).unwrap();
}

#[test]
fn a_busy_file_without_a_log_can_be_opened() {
    for _ in 0..50 {
        let (folder, driver) = opened();
        drop(driver);
        let writer = sql(&folder);
        writer
            .execute_batch("PRAGMA journal_mode = DELETE")
            .unwrap();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        writer.busy_timeout(Duration::ZERO).unwrap();
        let done = &AtomicBool::new(false);
        // Turning the log on runs into this writer's lock, and SQLite does not wait for that.
        thread::scope(|scope| {
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(2));
                    while writer.execute_batch("COMMIT").is_err() {}
                    thread::sleep(Duration::from_millis(1));
                    // As soon as the other transaction ends.
                    while writer.execute_batch("BEGIN IMMEDIATE").is_err() {}
                }
            });
            let opened = SqliteDriver::open(folder.file());
            done.store(true, Ordering::Relaxed);
            opened.unwrap();
        });
    }
}

#[test]
fn a_new_file_can_be_opened_by_many_at_once() {
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
async fn a_disk_that_hangs_is_an_error_in_time() {
    let (_folder, driver) = opened();
    let (resume, hang) = mpsc::channel();
    let driver = driver.with_clock(HangingClock(Mutex::new(hang)));
    let record = record("a", 1);

    let start = Instant::now();
    // The second call waits for the connection of the first.
    let (saved, destroyed) = tokio::join!(
        driver.save(&record, Expected::Absent, HOUR),
        driver.destroy(record.id()),
    );
    assert_in_time(start);
    assert_eq!(saved.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(destroyed.unwrap_err().kind(), ErrorKind::Unavailable);

    // The save had begun, so it completes. The destroy had not, so it never happens.
    drop(resume);
    let resumed = Instant::now();
    while driver.load(record.id().as_str()).await.unwrap().is_none() {
        assert_in_time(resumed);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_locked_file_fails_writes_in_time_and_serves_reads() {
    let (folder, driver) = opened();
    let held = store(&driver, &record("a", 1)).await;
    let holder = sql(&folder);
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();

    let (id, other) = (held.record.id(), record("b", 1));
    let start = Instant::now();
    // The runtime has one thread. If a write blocked it, the loads would wait.
    let (saved, destroyed, touched, loaded) = tokio::join!(
        driver.save(&other, Expected::Absent, HOUR),
        driver.destroy(id),
        driver.touch(&held.record, &held.version, HOUR),
        async {
            for _ in 0..10 {
                load(&driver, "a").await;
            }
            start.elapsed()
        },
    );
    assert_in_time(start);
    assert!(loaded < Duration::from_secs(1), "{loaded:?}");
    let errors = [saved.err(), destroyed.err(), touched.err()];
    for error in errors {
        let error = error.expect("the file is locked");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }

    holder.execute_batch("ROLLBACK").unwrap();
    store(&driver, &other).await;
    let still = load(&driver, "a").await;
    assert_eq!(still.version, held.version, "a failed call changed it");
}

#[tokio::test]
async fn many_requests_on_a_locked_file_fail_in_time() {
    let (folder, driver) = opened();
    let holder = sql(&folder);
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();

    let start = Instant::now();
    let driver = Arc::new(driver);
    let requests: Vec<_> = (0..100)
        .map(|number| {
            let driver = Arc::clone(&driver);
            tokio::spawn(async move {
                let record = record(&format!("r{number}"), number);
                driver.save(&record, Expected::Absent, HOUR).await
            })
        })
        .collect();
    for request in requests {
        let error = request.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    assert_in_time(start);

    holder.execute_batch("ROLLBACK").unwrap();
    let start = Instant::now();
    store(&*driver, &record("after", 1)).await;
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn damage_is_an_error_and_never_a_missing_session() {
    let (folder, driver) = opened();
    for number in 0..500 {
        store(&driver, &record(&format!("r{number}"), number)).await;
    }
    // The last connection moves the log into the file when it closes.
    drop(driver);
    let whole = fs::read(folder.file()).unwrap();

    let mut overwritten = whole.clone();
    overwritten[8192..].fill(0xAA);
    for damaged in [&whole[..whole.len() / 2], &overwritten] {
        fs::write(folder.file(), damaged).unwrap();
        match SqliteDriver::open(folder.file()) {
            Err(error) => assert!(error.problem().ends_with("is damaged"), "{error}"),
            Ok(driver) => {
                let mut errors = 0;
                for number in 0..500 {
                    match driver.load(&format!("r{number}")).await {
                        Ok(Some(held)) => {
                            assert_eq!(held.record.data(), record("r", number).data())
                        }
                        Ok(None) => panic!("r{number} is missing"),
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::Unavailable);
                            errors += 1;
                        }
                    }
                }
                assert!(errors > 0);
                let saved = driver.save(&record("new", 1), Expected::Absent, HOUR).await;
                assert!(!matches!(saved, Ok(Saved::Conflict(_))), "{saved:?}");
                let _ = driver.destroy(&id("r1")).await;
            }
        }
    }

    fs::write(folder.file(), &whole).unwrap();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    for number in 0..500 {
        load(&driver, &format!("r{number}")).await;
    }
}

#[tokio::test]
async fn a_row_that_is_not_utf_8_is_not_a_session_and_is_left_alone() {
    let (folder, driver) = opened();
    let insert = "INSERT INTO sessions (version, id, expires_at, record)
        VALUES (7, 'a', ?1, CAST(x'ff' AS TEXT))";
    sql(&folder).execute(insert, [i64::MAX]).unwrap();

    assert!(driver.load("a").await.unwrap().is_none());
    let version = Version::number(7);
    for expected in [Expected::Absent, Expected::Version(&version)] {
        let saved = driver.save(&record("a", 1), expected, HOUR).await.unwrap();
        assert!(matches!(saved, Saved::Conflict(None)), "{saved:?}");
    }
    let touched = driver
        .touch(&Record::new(id("a")), &version, HOUR)
        .await
        .unwrap();
    assert_eq!(touched, Touched::Gone);
    assert_eq!(count(&folder), 1);
}

#[tokio::test]
async fn every_save_removes_a_few_expired_records() {
    let (folder, driver) = opened();
    let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
    let driver = driver.with_clock(clock.clone());
    let mut version = None;
    for number in 0..20 {
        let held = store(&driver, &record(&format!("old-{number}"), number)).await;
        version = Some(held.version);
    }
    clock.advance(HOUR);
    // Until then, they are gone for every caller.
    let touched = driver
        .touch(&Record::new(id("old-19")), &version.unwrap(), HOUR)
        .await;
    assert!(matches!(touched, Ok(Touched::Gone)), "{touched:?}");

    let mut rows = vec![count(&folder)];
    for number in 0..4 {
        store(&driver, &record(&format!("new-{number}"), number)).await;
        rows.push(count(&folder));
    }
    assert_eq!(rows, [20, 13, 6, 3, 4], "a save adds 1 and removes up to 8");
    load(&driver, "new-0").await;
}

#[tokio::test]
async fn the_longest_lifetime_is_capped() {
    let (_folder, driver) = opened();
    let record = record("a", 1);
    let saved = driver.save(&record, Expected::Absent, Duration::MAX).await;
    assert!(matches!(saved, Ok(Saved::Done { .. })), "{saved:?}");
    let expires_at = load(&driver, "a").await.record.expires_at().unwrap();
    assert_eq!(expires_at.as_millis(), i64::MAX.unsigned_abs());
}

/// Blocks until its channel is closed, like a disk that hangs.
#[derive(Debug)]
struct HangingClock(Mutex<mpsc::Receiver<()>>);

impl Clock for HangingClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().recv().unwrap_err();
        SystemClock.now()
    }
}

fn opened() -> (Folder, SqliteDriver) {
    let folder = Folder::new();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    (folder, driver)
}

fn sql(folder: &Folder) -> Connection {
    Connection::open(folder.file()).unwrap()
}

#[track_caller]
fn refuses(path: &Path, expected: &str) {
    let error = SqliteDriver::open(path).unwrap_err();
    let reason = format!("{}; {}", error.problem(), error.remedy());
    assert_eq!(reason, format!("{path:?} {expected}"));
}

#[track_caller]
fn assert_in_time(start: Instant) {
    let took = start.elapsed();
    assert!(took < IN_TIME, "{took:?}");
}

/// A record with the data `{"n": number}`.
fn record(id: &str, number: u64) -> Record {
    Record::from_json(format!(r#"{{"id":"{id}","data":{{"n":{number}}}}}"#)).unwrap()
}

fn id(id: &str) -> SessionId {
    SessionId::from_stored(id).unwrap()
}

/// Stores a new record for an hour.
async fn store(driver: &impl Driver, record: &Record) -> Loaded {
    let saved = driver.save(record, Expected::Absent, HOUR).await.unwrap();
    assert!(matches!(saved, Saved::Done { .. }), "{saved:?}");
    load(driver, record.id().as_str()).await
}

async fn load(driver: &impl Driver, id: &str) -> Loaded {
    let loaded = driver.load(id).await.unwrap();
    loaded.expect("the record exists")
}

fn count(folder: &Folder) -> i64 {
    sql(folder)
        .query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))
        .unwrap()
}

const HOUR: Duration = Duration::from_secs(3600);
/// The contract's 2 seconds, with a margin for a busy machine.
const IN_TIME: Duration = Duration::from_millis(2_300);
