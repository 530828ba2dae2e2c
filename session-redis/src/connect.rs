//! Connecting.

use std::time::Duration;

use fred::error::{Error as FredError, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::Builder as FredBuilder;
use fred::types::config::{
    ClusterDiscoveryPolicy, Config, ReconnectPolicy, ServerConfig, UnresponsiveConfig,
};
use session_core::{ConfigError, SessionConfig};

use crate::RedisDriver;

/// Settings of a [`RedisDriver`]. Made by [`RedisDriver::builder`].
///
/// The URL says which kind of deployment it is; `valkey` may stand for `redis` everywhere:
///
/// | Deployment | URL |
/// |---|---|
/// | one server | `redis://[[user:]password@]host[:port][/database]` |
/// | Cluster | `redis-cluster://[[user:]password@]host[:port][?node=host:port&node=…]` |
/// | Sentinel | `redis-sentinel://[[user:]password@]host[:port][/database]?sentinelServiceName=name[&node=host:port…]` |
/// | Unix socket | `redis+unix:///path/to/socket` |
/// | with TLS (feature `tls`) | `rediss://…`, `rediss-cluster://…`, `rediss-sentinel://…` |
///
/// # Examples
///
/// ```no_run
/// # async fn f() -> Result<(), session_core::ConfigError> {
/// use std::time::Duration;
/// use session_redis::RedisDriver;
///
/// let driver = RedisDriver::builder("redis://localhost/2")
///     .prefix("shop:")
///     .timeout(Duration::from_millis(500))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it connects"]
pub struct Builder {
    url: String,
    prefix: String,
    pool_size: Option<usize>,
    timeout: Duration,
}

impl Builder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            prefix: SessionConfig::default().prefix().to_owned(),
            pool_size: None,
            timeout: Duration::from_secs(1),
        }
    }

    /// Sets what every key starts with, so that several applications can share a database. It may be empty, but
    /// contain neither spaces nor control characters nor braces, which would put all keys into one slot of a
    /// Cluster. Default: `session:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the number of connections, to each server. Default: 1, and 4 with a Cluster.
    ///
    /// One connection carries the commands of all requests in few packets, so it reads about twice as fast as four do. More
    /// are of use where sessions are large, since commands wait behind each other's data, and with a Cluster: while one of
    /// its masters is missing, the connection that looks for it answers nothing else.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.pool_size = Some(connections);
        self
    }

    /// Sets how long one command may take, connecting included, between 10 milliseconds and 60 seconds. It is given up
    /// at most a tenth later. Default: 1 second, so that a request to a dead server is answered within 2.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Connects, and shows that the connection may write and run scripts.
    ///
    /// Later the driver reconnects by itself, waiting 100 ms at first and 2 s at most between its tries, with a
    /// random part.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the remedy when the URL does not parse, the server cannot be reached, refuses
    /// the password, the database, writing or scripts, or the prefix or the timeout is not possible.
    pub async fn connect(self) -> Result<RedisDriver, ConfigError> {
        check_prefix(&self.prefix)?;
        check_timeout(self.timeout)?;
        let mut config =
            Config::from_url(&self.url).map_err(|error| unparsable().with_source(error))?;
        check_scheme(&self.url, cfg!(feature = "tls"))?;
        let mut pool_size = 1;
        if let ServerConfig::Clustered { policy, .. } = &mut config.server {
            // Nodes come and go: one day none may be left of those that the URL names.
            *policy = ClusterDiscoveryPolicy::UseCache;
            pool_size = 4;
        }
        let mut builder = FredBuilder::from_config(config);
        builder
            .set_policy(ReconnectPolicy::new_exponential(0, 100, 2_000, 2))
            .with_performance_config(|performance| {
                performance.default_command_timeout = self.timeout
            })
            .with_connection_config(|connection| {
                connection.connection_timeout = self.timeout;
                connection.internal_command_timeout = self.timeout;
                // A save that is sent twice would find its own first attempt and take it for another's.
                connection.max_command_attempts = 1;
                // fred counts a redirection as an attempt: with none left, ASK would end its task for ever.
                connection.max_redirections = 0;
                connection.tcp.nodelay = Some(true);
                // While a client of a Cluster looks around, it reads from none of its connections, and this would take the
                // healthy ones for silent, drop them, and make it look again, and so on. A look that meets a silent server
                // takes one timeout for it.
                connection.unresponsive = UnresponsiveConfig {
                    max_timeout: Some(self.timeout * LOOKS_MAY_TAKE),
                    interval: self.timeout / 4,
                };
            });
        let pool = builder
            .build_pool(self.pool_size.unwrap_or(pool_size))
            .map_err(|error| refused("cannot be used", "see the cause", error))?;
        let connected = tokio::time::timeout(CONNECT_LIMIT.max(self.timeout), pool.init())
            .await
            .unwrap_or_else(|_| Err(FredError::new(ErrorKind::Timeout, "no answer")));
        if let Err(error) = connected {
            // The tasks of a pool outlive it.
            let _ = pool.quit().await;
            return Err(explain(&error));
        }
        let driver = RedisDriver::from_pool(pool, &self.prefix, self.timeout)?;
        match driver.probe().await {
            Ok(()) => Ok(driver),
            Err(error) => {
                let _ = driver.pool().quit().await;
                Err(explain(&error))
            }
        }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

pub(crate) fn check_prefix(prefix: &str) -> Result<(), ConfigError> {
    match prefix
        .chars()
        .find(|c| c.is_whitespace() || c.is_control() || "{}".contains(*c))
    {
        None => Ok(()),
        Some(bad) => Err(ConfigError::new(
            "SESSION_PREFIX",
            format!("{prefix:?} contains {bad:?}"),
            "use letters, digits and colons, such as \"session:\"",
        )),
    }
}

/// Zero would mean no limit to the client, and what is beyond these bounds cannot be meant.
pub(crate) fn check_timeout(timeout: Duration) -> Result<(), ConfigError> {
    if (MIN_TIMEOUT..=MAX_TIMEOUT).contains(&timeout) {
        return Ok(());
    }
    Err(ConfigError::new(
        "redis timeout",
        format!("{timeout:?} is not possible"),
        "use 10 ms to 60 s; the default is 1 s",
    ))
}

/// The client takes any scheme for Redis, and one with TLS for one without where TLS is not built in, and would send the
/// password there.
fn check_scheme(url: &str, has_tls: bool) -> Result<(), ConfigError> {
    let scheme = url
        .split("://")
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let server = scheme
        .trim_end_matches("-cluster")
        .trim_end_matches("-sentinel")
        .trim_end_matches("+unix");
    match server {
        "redis" | "valkey" => Ok(()),
        "rediss" | "valkeys" if has_tls => Ok(()),
        "rediss" | "valkeys" => Err(ConfigError::new(
            "REDIS_URL",
            "asks for TLS, which is not built in",
            "turn on the feature `redis-tls` of your framework's crate, which is `tls` of session-redis",
        )),
        _ => Err(unparsable()),
    }
}

fn unparsable() -> ConfigError {
    ConfigError::new(
        "REDIS_URL",
        "does not parse",
        "use the form redis://[user:password@]host[:port][/database]",
    )
}

/// Puts the server's words into a problem and its remedy.
fn explain(error: &FredError) -> ConfigError {
    let details = error.details();
    let (problem, remedy) = if details.contains("READONLY") {
        (
            "leads to a read-only replica",
            "name the master, or use Sentinel or Cluster",
        )
    } else if details.contains("NOPERM") || details.contains("can't run this command") {
        (
            "leads to a server whose user may not do what sessions need",
            "allow GET, GETRANGE, SET, DEL, PTTL, EVAL and EVALSHA on the prefix's keys",
        )
    } else if details.contains("unknown command") {
        (
            "leads to a server that refuses scripts",
            "allow EVAL and EVALSHA there",
        )
    } else if details.contains("DB index") || details.contains("SELECT is not allowed") {
        (
            "names a database that the server does not have",
            "use one of its databases, usually 0 to 15",
        )
    } else if error.kind() == &ErrorKind::Auth
        || details.contains("WRONGPASS")
        || details.contains("NOAUTH")
    {
        (
            "has no user and password that the server accepts",
            "put them in front of the host: redis://user:password@host",
        )
    } else if details.contains("InvalidCertificate") {
        (
            "leads to a server whose certificate is not trusted",
            "trust its authority (SSL_CERT_FILE), and use a host that the certificate names",
        )
    } else if matches!(
        error.kind(),
        ErrorKind::IO | ErrorKind::Timeout | ErrorKind::Canceled
    ) {
        (
            "leads to no server that answers",
            "check the host, the port and that Redis runs",
        )
    } else {
        (
            "leads to a server that refuses what sessions need",
            "see the cause",
        )
    };
    refused(problem, remedy, error.clone())
}

fn refused(problem: &str, remedy: &'static str, error: FredError) -> ConfigError {
    ConfigError::new("REDIS_URL", problem, remedy).with_source(error)
}

/// In time limits.
const LOOKS_MAY_TAKE: u32 = 4;
/// For a first connection, which may have to look around in a Cluster.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

const MIN_TIMEOUT: Duration = Duration::from_millis(10);
const MAX_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_goes_in_the_clear_where_tls_was_asked_for() {
        for scheme in [
            "rediss",
            "REDISS",
            "valkeys",
            "rediss-cluster",
            "rediss-sentinel",
        ] {
            let url = format!("{scheme}://user:password@localhost");
            assert!(check_scheme(&url, true).is_ok(), "{scheme}");
            assert_eq!(
                check_scheme(&url, false).unwrap_err().to_string(),
                "REDIS_URL: asks for TLS, which is not built in; turn on the feature `redis-tls` of your framework's \
                 crate, which is `tls` of session-redis"
            );
        }
        for scheme in [
            "redis",
            "valkey",
            "redis-cluster",
            "valkey-sentinel",
            "redis+unix",
        ] {
            assert!(
                check_scheme(&format!("{scheme}://localhost"), false).is_ok(),
                "{scheme}"
            );
        }
    }
}
