//! A Redis server that belongs to one test.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// A Redis server on a free port, with a directory of its own. Dropping it stops the server and
/// removes the directory.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    /// The port on 127.0.0.1.
    pub port: u16,
    arguments: Vec<String>,
    directory: PathBuf,
}

impl RedisServer {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// Panics if the server does not start. The other methods panic on failure too, since the test
    /// has failed then.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with additional arguments.
    #[must_use]
    pub fn with(arguments: &[&str]) -> Self {
        let port = free_port();
        let directory =
            std::env::temp_dir().join(format!("session-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .collect();
        let process = spawn(port, &arguments, &directory);
        let mut server = Self {
            process,
            port,
            arguments,
            directory,
        };
        server.wait();
        server
    }

    /// Returns the URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Returns the path of a file in the server's directory.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    /// Kills the server, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts the server again on the same port, with the files in its directory.
    pub fn restart(&mut self) {
        self.process = spawn(self.port, &self.arguments, &self.directory);
        self.wait();
    }

    /// Sends the server a signal, such as `STOP` or `CONT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Runs an inline command (Redis, "Inline commands") and returns the first line of the reply.
    /// Words may be quoted.
    pub fn run(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("redis-server exited: {status}");
            }
            assert!(Instant::now() < end, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A stopped process ignores every other signal.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn spawn(port: u16, arguments: &[String], directory: &Path) -> Child {
    Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
        ])
        .arg(directory)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is not installed: run ./test, or install the package redis-server")
}

/// Returns a free port. The port 10,000 above it is free too, because Cluster nodes talk to each
/// other there.
///
/// The port is below the range of outgoing connections. No other test, even in another process,
/// gets the same port while this process lives: two servers on one port would mean that one test
/// uses another's store.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Listening on a third port tells other processes that this one is taken.
    static TAKEN: Mutex<Vec<TcpListener>> = Mutex::new(Vec::new());
    let listen = |port| TcpListener::bind(("127.0.0.1", port));
    // Each process starts counting at a different port.
    let start = (std::process::id() * 37 % 2_700) as u16;
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed) % 2_700) % 2_700;
        let Ok(taken) = listen(port + 3_000) else {
            continue;
        };
        if listen(port).is_ok() && listen(port + 10_000).is_ok() {
            TAKEN.lock().unwrap().push(taken);
            return port;
        }
    }
}
