//! Files that cannot be the store, or cease to be one.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use session_core::{
    Clock, ConfigError, Driver, ErrorKind, Expected, Saved, SystemClock, Timestamp, Touched,
};
use sqlite_driver::SqliteDriver;

use common::{Folder, HOUR, id, load, record, store};

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let folder = Folder::new();
    let text = "name,age\n".repeat(200);
    fs::write(folder.file(), &text).unwrap();
    let error = refused(&folder.file());
    assert_eq!(error.setting(), "SQLite file");
    assert_eq!(
        error.to_string(),
        format!(
            "SQLite file: {:?} is no SQLite database; name another file",
            folder.file()
        )
    );
    assert_eq!(
        error.source().unwrap().to_string(),
        "file is not a database"
    );
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
        let sql = Connection::open(folder.file()).unwrap();
        sql.execute_batch(
            "CREATE TABLE sessions (id TEXT); INSERT INTO sessions VALUES ('theirs');",
        )
        .unwrap();
        sql.execute_batch(pragma).unwrap();
        let before = fs::read(folder.file()).unwrap();

        let error = refused(&folder.file()).to_string();
        assert!(
            error.ends_with("is of another application; name another file"),
            "{error}"
        );
        assert_eq!(fs::read(folder.file()).unwrap(), before);
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = Folder::new();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    store(&driver, &record("a", 1)).await;
    let sql = Connection::open(folder.file()).unwrap();
    sql.execute_batch("PRAGMA user_version = 2").unwrap();

    let error = refused(&folder.file()).to_string();
    assert!(
        error.ends_with("has a newer schema; update the service"),
        "{error}"
    );

    sql.execute_batch("PRAGMA user_version = 1").unwrap();
    load(&SqliteDriver::open(folder.file()).unwrap(), "a").await;
}

#[test]
fn a_place_where_no_file_can_be_is_refused() {
    let folder = Folder::new();
    let missing = folder.path().join("missing/sessions.db");
    let made = folder.file();
    drop(SqliteDriver::open(&made).unwrap());
    // SQLite understands URLs of files.
    let url = PathBuf::from(format!("file:{}?mode=ro", made.display()));
    for path in [folder.path().to_owned(), missing, url] {
        let error = refused(&path).to_string();
        assert!(
            error.ends_with("cannot be written; check the rights to it and its folder"),
            "{error}"
        );
    }
    let error = refused(Path::new(":memory:")).to_string();
    assert_eq!(
        error,
        "SQLite file: \":memory:\" can keep no write-ahead log; name a file on a local disk"
    );
}

#[test]
fn a_file_that_is_locked_at_the_start_is_refused_within_two_seconds() {
    let folder = Folder::new();
    let holder = Connection::open(folder.file()).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let begun = Instant::now();
    let error = refused(&folder.file()).to_string();
    assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());
    assert!(
        error.ends_with("is locked by another process; end what holds it"),
        "{error}"
    );

    holder.execute_batch("ROLLBACK").unwrap();
    SqliteDriver::open(folder.file()).unwrap();
}

#[test]
fn a_busy_file_that_has_no_log_yet_is_opened_all_the_same() {
    for _ in 0..50 {
        let folder = Folder::new();
        drop(SqliteDriver::open(folder.file()).unwrap());
        let writer = Connection::open(folder.file()).unwrap();
        writer
            .execute_batch("PRAGMA journal_mode = DELETE")
            .unwrap();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        writer.busy_timeout(Duration::ZERO).unwrap();
        let done = &AtomicBool::new(false);
        // Turning the log on meets this writer's lock, and SQLite does not wait for that.
        thread::scope(|scope| {
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(2));
                    while writer.execute_batch("COMMIT").is_err() {}
                    thread::sleep(Duration::from_millis(1));
                    // At once when the other one's transaction ends.
                    while writer.execute_batch("BEGIN IMMEDIATE").is_err() {}
                }
            });
            let opened = SqliteDriver::open(folder.file());
            done.store(true, Ordering::Relaxed);
            opened.unwrap();
        });
    }
}

