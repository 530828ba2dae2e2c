//! The program, as real processes over real HTTP.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::Folder;

#[test]
fn two_servers_share_sessions_and_a_restart_keeps_them() {
    let folder = Folder::new();
    let (one, other) = (Server::start(&folder.file()), Server::start(&folder.file()));
    let (body, guest) = one.ask("GET /", "");
    assert_eq!(body, "visit number 1 of a guest\n");
    assert_eq!(other.ask("GET /", &guest).0, "visit number 2 of a guest\n");

    let (_, user) = other.ask("POST /login", &guest);
    assert_eq!(
        one.ask("GET /", &user).0,
        "Welcome! visit number 3 of Ada\n"
    );
    assert_eq!(
        one.ask("GET /", &guest).0,
        "visit number 1 of a guest\n",
        "the old id is gone"
    );

    drop((one, other));
    let one = Server::start(&folder.file());
    assert_eq!(one.ask("GET /", &user).0, "visit number 4 of Ada\n");

    let other = Server::start(&folder.file());
    other.ask("POST /logout", &user);
    assert_eq!(one.ask("GET /", &user).0, "visit number 1 of a guest\n");
}

#[test]
fn a_file_that_is_no_database_ends_the_program_with_a_message() {
    let folder = Folder::new();
    std::fs::write(
        folder.file(),
        "these are no sessions, but the notes of a user",
    )
    .unwrap();
    let output = program(&folder.file()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!(
            "sqlite-driver: SQLite file: {:?} is no SQLite database; name another file: file is not a database: \
             Error code 26: file is not a database\n",
            folder.file()
        )
    );
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
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .expect("it listens");
        Self {
            address: address.to_owned(),
            process,
        }
    }

    /// Returns the body and the cookie: the one that is set, or else the one that was sent.
    fn ask(&self, what: &str, cookie: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "{what} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let set = head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = set.and_then(|set| set.split(';').next()).unwrap_or(cookie);
        (body.to_owned(), cookie.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn program(file: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sqlite-driver"));
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
