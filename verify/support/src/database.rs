//! A PostgreSQL or MariaDB server for tests.

use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::redis::free_port;

/// The kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    MariaDb,
}

/// A server on a free port, with a directory of its own. It ends with this value, or with the process: a shared one in a
/// `static` is never dropped.
#[derive(Debug)]
pub struct DatabaseServer {
    kind: Kind,
    process: Child,
    /// The port on 127.0.0.1.
    pub port: u16,
    arguments: Vec<String>,
    directory: PathBuf,
    /// Cleans up when its standard input ends.
    janitor: Child,
}

impl DatabaseServer {
    /// Starts a server.
    #[must_use]
    pub fn start(kind: Kind) -> Self {
        Self::with(kind, &[])
    }

    /// Starts a server with additional arguments.
    #[must_use]
    pub fn with(kind: Kind, arguments: &[&str]) -> Self {
        let port = free_port();
        let name = format!("session-sql-{}-{port}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        if let Some(id) = kind.user_id() {
            chown(&directory, Some(id), None).unwrap();
        }
        kind.initialize(&directory);
        let arguments: Vec<_> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        let process = kind.spawn(port, &arguments, &directory);
        let janitor = janitor(process.id(), &directory);
        let mut server = Self {
            kind,
            process,
            port,
            arguments,
            directory,
            janitor,
        };
        server.wait();
        server
    }

