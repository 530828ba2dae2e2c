//! The program, in processes of its own, over HTTP.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use sqlite_driver::SqliteDriver;

use crate::common::Folder;

#[test]
fn two_servers_share_sessions_and_a_restart_keeps_them() {
    let folder = Folder::new();
    let (one, other) = (Server::start(&folder.file()), Server::start(&folder.file()));
    let (body, guest) = one.ask("GET /", "");
    assert_eq!(body, "visit number 1 of a guest\n");
    assert_eq!(other.ask("GET /", &guest).0, "visit number 2 of a guest\n");

    let (_, user) = other.ask("POST /login", &guest);
    let (body, _) = one.ask("GET /", &user);
    assert_eq!(body, "Welcome! visit number 3 of Ada\n");
    let (body, _) = one.ask("GET /", &guest);
    assert_eq!(body, "visit number 1 of a guest\n", "the old id is gone");

    drop((one, other));
    let one = Server::start(&folder.file());
    assert_eq!(one.ask("GET /", &user).0, "visit number 4 of Ada\n");

    let other = Server::start(&folder.file());
    other.ask("POST /logout", &user);
    assert_eq!(one.ask("GET /", &user).0, "visit number 1 of a guest\n");
}

#[test]
fn a_file_that_is_not_a_database_is_a_startup_error() {
    let folder = Folder::new();
    fs::write(folder.file(), "a text file that is not a database at all").unwrap();
    let output = program(&folder.file()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    let problem = format!("{:?} is not an SQLite database; ", folder.file());
    assert!(
        error.starts_with("sqlite-driver: ") && error.contains(&problem),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn a_killed_process_loses_no_acknowledged_write() {
    let folder = Folder::new();
    let mut server = Server::start(&folder.file());
    let (_, user) = server.ask("GET /", "");
    let address = server.address.clone();
    let (sender, acknowledged) = mpsc::channel();
    let client = thread::spawn({
        let user = user.clone();
        move || {
            while let Ok((body, _)) = ask(&address, "GET /", &user)
                && body.ends_with('\n')
            {
                let visits: u64 = body.split(' ').nth(2).unwrap().parse().unwrap();
                sender.send(visits).unwrap();
            }
        }
    });
    let early = acknowledged.iter().take(300).last();
    server.process.kill().unwrap();
    client.join().unwrap();
    let last = acknowledged.iter().last().or(early).unwrap();
    assert!(last > 300, "{last}");

    server = Server::start(&folder.file());
    let (body, _) = server.ask("GET /", &user);
    // The visit whose response was cut off may have been saved.
    let possible = [last + 1, last + 2].map(|visits| format!("visit number {visits} of a guest\n"));
    assert!(possible.contains(&body), "{last}: {body}");
}

#[test]
fn a_read_only_file_or_folder_is_refused() {
    let folder = Folder::new();
    drop(SqliteDriver::open(folder.file()).unwrap());
    // A copy that every user may run.
    let copy = folder.path().join("program");
    fs::copy(env!("CARGO_BIN_EXE_sqlite-driver"), &copy).unwrap();
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(&copy, 0o755);
    for (file, directory) in [(0o444, 0o777), (0o666, 0o555), (0o444, 0o555)] {
        allow(&folder.file(), file);
        allow(folder.path(), directory);
        let mut program = command(&copy, &folder.file());
        if fs::metadata(&copy).unwrap().uid() == 0 {
            // Permissions do not apply to root.
            program.uid(65534).gid(65534);
        }
        let output = program.output().unwrap();
        allow(folder.path(), 0o755);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains(" cannot be written; "),
            "{file:o} in {directory:o}: {error}"
        );
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 2, "a file was left behind");
    }
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(file: &Path) -> Self {
        let mut process = program(file).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.to_owned(),
            process,
        }
    }

    fn ask(&self, request: &str, cookie: &str) -> (String, String) {
        ask(&self.address, request, cookie).unwrap()
    }
}

/// Sends a request. Returns the body, and the new cookie or else the one that was sent.
fn ask(address: &str, request: &str, cookie: &str) -> io::Result<(String, String)> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{request} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (head, body) = response
        .split_once("\r\n\r\n")
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    let set = head
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = set.and_then(|set| set.split(';').next()).unwrap_or(cookie);
    Ok((body.to_owned(), cookie.to_owned()))
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn program(file: &Path) -> Command {
    command(env!("CARGO_BIN_EXE_sqlite-driver").as_ref(), file)
}

fn command(program: &Path, file: &Path) -> Command {
    let mut program = Command::new(program);
    program
        .env("SESSION_FILE", file)
        .env(
            "SESSION_SECRET",
            "correct horse battery staple, and then some",
        )
        .env("SESSION_SECURE", "false")
        .env("PORT", "0");
    program
}
