//! Several processes on one file. The test starts itself anew as each of them.
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;
mod hammer;
mod part;
mod plan;

use std::error::Error as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use libtest_mimic::{Arguments, Trial};
use session_core::{Outcome, SessionManager};
use sqlite_driver::SqliteDriver;

use common::Folder;
use part::{Part, Store, Task};

fn main() {
    if let Some(part) = Part::of_this_process() {
        return part.play();
    }
    let tests: [(&str, fn()); 3] = [
        (
            "two_processes_hammer_one_file_and_nothing_is_lost_or_rises",
            hammer::run,
        ),
        (
            "a_process_that_is_killed_loses_nothing_that_it_was_told_is_saved",
            kill_a_writer,
        ),
        (
            "a_file_or_folder_that_is_read_only_is_refused",
            open_as_a_stranger,
        ),
    ];
    let trial = |(name, test): (&str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    libtest_mimic::run(&Arguments::from_args(), tests.map(trial).into()).exit();
}

fn kill_a_writer() {
    let folder = Folder::new();
    let store = Store::new(&folder);
    let part = Part::new(Task::Count, &store);
    let mut writer = part.command().stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(writer.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    // The token comes first, then each count once it is saved.
    let token = said.next().unwrap();
    let early = said.by_ref().take(300).last().unwrap();
    assert_eq!(early, "300");
    writer.kill().unwrap();
    writer.wait().unwrap();
    let last: u64 = said.last().unwrap_or(early).parse().unwrap();

    store.block_on(async |manager| {
        let session = manager.open(Some(token.as_str())).await.unwrap();
        let count: u64 = session.get("count").unwrap().expect("the session is there");
        assert!(
            count == last || count == last + 1,
            "{count} is stored, {last} was saved"
        );
        session.put("count", 0).unwrap();
        assert!(matches!(
            manager.commit(&session).await.unwrap(),
            Outcome::Set(_)
        ));
    });
}

/// The rights of files do not bind root, so where the tests run as root they ask as somebody else.
fn open_as_a_stranger() {
    let folder = Folder::new();
    let store = Store::new(&folder);
    drop(SqliteDriver::open(folder.file()).unwrap());
    let program = folder.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    allow(&program, 0o755);

    for (file, directory) in [(0o444, 0o777), (0o666, 0o555), (0o444, 0o555)] {
        allow(&folder.file(), file);
        allow(folder.path(), directory);
        let mut stranger = Part::new(Task::Open, &store).command_of(&program);
        if fs::metadata(&program).unwrap().uid() == 0 {
            stranger.uid(65534).gid(65534);
        }
        let output = stranger.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let problem = "cannot be written; check the rights to it and its folder";
        assert!(
            said.contains(problem),
            "{file:o} in {directory:o}: {said:?}"
        );
        allow(folder.path(), 0o755);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing new in the folder"
        );
    }
}

/// What [`open_as_a_stranger`] looks at.
fn say_whether_it_opens(store: &Store) {
    match SqliteDriver::open(&store.file) {
        Ok(_) => println!("opened"),
        Err(error) => println!("{error} ({:?})", error.source().map(ToString::to_string)),
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Counts in a session of its own for ever, and says how far it is.
async fn count_for_ever(manager: SessionManager) {
    let session = manager.open(None).await.unwrap();
    session.put("count", 0).unwrap();
    let Outcome::Set(token) = manager.commit(&session).await.unwrap() else {
        panic!("the session has a cookie");
    };
    println!("{}", token.as_str());
    loop {
        let session = manager.open(Some(token.as_str())).await.unwrap();
        let count = session.update("count", 0, |count: u64| count + 1).unwrap();
        manager.commit(&session).await.unwrap();
        println!("{count}");
    }
}
