//! Queries to the Redis server.

use std::error::Error as _;
use std::time::{Duration, Instant};

use session_core::{ConfigError, Driver, SessionConfig};
use session_redis::RedisDriver;
use session_redis::fred::clients::Client;
use session_redis::fred::error::{Error as FredError, ErrorKind};
use session_redis::fred::interfaces::ClientLike;
use session_redis::fred::types::config::{Config, Server};
use session_redis::fred::types::{Builder, ClusterHash, CustomCommand};

use crate::doctor::check::Check;
use crate::doctor::latency;
use crate::doctor::server::Info;
use crate::driver;
use crate::failure::Failure;

pub(crate) async fn checks(config: &SessionConfig) -> Vec<Check> {
    match driver::redis(config).await {
        Ok(driver) => {
            let mut checks = vec![
                Check::ok("redis", "reachable, login accepted"),
                Check::ok(
                    "permissions",
                    "may read, write and run scripts (EVAL, EVALSHA)",
                ),
                measure_loads(&driver).await,
            ];
            checks.extend(servers(driver.pool().next()).await);
            checks
        }
        // Redis answers, but the driver cannot work with it. The other checks may show why.
        Err(error) if is_rejection(&error) => {
            let mut checks = vec![
                Check::ok("redis", "reachable, login accepted"),
                failed("permissions", &error),
            ];
            let url = config.redis_url().unwrap_or(RedisDriver::DEFAULT_URL);
            if let Ok(client) = connect(url).await {
                checks.extend(servers(&client).await);
                // If this fails, the connection ends with the program.
                let _ = client.quit().await;
            }
            checks
        }
        Err(error) if error.setting() == "SESSION_PREFIX" => vec![failed("prefix", &error)],
        Err(error) => vec![failed("redis", &error)],
    }
}

/// Returns `true` if a server answered, but rejected a command.
fn is_rejection(error: &ConfigError) -> bool {
    use ErrorKind::{Auth, Canceled, Config, IO, Timeout, Tls, Url};
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<FredError>());
    source.is_some_and(|source| {
        !matches!(
            source.kind(),
            Auth | Canceled | Config | IO | Timeout | Tls | Url
        )
    })
}

pub(super) fn failed(name: &'static str, error: &ConfigError) -> Check {
    let detail = format!("{} {}", error.setting(), error.problem());
    let detail = Failure::caused(detail, error.source()).to_string();
    Check::fail(name, detail, error.remedy())
}

/// Loads a nonexistent session several times, like a request would.
pub(super) async fn measure_loads(driver: &dyn Driver) -> Check {
    let mut loads = Vec::with_capacity(LOADS);
    for _ in 0..LOADS {
        let start = Instant::now();
        if let Err(error) = driver.load("session-tool-doctor").await {
            let error = Failure::from(error).to_string();
            return Check::fail("latency", error, "check that the server is not overloaded");
        }
        loads.push(start.elapsed());
    }
    // The first load sends the script to the server.
    latency::check(loads.split_off(1))
}

/// Checks what every server reports about itself.
async fn servers(client: &Client) -> Vec<Check> {
    let servers = if client.is_clustered() {
        client.active_connections().into_iter().map(Some).collect()
    } else {
        vec![None]
    };
    let mut checks = Vec::new();
    for server in servers {
        let name = server.as_ref().map(ToString::to_string).unwrap_or_default();
        // A server that refuses INFO counts as one that reports nothing.
        let text = info(client, server).await.unwrap_or_default();
        checks.extend(Info::parse(&text).checks(&name));
    }
    checks
}

async fn info(client: &Client, server: Option<Server>) -> Result<String, FredError> {
    let command = CustomCommand::new("INFO", ClusterHash::FirstKey, false);
    let arguments: Vec<String> = Vec::new();
    let answer = async {
        match server {
            Some(server) => {
                client
                    .with_cluster_node(server)
                    .custom(command, arguments)
                    .await
            }
            None => client.custom(command, arguments).await,
        }
    };
    within_patience(answer).await
}

/// Connects without the driver's check that sessions would work.
async fn connect(url: &str) -> Result<Client, FredError> {
    let client = Builder::from_config(Config::from_url(url)?).build()?;
    within_patience(client.init()).await?;
    Ok(client)
}

async fn within_patience<T>(
    work: impl Future<Output = Result<T, FredError>>,
) -> Result<T, FredError> {
    let answer = tokio::time::timeout(PATIENCE, work).await;
    answer.unwrap_or_else(|_| Err(FredError::new(ErrorKind::Timeout, "no answer")))
}

const LOADS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(3);
