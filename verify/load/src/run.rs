//! One run: a playground under load, from its start to its report.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use test_support::RedisServer;
use test_support::program::{Playground, Program};
use tokio::task::JoinSet;

use crate::arguments::{Driver, Fault};
use crate::delay::Delay;
use crate::metrics::Metrics;
use crate::target::{Outage, Target};
use crate::{shared, solo};

/// The parameters of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) playground: Playground,
    pub(crate) driver: Driver,
    pub(crate) fault: Fault,
    pub(crate) time: Duration,
}

impl Run {
    /// Runs, and prints the report. Returns `true` if it found no problem.
    pub(crate) async fn play(self) -> Result<bool, Box<dyn Error + Send + Sync>> {
        // Acknowledged writes survive.
        let durable = ["--appendonly", "yes", "--appendfsync", "always"];
        let mut redis = match (self.driver, self.fault) {
            (Driver::Cookie, _) => None,
            (Driver::Redis, Fault::Restart) => Some(RedisServer::with(&durable)),
            (Driver::Redis, _) => Some(RedisServer::start()),
        };
        let port = redis.as_ref().map_or(0, |redis| redis.port);
        let delay = match self.fault {
            Fault::Slow => Some(Delay::before(port, SLOW).await?),
            _ => None,
        };
        let port = delay.as_ref().map_or(port, |delay| delay.port);
        let vars = [
            // Nothing reads the log.
            ("RUST_LOG", "off"),
            ("SESSION_DRIVER", self.driver.name()),
            ("SESSION_COOKIE", "session"),
            ("REDIS_URL", &*format!("redis://127.0.0.1:{port}")),
        ];
        let program = Program::start(self.playground, &vars).await;
        let start = Instant::now();
        let target = Arc::new(Target {
            name: self.name(),
            address: program.address.trim_start_matches("http://").to_owned(),
            driver: self.driver,
            end: start + self.time,
            metrics: Metrics::new(),
            outage: Outage::default(),
        });
        let mut clients = self.clients(&target);
        let fault = async {
            if let (Fault::Restart, Some(redis)) = (self.fault, &mut redis) {
                tokio::time::sleep(self.time / 3).await;
                target.outage.begin();
                tokio::task::block_in_place(|| redis.kill());
                tokio::time::sleep(OUTAGE).await;
                tokio::task::block_in_place(|| redis.restart());
                target.outage.end();
            }
        };
        let (memory, ()) = tokio::join!(self.watch_memory(&program, start), fault);
        let memory = memory?;
        while let Some(client) = clients.join_next().await {
            client?;
        }
        let left = match &redis {
            Some(redis) => Some(records_left(redis).await),
            None => None,
        };
        Ok(self.report(&target, memory, left.as_deref()))
    }

    /// The name in the report, such as `axum cookie`.
    fn name(self) -> String {
        let name = self.playground.name.trim_end_matches("-playground");
        let fault = match self.fault {
            Fault::None => "",
            Fault::Slow => ", slow store",
            Fault::Restart => ", store restarted",
        };
        format!("{name} {}{fault}", self.driver.name())
    }

    fn clients(self, target: &Arc<Target>) -> JoinSet<()> {
        let mut clients = JoinSet::new();
        for _ in 0..SOLO_CLIENTS {
            clients.spawn(solo::visit(target.clone()));
        }
        match self.driver {
            // The client holds the only copy, so overlapping requests are not merged.
            Driver::Cookie => {
                clients.spawn(shared::stay(target.clone(), 1));
            }
            Driver::Redis => {
                clients.spawn(shared::stay(target.clone(), MEMBERS));
                clients.spawn(shared::come_and_go(target.clone(), MEMBERS));
            }
        }
        clients
    }

    /// Measures the program's resident memory in KiB after a tenth of the time, after half of it, and at the end.
    async fn watch_memory(self, program: &Program, start: Instant) -> std::io::Result<[u64; 3]> {
        let mut memory = [0; 3];
        for (memory, part) in memory.iter_mut().zip([0.1, 0.5, 1.0]) {
            let time = start + self.time.mul_f64(part);
            tokio::time::sleep_until(time.into()).await;
            let path = format!("/proc/{}/status", program.id());
            let status = std::fs::read_to_string(path)?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            *memory = number.ok_or_else(|| std::io::Error::other("no VmRSS"))?;
        }
        Ok(memory)
    }

    /// Prints the report. `left` is the number of records in the store.
    fn report(self, target: &Target, memory: [u64; 3], left: Option<&str>) -> bool {
        let counts = target.metrics.counts();
        let [start, middle, end] = memory.map(|kib| kib as f64 / 1_024.0);
        let mut text = format!(
            "{} requests in {} s, {:.0}/s, p50 {:.1} ms, p99 {:.1} ms; errors {}, lost updates {}; \
             RSS {start:.1}, {middle:.1}, {end:.1} MiB at start, middle, end",
            counts.requests,
            self.time.as_secs(),
            counts.requests as f64 / self.time.as_secs_f64(),
            counts.latency(0.5),
            counts.latency(0.99),
            counts.errors,
            counts.lost,
        );
        let is_flat = end < start * MAX_GROWTH;
        if !is_flat {
            text += " (GROWS)";
        }
        let mut is_clean = true;
        if let (Some(left), Fault::None | Fault::Slow) = (left, self.fault) {
            // All clients have logged out.
            is_clean = left == ":0" || counts.errors + counts.lost > 0;
            let _ = write!(text, "; records left {}", left.trim_start_matches(':'));
        }
        if let Some((down, refused, after)) = target.outage.lasted() {
            let (down, after) = (down.as_secs_f64(), after.as_secs_f64());
            let _ = write!(
                text,
                "; down {down:.1} s, {refused} requests refused, the last {after:.1} s after the restart"
            );
        }
        println!("load: {}: {text}", target.name);
        counts.errors == 0 && counts.lost == 0 && counts.requests > 0 && is_flat && is_clean
    }
}

/// Counts the records that the store still holds once the ids that logins left behind have expired.
async fn records_left(redis: &RedisServer) -> String {
    let end = Instant::now() + GRACE;
    loop {
        let left = redis.run("DBSIZE");
        if left == ":0" || Instant::now() > end {
            return left;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Clients with a session of their own.
const SOLO_CLIENTS: usize = 4;
/// Clients that share a session.
const MEMBERS: usize = 4;
/// The response time of a slow store.
const SLOW: Duration = Duration::from_millis(200);
/// The length of an outage. The driver gives up after 1 second, and clients would run in step with a multiple of that.
const OUTAGE: Duration = Duration::from_millis(5_500);
/// How long a regenerated id is known as moved, which is 10 seconds by default, and time for Redis to remove it.
const GRACE: Duration = Duration::from_secs(15);
/// The largest acceptable ratio of memory at the end to memory at the start.
const MAX_GROWTH: f64 = 1.25;
