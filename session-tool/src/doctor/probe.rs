//! Asking the Redis server, for the checks that need one.

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
use crate::failure::Failure;
use crate::store;

pub(crate) async fn checks(config: &SessionConfig) -> Vec<Check> {
    match store::open(config).await {
        Ok(driver) => {
            let mut checks = vec![
                Check::ok("redis", "answers, and accepts its user"),
                Check::ok(
                    "rights",
                    "its user may read, write and run scripts (EVAL, EVALSHA)",
                ),
                loads(&driver).await,
            ];
            checks.extend(servers(driver.pool().next()).await);
            checks
        }
        // It answers, but the driver cannot work with it: the rest may tell why.
        Err(error) if is_refusal(&error) => {
            let mut checks = vec![
                Check::ok("redis", "answers, and accepts its user"),
                refused("rights", &error),
            ];
            let url = config.redis_url().unwrap_or(RedisDriver::DEFAULT_URL);
            if let Ok(client) = connect(url).await {
                checks.extend(servers(&client).await);
                // It ends with the program if it does not end now.
                let _ = client.quit().await;
            }
            checks
        }
        Err(error) if error.setting() == "SESSION_PREFIX" => vec![refused("prefix", &error)],
        Err(error) => vec![refused("redis", &error)],
    }
}

/// Whether a server answered, and did not like what it was asked.
fn is_refusal(error: &ConfigError) -> bool {
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

fn refused(name: &'static str, error: &ConfigError) -> Check {
    let detail = format!("{} {}", error.setting(), error.problem());
    let detail = Failure::caused(detail, error.source()).to_string();
    Check::fail(name, detail, error.remedy())
}

/// Loads a session that is not there, as a request would.
async fn loads(driver: &RedisDriver) -> Check {
    let mut loads = Vec::with_capacity(LOADS);
    for _ in 0..LOADS {
        let start = Instant::now();
        if let Err(error) = driver.load("session-tool-doctor").await {
            let error = Failure::from(error).to_string();
            return Check::fail("latency", error, "check that the server is not overloaded");
        }
        loads.push(start.elapsed());
    }
    // The first one brings the script to the server.
    latency::check(loads.split_off(1))
}

/// What every server says of itself.
async fn servers(client: &Client) -> Vec<Check> {
    let servers = if client.is_clustered() {
        client.active_connections().into_iter().map(Some).collect()
    } else {
        vec![None]
    };
    let mut checks = Vec::new();
    for server in servers {
        let name = server.as_ref().map(ToString::to_string).unwrap_or_default();
        // One that does not tell is one without values.
        let text = info(client, server).await.unwrap_or_default();
        checks.extend(Info::parse(&text).checks(&name));
    }
    checks
}

async fn info(client: &Client, server: Option<Server>) -> Result<String, FredError> {
    let command = CustomCommand::new("INFO", ClusterHash::FirstKey, false);
    let arguments: Vec<String> = Vec::new();
    let asking = async {
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
    within(asking).await
}

/// Connects without showing that sessions would work.
async fn connect(url: &str) -> Result<Client, FredError> {
    let client = Builder::from_config(Config::from_url(url)?).build()?;
    within(client.init()).await?;
    Ok(client)
}

async fn within<T>(work: impl Future<Output = Result<T, FredError>>) -> Result<T, FredError> {
    let answer = tokio::time::timeout(PATIENCE, work).await;
    answer.unwrap_or_else(|_| Err(FredError::new(ErrorKind::Timeout, "no answer")))
}

const LOADS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(3);