#[tokio::test]
async fn a_disk_that_hangs_is_an_error_in_time() {
    let folder = Folder::new();
    let (go_on, wait) = mpsc::channel();
    let clock = StuckClock(Mutex::new(wait));
    let driver = SqliteDriver::open(folder.file()).unwrap().with_clock(clock);
    let record = record("a", 1);

    let begun = Instant::now();
    // The second one waits for the first one's connection.
    let (first, second) = tokio::join!(
        driver.save(&record, Expected::Absent, HOUR),
        driver.destroy(record.id()),
    );
    assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());
    assert_eq!(first.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(second.unwrap_err().kind(), ErrorKind::Unavailable);

    // What was begun ends then, and what was not is not done: the record is there.
    drop(go_on);
    let touched = driver.touch(record.id(), HOUR).await.unwrap();
    assert_eq!(touched, Touched::Done);
}

#[tokio::test]
async fn a_lock_makes_writes_fail_in_time_and_reads_go_on() {
    let folder = Folder::new();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    let held = store(&driver, &record("a", 1)).await;
    let holder = Connection::open(folder.file()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();

    let other = record("b", 1);
    let begun = Instant::now();
    // The runtime has one thread: were it blocked, the loads would wait.
    let (saved, destroyed, touched, retired, loaded) = tokio::join!(
        driver.save(&other, Expected::Absent, HOUR),
        driver.destroy(held.record.id()),
        driver.touch(held.record.id(), HOUR),
        driver.retire(held.record.id(), &held.version),
        async {
            for _ in 0..10 {
                load(&driver, "a").await;
            }
            begun.elapsed()
        },
    );
    assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());
    assert!(loaded < Duration::from_secs(1), "{loaded:?}");
    let errors = [saved.err(), destroyed.err(), touched.err(), retired.err()];
    for error in errors {
        assert_eq!(
            error.expect("the file is locked").kind(),
            ErrorKind::Unavailable
        );
    }

    holder.execute_batch("ROLLBACK").unwrap();
    store(&driver, &other).await;
    let still = load(&driver, "a").await;
    assert_eq!(still.version, held.version, "what failed changed nothing");
}

#[tokio::test]
async fn a_crowd_before_a_locked_file_is_answered_in_time() {
    let folder = Folder::new();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    let holder = Connection::open(folder.file()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();

    let begun = Instant::now();
    let driver = Arc::new(driver);
    let crowd: Vec<_> = (0..100)
        .map(|number| {
            let driver = Arc::clone(&driver);
            tokio::spawn(async move {
                let record = record(&format!("r{number}"), number);
                driver.save(&record, Expected::Absent, HOUR).await
            })
        })
        .collect();
    for request in crowd {
        let error = request.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());

    holder.execute_batch("ROLLBACK").unwrap();
    let begun = Instant::now();
    store(&*driver, &record("after", 1)).await;
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_not_a_missing_session() {
    let folder = Folder::new();
    let driver = SqliteDriver::open(folder.file()).unwrap();
    for number in 0..500 {
        store(&driver, &record(&format!("r{number}"), number)).await;
    }
    drop(driver);
    // The last connection that closed has moved the log into the file.
    let whole = fs::read(folder.file()).unwrap();

    let mut holed = whole.clone();
    holed[8192..].fill(0xAA);
    for damaged in [&whole[..whole.len() / 2], &holed] {
        fs::write(folder.file(), damaged).unwrap();
        match SqliteDriver::open(folder.file()) {
            Err(error) => assert!(error.to_string().contains("is damaged"), "{error}"),
            Ok(driver) => {
                let mut errors = 0;
                for number in 0..500 {
                    match driver.load(&format!("r{number}")).await {
                        Ok(Some(held)) => {
                            assert_eq!(held.record.data(), record("r", number).data())
                        }
                        Ok(None) => panic!("r{number} is reported as no session"),
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

/// Holds up whoever asks it until its channel is closed, as a disk that hangs would.
#[derive(Debug)]
struct StuckClock(Mutex<mpsc::Receiver<()>>);

impl Clock for StuckClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().recv().unwrap_err();
        SystemClock.now()
    }
}

fn refused(path: &Path) -> ConfigError {
    SqliteDriver::open(path).expect_err("the file is refused")
}

/// The 2 seconds of the contract, and a little for a busy machine.
const IN_TIME: Duration = Duration::from_millis(2_300);
