//! Measures an axum server on loopback with each kind of sessions, driven by `wrk`.
//!
//! ```text
//! cargo run --profile measure --bin http
//! ```
//!
//! Server and client share the machine's processors, so look at the ratio to the server without
//! sessions, which takes turns with the others. The figures are medians of the rounds.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};

use axum::Router;
use session_axum::{RedisDriver, SessionManager};
use session_bench::report::{Results, Table};
use session_bench::rounds::median;
use session_peers::app::{COOKIE, Route, pair};
use session_peers::apps::{axum as app, in_cookie, in_memory, secret, tower_sessions};
use session_peers::tower::runtime;
use test_support::RedisServer;

fn main() -> ExitCode {
    match std::env::args()
        .collect::<Vec<_>>()
        .get(1)
        .map(String::as_str)
    {
        Some("serve") => serve(&std::env::args().skip(2).collect::<Vec<_>>()),
        _ => measure(),
    }
    ExitCode::SUCCESS
}

/// A single-threaded server in its own process. Dropping it stops the process.
struct Server {
    process: Child,
    port: u16,
    cookies: Vec<String>,
}

/// The report of `wrk` on one round.
#[derive(Clone, Copy, Debug)]
struct Round {
    requests: f64,
    latencies: [f64; 3],
}

fn measure() {
    let redis = RedisServer::start();
    let url = redis.url();
    let servers = KINDS.map(|(name, kind)| (name, Server::start(kind, &url)));
    let results = Results::from_arguments();
    for (route, what) in [(Route::Read, "read"), (Route::Write, "read + write")] {
        let mut rounds = vec![Vec::new(); servers.len()];
        for _ in 0..ROUNDS {
            for ((_, server), rounds) in servers.iter().zip(&mut rounds) {
                rounds.push(server.load(route));
            }
        }
        let title = format!("Over HTTP on loopback, 32 connections: {what}");
        let columns = ["requests/s", "ratio", "p50 µs", "p99 µs", "p99.9 µs"];
        let name = format!("http{}", route.path().replace('/', "-"));
        let mut table = Table::new(&name, &title, &columns);
        let of =
            |rounds: &[Round], value: fn(&Round) -> f64| median(rounds.iter().map(value).collect());
        let without = of(&rounds[0], |round| round.requests);
        for ((name, _), rounds) in servers.iter().zip(&rounds) {
            let requests = of(rounds, |round| round.requests);
            let values = [
                requests,
                requests / without,
                of(rounds, |round| round.latencies[0]),
                of(rounds, |round| round.latencies[1]),
                of(rounds, |round| round.latencies[2]),
            ];
            table.row(*name, values.map(Some));
        }
        results.add(&table);
    }
}

impl Server {
    fn start(kind: &str, redis: &str) -> Self {
        let program = std::env::current_exe().expect("this program is a file");
        let mut process = Command::new(program)
            .args(["serve", kind, redis])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("it is piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it prints its port");
        let port = line.trim().parse().expect("the port is a number");
        let mut server = Self {
            process,
            port,
            cookies: Vec::new(),
        };
        server.cookies = (0..VISITORS).map(|_| server.visitor()).collect();
        server
    }

    /// Returns the cookie of a new visitor.
    fn visitor(&self) -> String {
        let answer = self.get(Route::Seed);
        let mut lines = answer.lines();
        let set_cookie = lines.find_map(|line| line.strip_prefix("set-cookie: "));
        // The server without sessions gets one too, so that the requests are alike.
        pair(set_cookie.unwrap_or(COOKIE)).to_owned()
    }

    /// Sends one request, on a connection that closes after it.
    fn get(&self, route: Route) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            route.path()
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    /// Runs `wrk` for a few seconds.
    fn load(&self, route: Route) -> Round {
        let output = Command::new("wrk")
            .args(["--threads", "1", "--connections", "32", "--duration", "3s"])
            .args(["--script", concat!(env!("CARGO_MANIFEST_DIR"), "/wrk.lua")])
            .arg(format!("http://127.0.0.1:{}{}", self.port, route.path()))
            .arg("--")
            .args(&self.cookies)
            .output()
            .expect("wrk is not installed: install the package `wrk`");
        let report = String::from_utf8(output.stdout).expect("a report is text");
        let line = report
            .lines()
            .find_map(|line| line.strip_prefix("measured "));
        let line = line.unwrap_or_else(|| panic!("wrk did not measure: {report}"));
        let values: Vec<f64> = line
            .split(' ')
            .map(|value| value.parse().expect("a number"))
            .collect();
        let [requests, failed, latencies @ ..] = &values[..] else {
            panic!("{line}")
        };
        assert_eq!(*failed, 0.0, "requests failed: {report}");
        Round {
            requests: *requests,
            latencies: latencies.try_into().expect("there are three"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the server in the child process, until it is killed.
fn serve(arguments: &[String]) {
    let [kind, redis] = arguments else {
        panic!("usage: http serve KIND REDIS")
    };
    runtime().block_on(async {
        let app = router(kind, redis).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        println!("{}", listener.local_addr().expect("it is bound").port());
        axum::serve(listener, app).await.expect("it serves");
    });
}

async fn router(kind: &str, redis: &str) -> Router {
    match kind {
        "none" => app::bare_routes(),
        "cookie" => app::router(in_cookie()),
        "memory" => app::router(in_memory()),
        "redis" => {
            let driver = RedisDriver::connect(redis).await.expect("it connects");
            let manager = SessionManager::builder(driver, secret()).build();
            app::router(manager.expect("the defaults are valid"))
        }
        "tower-sessions-cookie" => tower_sessions::cookie_router(),
        "tower-sessions-memory" => tower_sessions::memory_router(),
        other => panic!("no such kind of sessions: {other}"),
    }
}

const KINDS: [(&str, &str); 6] = [
    ("no sessions", "none"),
    ("ours, cookie", "cookie"),
    ("ours, memory", "memory"),
    ("ours, Redis", "redis"),
    ("tower-sessions, cookie", "tower-sessions-cookie"),
    ("tower-sessions, memory", "tower-sessions-memory"),
];
const ROUNDS: usize = 7;
/// Several times the number of connections.
const VISITORS: usize = 128;
