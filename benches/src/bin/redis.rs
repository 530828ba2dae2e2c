//! Throughput of sessions in Redis beside bare commands of the same client, in the same process and run.
//!
//! ```text
//! cargo run --release -p session-bench --bin redis
//! ```
//!
//! Starts a redis-server of its own. Two worker threads, the client's pool as `RedisDriver` makes it. Medians of
//! alternating runs; what counts is the ratio.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use session_core::{Outcome, Secret, SessionManager, Token};
use session_redis::RedisDriver;
use session_redis::fred::clients::Pool;
use session_redis::fred::interfaces::KeysInterface;
use session_redis::fred::types::Expiration;

const ROUNDS: usize = 7;
/// Of each task.
const REQUESTS: usize = 2_000;
/// As large as the session that is measured.
const VALUE: &str = r#"{"id":"11111111-1111-4111-8111-111111111111","data":{"user_id":42,"name":"Ada Lovelace","roles":["admin","editor"],"theme":"dark","cart":[{"sku":"A-1","qty":2},{"sku":"B-9","qty":1}],"visits":17},"flash_next":{}}"#;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let _server = Server(
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
            ])
            .stdout(Stdio::null())
            .spawn()?,
    );
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let driver = RedisDriver::connect(format!("redis://127.0.0.1:{port}")).await?;
    let pool = driver.pool().clone();
    let manager = SessionManager::builder(driver, Secret::generate()?).build()?;

    println!(
        "{:<14}{:>6}{:>12}{:>12}{:>8}",
        "", "tasks", "fred /s", "session /s", "ratio"
    );
    for tasks in [1, 64] {
        let (mut bare, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bare.push(run(tasks, |task| bare_read(pool.clone(), task)).await);
            ours.push(run(tasks, |_| read(manager.clone())).await);
        }
        report("read", tasks, bare, ours);
        let (mut bare, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bare.push(run(tasks, |task| bare_read_write(pool.clone(), task)).await);
            ours.push(run(tasks, |_| read_write(manager.clone())).await);
        }
        report("read + write", tasks, bare, ours);
    }
    Ok(())
}

fn report(what: &str, tasks: usize, mut bare: Vec<f64>, mut ours: Vec<f64>) {
    bare.sort_by(f64::total_cmp);
    ours.sort_by(f64::total_cmp);
    let (bare, ours) = (bare[ROUNDS / 2], ours[ROUNDS / 2]);
    println!(
        "{what:<14}{tasks:>6}{bare:>12.0}{ours:>12.0}{:>8.2}",
        ours / bare
    );
}

/// Requests a second of so many tasks, each with a session of its own.
async fn run<F: Future<Output = usize> + Send + 'static>(
    tasks: usize,
    task: impl Fn(usize) -> F,
) -> f64 {
    let start = Instant::now();
    let running: Vec<_> = (0..tasks).map(|n| tokio::spawn(task(n))).collect();
    let mut requests = 0;
    for task in running {
        requests += task.await.expect("a task failed");
    }
    requests as f64 / start.elapsed().as_secs_f64()
}

async fn bare_read(pool: Pool, task: usize) -> usize {
    let key = format!("bare:{task}");
    let expire = Some(Expiration::PX(7_200_000));
    let _: () = pool
        .set(&*key, VALUE, expire, None, false)
        .await
        .expect("it answers");
    for _ in 0..REQUESTS {
        let value: Bytes = pool.get(&*key).await.expect("it answers");
        assert!(!value.is_empty());
    }
    REQUESTS
}

async fn bare_read_write(pool: Pool, task: usize) -> usize {
    let key = format!("bare:{task}");
    for _ in 0..REQUESTS {
        let _: Option<Bytes> = pool.get(&*key).await.expect("it answers");
        let expire = Some(Expiration::PX(7_200_000));
        let _: () = pool
            .set(&*key, VALUE, expire, None, false)
            .await
            .expect("it answers");
    }
    REQUESTS
}

async fn read(manager: SessionManager) -> usize {
    let token = stored(&manager).await;
    for _ in 0..REQUESTS {
        let session = manager
            .open(Some(token.as_str()))
            .await
            .expect("it answers");
        assert_eq!(
            session.get::<u64>("user_id").expect("it is a number"),
            Some(42)
        );
        manager
            .commit(&session)
            .await
            .expect("there is nothing to save");
    }
    REQUESTS
}

async fn read_write(manager: SessionManager) -> usize {
    let token = stored(&manager).await;
    for n in 0..REQUESTS {
        let session = manager
            .open(Some(token.as_str()))
            .await
            .expect("it answers");
        session.put("visits", n).expect("there is room");
        manager.commit(&session).await.expect("it answers");
    }
    REQUESTS
}

async fn stored(manager: &SessionManager) -> Token {
    let session = manager.open(None).await.expect("it answers");
    let record = session_core::Record::from_json(VALUE).expect("it is a record");
    for key in record.data().keys() {
        let value: Box<session_core::RawValue> = record
            .data()
            .get(&key)
            .expect("it is JSON")
            .expect("it is there");
        session.put(&key, value).expect("there is room");
    }
    match manager.commit(&session).await.expect("it answers") {
        Outcome::Set(token) => token,
        other => panic!("a new session sets its cookie, not {other:?}"),
    }
}
