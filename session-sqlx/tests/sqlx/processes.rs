//! Requests that overlap in two processes: this one, and workers that are this program again.

use std::io::BufRead as _;
use std::process::Stdio;

use session_core::{Driver, Outcome, Session, SessionManager, Token};
use session_sqlx::SqlxDriver;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::overlap::{PATIENT, id_of, manager, open, store_session};
use crate::support::{ALL, Database, Store};

/// All requests load before the first one saves.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_overlapping_requests_in_two_processes_none_is_lost() {
    for database in ALL {
        let store = Store::new(database);
        let (driver, manager) = connect(&store.url, &store.table).await;
        let token = store_session(&manager).await;
        let mut workers = [Worker::start(&store), Worker::start(&store)];
        for (n, worker) in workers.iter_mut().enumerate() {
            let first = n * 32;
            let ready = format!("open {} {first} 32 0", token.as_str());
            assert_eq!(worker.ask(&ready).await, "ready");
        }
        for worker in &mut workers {
            worker.tell("go").await;
        }
        let mut saved = 0;
        for worker in &mut workers {
            saved += worker.answer().await.parse::<u32>().unwrap();
        }
        assert_all_there(&manager, &token, saved).await;
        // The others were told that they failed.
        assert!(saved > 32, "{database:?}: {saved}");
        driver.close().await;
    }
}

/// The workers write while this process ends the session, or writes too. What ended stays ended, and otherwise no update is
/// lost.
#[tokio::test(flavor = "multi_thread")]
async fn no_interleaving_of_two_processes_loses_an_update_or_resurrects_a_session() {
    if let Ok(url) = std::env::var(URL) {
        return work(&url).await;
    }
    for database in ALL {
        let store = Store::new(database);
        drop(store.connect().await);
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let worker = Worker::start(&store);
                let (url, table) = (store.url.clone(), store.table.clone());
                tokio::spawn(interleave(worker, url, table, lane, database))
            })
            .collect();
        let (mut early, mut late) = (0, 0);
        for lane in lanes {
            let (before, after) = lane.await.unwrap();
            early += before;
            late += after;
        }
        println!(
            "fault: {database:?}, 1000 interleavings of two processes: {early} writes before the end, {late} after it"
        );
        // Otherwise the test shows nothing.
        assert!(early > 100 && late > 100, "{database:?}: {early}, {late}");
    }
}

/// Returns how many writes came before the end of their session, and how many after it.
async fn interleave(
    mut worker: Worker,
    url: String,
    table: String,
    lane: u64,
    database: Database,
) -> (u32, u32) {
    let (driver, manager) = connect(&url, &table).await;
    let (mut early, mut late) = (0, 0);
    for seed in (lane..1_000).step_by(LANES as usize) {
        let random = shuffled(seed);
        let token = store_session(&manager).await;
        let command = format!("open {} 0 {WRITERS} {seed}", token.as_str());
        assert_eq!(worker.ask(&command).await, "ready");
        let session = open(&manager, &token).await;
        let end = seed % 4;
        match end {
            0 => session.destroy().unwrap(),
            1 => session.regenerate().unwrap(),
            2 => {}
            _ => change(&session, WRITERS),
        }
        worker.tell("go").await;
        pause(&driver, random % 8).await;
        if end == 2 {
            driver.destroy(&id_of(&token)).await.unwrap();
        } else {
            manager.commit(&session).await.unwrap();
        }
        let saved = worker.answer().await.parse::<u32>().unwrap();
        if end == 3 {
            assert_eq!(saved, WRITERS, "{database:?}, seed {seed}");
            assert_all_there(&manager, &token, WRITERS + 1).await;
        } else {
            early += saved;
            late += WRITERS - saved;
            let held = driver.load(id_of(&token).as_str()).await.unwrap();
            assert!(held.is_none(), "{database:?}, seed {seed}: resurrected");
        }
    }
    (early, late)
}

/// In a worker: `open TOKEN FIRST NUMBER SEED` opens sessions and changes them, and `go` commits them all at once.
async fn work(url: &str) {
    let (driver, manager) = connect(url, &std::env::var(TABLE).unwrap()).await;
    let mut sessions = Vec::new();
    let mut lines = std::io::stdin().lock().lines();
    while let Some(line) = tokio::task::block_in_place(|| lines.next()) {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        if let ["open", token, first, number, seed] = words[..] {
            let first: u32 = first.parse().unwrap();
            let number: u32 = number.parse().unwrap();
            let seed: u64 = seed.parse().unwrap();
            for n in first..first + number {
                let session = manager.open(Some(token)).await.unwrap();
                assert!(!session.is_new());
                change(&session, n);
                let delay = shuffled(seed * 100 + u64::from(n) + 1) % 8;
                sessions.push((session, if number > WRITERS { 0 } else { delay }));
            }
            println!("said: ready");
        } else {
            let commits: Vec<_> = sessions
                .drain(..)
                .map(|(session, delay)| {
                    let (driver, manager) = (driver.clone(), manager.clone());
                    tokio::spawn(async move {
                        pause(&driver, delay).await;
                        manager.commit(&session).await
                    })
                })
                .collect();
            let mut saved = 0;
            for commit in commits {
                let outcome = commit.await.unwrap();
                saved += u32::from(matches!(outcome, Ok(Outcome::Set(_))));
            }
            println!("said: {saved}");
        }
    }
}

/// Another process, which stops with this value.
struct Worker {
    _process: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    fn start(store: &Store) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture"])
            .env(URL, &store.url)
            .env(TABLE, &store.table)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            commands: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()).lines(),
            _process: process,
        }
    }

    async fn ask(&mut self, command: &str) -> String {
        self.tell(command).await;
        self.answer().await
    }

    async fn tell(&mut self, command: &str) {
        let line = format!("{command}\n");
        self.commands.write_all(line.as_bytes()).await.unwrap();
    }

    async fn answer(&mut self) -> String {
        loop {
            let line = self.answers.next_line().await.unwrap();
            let line = line.expect("the worker goes on");
            if let Some((_, words)) = line.split_once("said: ") {
                return words.to_owned();
            }
        }
    }
}

async fn connect(url: &str, table: &str) -> (SqlxDriver, SessionManager) {
    let driver = SqlxDriver::builder(url)
        .table(table)
        .pool_size(4)
        .timeout(PATIENT)
        .connect()
        .await
        .unwrap();
    (driver.clone(), manager(driver))
}

fn change(session: &Session, n: u32) {
    session.update("count", 0, |count: u32| count + 1).unwrap();
    session.put(&format!("key-{n}"), n).unwrap();
}

async fn assert_all_there(manager: &SessionManager, token: &Token, all: u32) {
    let session = open(manager, token).await;
    assert_eq!(session.get::<u32>("count").unwrap(), Some(all));
    let keys = session.keys();
    let keys = keys.iter().filter(|key| key.starts_with("key-")).count();
    assert_eq!(keys, usize::try_from(all).unwrap());
}

/// Waits for this many answers of the database.
async fn pause(driver: &SqlxDriver, answers: u64) {
    for _ in 0..answers {
        driver.load("nobody's").await.unwrap();
    }
}

/// A number that looks random.
const fn shuffled(seed: u64) -> u64 {
    seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}

const TEST: &str =
    "processes::no_interleaving_of_two_processes_loses_an_update_or_resurrects_a_session";
const URL: &str = "SESSION_WORKER_URL";
const TABLE: &str = "SESSION_WORKER_TABLE";
const WRITERS: u32 = 3;
const LANES: u64 = 4;
