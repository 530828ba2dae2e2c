//! Two processes, ten seconds, one file: nothing that was saved is lost, and nothing that was ended rises.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;
use session_core::{Clock, Outcome, SessionManager, SystemClock};

use crate::common::Folder;
use crate::part::{Part, Store, Task};
use crate::plan::{Plan, Report, SLOT, open};

pub(crate) fn run() {
    let folder = Folder::new();
    let store = Store::new(&folder);
    let (shared, targets) =
        store.block_on(async |manager| (make(&manager, SHARED).await, make(&manager, SLOTS).await));

    let begin = SystemClock.now() + Duration::from_millis(300);
    let processes = [0, 1].map(|seat| {
        let (shared, targets) = (shared.clone(), targets.clone());
        let plan = Plan {
            seat,
            begin: begin.as_millis(),
            shared,
            targets,
        };
        let part = Part::new(Task::Hammer(plan), &store);
        part.command().stdout(Stdio::piped()).spawn().unwrap()
    });
    let reports = processes.map(|process| {
        let output = process.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "a process failed: {}",
            output.status
        );
        serde_json::from_slice::<Report>(&output.stdout).unwrap()
    });
    let took = SystemClock.now().since(begin);
    assert!(took >= SLOT * u32::try_from(SLOTS).unwrap(), "{took:?}");

    store.block_on(async |manager| verify(&manager, &shared, &targets, &reports).await);
    let sql = Connection::open(folder.file()).unwrap();
    let check = sql.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(check.unwrap(), "ok");

    let [a, b] = &reports;
    let line = format!(
        "sqlite: 2 processes on one file for {:.1} s: {} increments and as many puts in {SHARED} sessions, \
         {} reads; {} sessions destroyed and {} regenerated under {} writes, {} of them too late and dropped; \
         0 lost, 0 risen, {} unanswered, longest request {} ms\n",
        took.as_secs_f64(),
        a.increments() + b.increments(),
        a.reads + b.reads,
        a.destroyed.len() + b.destroyed.len(),
        a.moved.len() + b.moved.len(),
        a.aimed + b.aimed,
        a.late + b.late,
        a.unanswered + b.unanswered,
        a.longest_ms.max(b.longest_ms),
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Everything that a process was told is saved must be there, and nothing that was ended.
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
        let count: u64 = session.get("count").unwrap().expect("the session is there");
        // What was not answered may have been saved all the same.
        assert!(
            (counted..=counted + unanswered).contains(&count),
            "session {number}: {count} increments are stored, {counted} were saved"
        );
        for key in reports
            .iter()
            .flat_map(|report| &report.keys)
            .filter(|key| key.session == number)
        {
            let value: u64 = session.get(&key.name).unwrap().expect("the key is there");
            assert!(
                (key.value..=key.value + unanswered).contains(&value),
                "{} is {value}, {} was saved",
                key.name,
                key.value
            );
        }
    }
    let mut ended = 0;
    for report in reports {
        for &slot in &report.destroyed {
            assert!(
                open(manager, &targets[slot]).await.is_new(),
                "{slot} rose after destroy"
            );
            ended += 1;
        }
        for (slot, token) in &report.moved {
            assert!(
                open(manager, &targets[*slot]).await.is_new(),
                "{slot} rose after regenerate"
            );
            let session = open(manager, token).await;
            assert_eq!(
                session.get("moved").unwrap(),
                Some(true),
                "{slot} did not arrive"
            );
            let written = reports.iter().flat_map(|report| &report.written);
            let saved = written
                .filter(|(target, _)| target == slot)
                .map(|(_, value)| *value)
                .max();
            let held = session.get::<u64>("written").unwrap();
            assert!(
                held >= saved,
                "{slot}: {saved:?} was saved, {held:?} came along"
            );
            ended += 1;
        }
    }
    assert_eq!(ended + usize::try_from(unanswered).unwrap(), targets.len());
    let late: u64 = reports.iter().map(|report| report.late).sum();
    assert!(late > 0, "no write met an end: the test shows nothing");
}

async fn make(manager: &SessionManager, sessions: usize) -> Vec<String> {
    let mut tokens = Vec::new();
    for _ in 0..sessions {
        let session = manager.open(None).await.unwrap();
        session.put("made", true).unwrap();
        match manager.commit(&session).await.unwrap() {
            Outcome::Set(token) => tokens.push(token.as_str().to_owned()),
            outcome => panic!("a new session has a cookie, not {outcome:?}"),
        }
    }
    tokens
}

const SHARED: usize = 4;
/// Together they last 10 seconds.
const SLOTS: usize = 200;