    /// Returns the URL of the server's database, as its administrator.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_via(self.port)
    }

    /// Returns the URL through another port.
    #[must_use]
    pub fn url_via(&self, port: u16) -> String {
        match self.kind {
            Kind::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            Kind::MariaDb => format!("mysql://root@127.0.0.1:{port}/shop"),
        }
    }

    /// Stops the server as a crash would.
    pub fn kill(&mut self) {
        match self.kind {
            // It ends its own processes, and saves nothing.
            Kind::Postgres => self.signal("QUIT"),
            Kind::MariaDb => self.signal("KILL"),
        }
        self.process.wait().unwrap();
    }

    /// Starts the server again on the same port, with the files in its directory.
    pub fn restart(&mut self) {
        self.process = self.kind.spawn(self.port, &self.arguments, &self.directory);
        let stdin = self.janitor.stdin.as_mut().unwrap();
        writeln!(stdin, "{}", self.process.id()).unwrap();
        self.wait();
    }

    /// Sends the server a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.process.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// Stops all its processes, so that it accepts connections but does not answer.
    pub fn pause(&self) {
        self.signal("STOP");
        self.signal_children("STOP");
    }

    /// Lets a paused server go on.
    pub fn resume(&self) {
        self.signal_children("CONT");
        self.signal("CONT");
    }

    /// A server may have none.
    fn signal_children(&self, name: &str) {
        let parent = self.process.id().to_string();
        let _ = Command::new("pkill")
            .args([&format!("-{name}"), "-P", &parent])
            .status();
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(30);
        while !self.is_ready() {
            if let Some(status) = self.process.try_wait().unwrap() {
                let log = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                panic!("the server exited: {status}\n{log}");
            }
            assert!(Instant::now() < end, "the server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn is_ready(&self) -> bool {
        match self.kind {
            // It listens before it is ready, and says so in this file.
            Kind::Postgres => std::fs::read_to_string(self.directory.join("data/postmaster.pid"))
                .is_ok_and(|text| text.lines().any(|line| line.trim() == "ready")),
            Kind::MariaDb => TcpStream::connect(("127.0.0.1", self.port)).is_ok(),
        }
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        // A stopped process ignores every other signal.
        let _ = self.process.kill();
        let _ = self.process.wait();
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
    }
}

impl Kind {
    fn initialize(self, directory: &Path) {
        let data = directory.join("data");
        let mut command = match self {
            Self::Postgres => {
                let mut command = self.command("initdb");
                command.args([
                    "--no-sync",
                    "--auth=trust",
                    "--username=postgres",
                    "--encoding=UTF8",
                ]);
                command.args(["--locale=C", "--pgdata"]).arg(&data);
                command
            }
            Self::MariaDb => {
                let mut command = self.command("mariadb-install-db");
                command.args(["--no-defaults", "--skip-test-db"]);
                command.arg("--auth-root-authentication-method=normal");
                command.arg(format!("--tmpdir={}", directory.display()));
                command.arg(format!("--datadir={}", data.display()));
                command
            }
        };
        let output = command.current_dir(directory).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        if self == Self::Postgres {
            // The administrator needs no password; others do.
            let rules = "local all all trust\n\
                host all postgres 127.0.0.1/32 trust\n\
                host all all 127.0.0.1/32 scram-sha-256\n";
            std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
        }
        if self == Self::MariaDb {
            // A folder is a database.
            let database = data.join("shop");
            std::fs::create_dir(&database).unwrap();
            chown(&database, self.user_id(), None).unwrap();
        }
    }

    fn spawn(self, port: u16, arguments: &[String], directory: &Path) -> Child {
        let data = directory.join("data");
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let mut command = match self {
            Self::Postgres => {
                let mut command = self.command("postgres");
                command.arg("-D").arg(&data).arg("-k").arg(directory);
                for setting in [
                    "fsync=off",
                    "max_connections=400",
                    "listen_addresses=127.0.0.1",
                    "shared_preload_libraries=pg_stat_statements",
                ] {
                    command.args(["-c", setting]);
                }
                command.args(["-p", &port.to_string()]);
                command
            }
            Self::MariaDb => {
                let mut command = self.command("mariadbd");
                command.args([
                    "--no-defaults",
                    "--bind-address=127.0.0.1",
                    "--skip-name-resolve",
                ]);
                // It does not wait for the disk.
                command.args([
                    "--max-connections=400",
                    "--innodb-flush-log-at-trx-commit=2",
                    "--innodb-flush-method=nosync",
                    "--skip-innodb-doublewrite",
                    "--skip-sync-frm",
                ]);
                command.arg(format!("--datadir={}", data.display()));
                command.arg(format!("--socket={}", directory.join("socket").display()));
                command.arg(format!("--port={port}"));
                command.arg(format!("--tmpdir={}", directory.display()));
                command
            }
        };
        command
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command.spawn().unwrap()
    }

    /// Returns a command of the server's programs, run by its own user if this one is root, whom servers refuse.
    pub(crate) fn command(self, program: &str) -> Command {
        let program = self.program(program);
        let Some(id) = self.user_id() else {
            return Command::new(program);
        };
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={id}"))
            .args(["--clear-groups", "--"])
            .arg(program);
        command
    }

    fn program(self, name: &str) -> PathBuf {
        // Debian keeps these out of the path, in a folder for each version.
        let folders = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten();
        let mut folders: Vec<_> = folders
            .flatten()
            .map(|folder| folder.path().join("bin"))
            .chain([PathBuf::from("/usr/sbin")])
            .collect();
        folders.sort();
        let found = folders
            .iter()
            .rev()
            .map(|folder| folder.join(name))
            .find(|path| path.exists());
        found.unwrap_or_else(|| PathBuf::from(name))
    }

    /// Returns the user id of the server if this process is root's.
    #[must_use]
    pub fn user_id(self) -> Option<u32> {
        if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
            return None;
        }
        let user = match self {
            Self::Postgres => "postgres",
            Self::MariaDb => "mysql",
        };
        let output = Command::new("id").args(["-u", user]).output().unwrap();
        let id = String::from_utf8(output.stdout).unwrap();
        Some(
            id.trim()
                .parse()
                .expect("run ./test, which installs the servers"),
        )
    }
}

/// Starts a process that ends the server and removes its directory once its standard input ends. A line there is the id of
/// the server's next process.
pub(crate) fn janitor(server: u32, directory: &Path) -> Child {
    let script = "server=$1
        while read -r next; do server=$next; done
        kill -KILL \"$server\" 2>/dev/null
        for try in 1 2 3 4 5; do rm -rf \"$2\" 2>/dev/null && break; sleep 0.1; done";
    Command::new("sh")
        .args(["-c", script, "janitor", &server.to_string()])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
