//! Fills the memory driver with a million sessions. Measures the bytes per session, the time of a
//! lookup by the number of sessions, and the longest delay of a request while the driver grows and
//! while it removes expired sessions.
//!
//! ```text
//! cargo run --profile measure -p session-bench --bin memory
//! ```
//!
//! The longest delay is processor time of the thread, where there is such a clock. Wall-clock time
//! would mostly show what else the machine does.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use pollster::block_on;
use session_bench::clock::thread_time;
use session_bench::report::{Results, Table};
use session_bench::rounds::median;
use session_bench::session::{SECRET, values};
use session_core::{Driver, ManualClock, MemoryDriver, Outcome, Secret, SessionManager, Timestamp};

fn main() {
    let results = Results::from_arguments();
    let mut sizes = Table::new(
        "memory",
        "Live sessions in the memory driver",
        &["bytes each", "ns a lookup"],
    );
    let mut stalls = Table::new(
        "memory-stalls",
        "The time of a request with a new session, in µs",
        &["requests", "median", "99.9 %", "longest"],
    );

    let mut crowd = Crowd::new();
    let mut growing = Vec::with_capacity(MILLION);
    for size in [1_000, 10_000, 100_000, MILLION] {
        while crowd.ids.len() < size {
            growing.push(crowd.visit());
        }
        sizes.row(size.to_string(), [crowd.bytes_each(), Some(crowd.lookup())]);
    }
    stalls.row("while it grows to a million", quantiles(growing));

    // Every session expires at once. The requests that follow, each of a new visitor, remove them.
    crowd.end();
    let mut sweeping = Vec::with_capacity(MILLION);
    while crowd.driver.len() > sweeping.len() {
        sweeping.push(crowd.visit());
    }
    stalls.row("while a million are swept", quantiles(sweeping));

    results.add(&sizes);
    results.add(&stalls);
}

/// Many visitors, each with the session that every program measures.
struct Crowd {
    driver: Arc<MemoryDriver>,
    manager: SessionManager,
    clock: ManualClock,
    values: Vec<(String, serde_json::Value)>,
    /// Allocated at the start, so that it does not count.
    ids: Vec<[u8; ID]>,
    bytes_before: Option<u64>,
}

impl Crowd {
    fn new() -> Self {
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        let driver = Arc::new(MemoryDriver::new().with_clock(clock.clone()));
        let secret = Secret::new(SECRET).expect("it is long enough");
        let manager = SessionManager::builder(Arc::clone(&driver), secret)
            .clock(clock.clone())
            .build()
            .expect("the defaults are valid");
        let mut ids = vec![[1; ID]; 2 * MILLION];
        ids.clear();
        Self {
            driver,
            manager,
            clock,
            values: values().into_iter().collect(),
            ids,
            bytes_before: resident_bytes(),
        }
    }

    /// Creates the session of a new visitor. Returns how long that took.
    fn visit(&mut self) -> Duration {
        let start = thread_time();
        let outcome = block_on(async {
            let session = self.manager.open(None).await.expect("it cannot fail");
            for (key, value) in &self.values {
                session.put(key, value).expect("there is room");
            }
            self.manager.commit(&session).await.expect("it cannot fail")
        });
        let took = thread_time().saturating_sub(start);
        let Outcome::Set(token) = outcome else {
            panic!("a new session sets its cookie");
        };
        let id = token.as_str().as_bytes()[..ID].try_into();
        self.ids.push(id.expect("a token begins with the id"));
        took
    }

    /// Lets the lifetime of every session pass.
    fn end(&mut self) {
        self.clock.advance(self.manager.lifetime());
        self.ids.clear();
    }

    fn bytes_each(&self) -> Option<f64> {
        let grown = resident_bytes()?.checked_sub(self.bytes_before?)?;
        Some(grown as f64 / self.ids.len() as f64)
    }

    /// Returns the nanoseconds of one lookup: the median of rounds over sessions in random order.
    fn lookup(&self) -> f64 {
        let mut at = 0;
        let rounds = (0..ROUNDS).map(|_| {
            let start = thread_time();
            for _ in 0..LOOKUPS {
                // Coprime with every size here, and a large step, so that neighbors are not cached.
                at = (at + 7_368_787) % self.ids.len();
                let id = std::str::from_utf8(&self.ids[at]).expect("an id is ASCII");
                let loaded = block_on(self.driver.load(id)).expect("it cannot fail");
                assert!(black_box(loaded).is_some());
            }
            thread_time().saturating_sub(start).as_nanos() as f64 / LOOKUPS as f64
        });
        median(rounds.collect())
    }
}

fn quantiles(mut times: Vec<Duration>) -> [Option<f64>; 4] {
    times.sort();
    let micros = |at: usize| Some(times[at.min(times.len() - 1)].as_nanos() as f64 / 1_000.0);
    [
        Some(times.len() as f64),
        micros(times.len() / 2),
        micros(times.len() * 999 / 1_000),
        micros(times.len()),
    ]
}

/// Returns the resident memory of this process.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024)
}

const MILLION: usize = 1_000_000;
/// The length of an id: a UUID as text.
const ID: usize = 36;
const ROUNDS: usize = 21;
const LOOKUPS: usize = 20_000;
