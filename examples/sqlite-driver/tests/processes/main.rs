//! Two processes write to one file for ten seconds. No saved write is lost, no ended session is resurrected.
//!
//! Apart from the other tests, because it keeps every core busy.
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../driver/common.rs"]
mod common;
mod task;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use session_core::{Clock, Outcome, Renewal, Secret, Session, SessionManager, SystemClock};
use sqlite_driver::SqliteDriver;
use tokio::runtime::Runtime;

use common::Folder;
use task::{Report, SLOT, Task};

#[test]
fn two_processes_lose_nothing_and_resurrect_nothing() {
    let folder = Folder::new();
    let secret = Secret::generate().unwrap();
    let secret = String::from_utf8(secret.expose().to_vec()).unwrap();
    let runtime = Runtime::new().unwrap();
    let manager = manager(&folder.file(), &secret);
    let create = |sessions| runtime.block_on(create(&manager, sessions));
    let (shared, targets) = (create(SHARED), create(TARGETS));

    let begin = SystemClock.now() + Duration::from_millis(300);
    let reports = [0, 1].map(|process| folder.path().join(format!("report-{process}")));
    let processes = [0, 1].map(|process| {
        start(&Task {
            process,
            begin: begin.as_millis(),
            file: folder.file(),
            secret: secret.clone(),
            shared: shared.clone(),
            targets: targets.clone(),
            report: reports[process].clone(),
        })
    });
    for mut process in processes {
        let status = process.wait().unwrap();
        assert!(status.success(), "a process failed: {status}");
    }
    let took = SystemClock.now().since(begin);
    assert!(took >= SLOT * u32::try_from(TARGETS).unwrap(), "{took:?}");

    let reports = reports.map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap());
    runtime.block_on(verify(&manager, &shared, &targets, &reports));
    let sql = Connection::open(folder.file()).unwrap();
    let check = sql.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(check.unwrap(), "ok");

    let sum = |count: fn(&Report) -> u64| reports.iter().map(count).sum::<u64>();
    let line = format!(
        "sqlite: 2 processes on one file for {:.1} s: {} increments and as many puts, {} reads; \
         {TARGETS} sessions ended, {} late writes dropped; {} requests unanswered\n",
        took.as_secs_f64(),
        sum(|report| report.counts.iter().sum()),
        sum(|report| report.reads),
        sum(|report| report.late),
        sum(|report| report.unanswered),
    );
    // Not `eprintln`, which the harness captures.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[test]
#[ignore = "one of the processes of the test above, which starts it"]
fn one_of_two_processes() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    let task: Task = serde_json::from_str(&task).unwrap();
    let path = task.report.clone();
    let manager = manager(&task.file, &task.secret);
    let report = Runtime::new().unwrap().block_on(task.run(manager));
    fs::write(path, serde_json::to_vec(&report).unwrap()).unwrap();
}

fn start(task: &Task) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--ignored",
            "--nocapture",
            "one_of_two_processes",
        ])
        .env(TASK, serde_json::to_string(task).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn manager(file: &Path, secret: &str) -> SessionManager {
    let driver = SqliteDriver::open(file).unwrap();
    // Reads renew a session by a touch.
    SessionManager::builder(driver, Secret::new(secret).unwrap())
        .renewal(Renewal::Always)
        .build()
        .unwrap()
}

async fn create(manager: &SessionManager, sessions: usize) -> Vec<String> {
    let mut tokens = Vec::new();
    for _ in 0..sessions {
        let session = manager.open(None).await.unwrap();
        session.put("created", true).unwrap();
        match manager.commit(&session).await.unwrap() {
            Outcome::Set(token) => tokens.push(token.as_str().to_owned()),
            outcome => panic!("{outcome:?}"),
        }
    }
    tokens
}

async fn open(manager: &SessionManager, token: &str) -> Session {
    manager.open(Some(token)).await.unwrap()
}

/// Asserts that every acknowledged write is stored and that every ended session is gone.
async fn verify(
    manager: &SessionManager,
    shared: &[String],
    targets: &[String],
    reports: &[Report; 2],
) {
    let unanswered: u64 = reports.iter().map(|report| report.unanswered).sum();
    for (number, token) in shared.iter().enumerate() {
        let session = open(manager, token).await;
        let counted: u64 = reports.iter().map(|report| report.counts[number]).sum();
        let count: u64 = session.get("count").unwrap().expect("the session exists");
        // An unanswered write may have been saved.
        assert!(
            (counted..=counted + unanswered).contains(&count),
            "session {number}: {count} increments are stored, {counted} were saved"
        );
        for key in reports.iter().flat_map(|report| &report.keys) {
            if key.session == number {
                let value: u64 = session.get(&key.name).unwrap().expect("the key exists");
                assert!(
                    (key.value..=key.value + unanswered).contains(&value),
                    "{} is {value}, {} was saved",
                    key.name,
                    key.value
                );
            }
        }
    }
    let mut ended = 0;
    for report in reports {
        for &target in &report.destroyed {
            let session = open(manager, &targets[target]).await;
            assert!(session.is_new(), "{target} was resurrected after destroy");
            ended += 1;
        }
        for (target, token) in &report.moved {
            let session = open(manager, &targets[*target]).await;
            assert!(
                session.is_new(),
                "{target} was resurrected after regenerate"
            );
            let session = open(manager, token).await;
            let moved = session.get("moved").unwrap();
            assert_eq!(moved, Some(true), "{target} was not moved");
            let written = reports.iter().flat_map(|report| &report.written);
            let saved = written
                .filter(|(written, _)| written == target)
                .map(|(_, value)| *value)
                .max();
            let held = session.get::<u64>("written").unwrap();
            assert!(
                held >= saved,
                "{target}: {saved:?} was saved, {held:?} was moved"
            );
            ended += 1;
        }
    }
    assert_eq!(ended + usize::try_from(unanswered).unwrap(), targets.len());
    let late: u64 = reports.iter().map(|report| report.late).sum();
    assert!(
        late > 0,
        "no write met an ended session: this proves nothing"
    );
}

const TASK: &str = "SQLITE_DRIVER_TEST_TASK";
const SHARED: usize = 4;
/// Together they take 10 seconds.
const TARGETS: usize = 200;
