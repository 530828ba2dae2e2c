//! A Redis server of a test's own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// A Redis server on a free port, with its folder. Stopped and removed when dropped.
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
    /// As every method here, when it does not work: the test has failed then.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with further arguments, in a folder of its own.
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

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The path of a file in its folder, which goes with it.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    /// Kills the server as a crash does.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on the same port, with whatever its folder holds.
    pub fn restart(&mut self) {
        self.process = spawn(self.port, &self.arguments, &self.directory);
        self.wait();
    }

    /// Sends it a signal, such as `STOP` and `CONT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Runs an inline command (Redis, "Inline commands"), whose words may be quoted, and returns the first line of the
    /// answer.
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
                panic!("redis-server ended at once: {status}");
            }
            assert!(Instant::now() < end, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A stopped process does not die of anything less.
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

/// A port that nobody listens on, nor on the one that is 10,000 higher, where a node of a Cluster talks to the
/// others.
///
/// It is from below the range that outgoing connections take theirs from, and nobody else gets it as long as this process
/// lives, in another process neither: two servers on one port would be one test in another's store.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Listening on a third port says to the other processes that this one is taken.
    static TAKEN: Mutex<Vec<TcpListener>> = Mutex::new(Vec::new());
    let listen = |port| TcpListener::bind(("127.0.0.1", port));
    // Each process counts from elsewhere.
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
