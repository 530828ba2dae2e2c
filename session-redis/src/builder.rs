//! Settings, and connecting.

use std::sync::Arc;
use std::time::Duration;

use fred::error::{Error as FredError, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::Builder as FredBuilder;
use fred::types::config::{
    ClusterDiscoveryPolicy, Config, ReconnectPolicy, ServerConfig, UnresponsiveConfig,
};
use session_core::{ConfigError, SessionConfig};

use crate::RedisDriver;
use crate::credentials::{Credentials, Password};
use crate::settings::{
    check_password, check_pool_size, check_prefix, check_scheme, check_timeout, invalid_url,
};

impl RedisDriver {
    /// The URL that [`from_config`](Self::from_config) uses if `REDIS_URL` is not set.
    pub const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

    /// Connects to the server at `url` with the default settings.
    ///
    /// # Errors
    ///
    /// The same as for [`Builder::connect`].
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).connect().await
    }

    /// Starts to configure a driver for the server at `url`. [`Builder`] lists the forms of URLs.
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder {
            url: url.into(),
            prefix: SessionConfig::default().prefix().to_owned(),
            password: None,
            pool_size: None,
            timeout: Duration::from_secs(1),
            announces_endings: false,
        }
    }

    /// Starts to configure a driver from a [`SessionConfig`]: its URL (`REDIS_URL`, or
    /// [`DEFAULT_URL`](Self::DEFAULT_URL) if that is not set) and its prefix (`SESSION_PREFIX`).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn f() -> Result<(), session_core::ConfigError> {
    /// use session_core::SessionConfig;
    /// use session_redis::RedisDriver;
    ///
    /// let config = SessionConfig::from_env()?;
    /// let driver = RedisDriver::from_config(&config).connect().await?;
    /// let manager = config.builder(driver)?.build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_config(config: &SessionConfig) -> Builder {
        Self::builder(config.redis_url().unwrap_or(Self::DEFAULT_URL)).prefix(config.prefix())
    }
}

/// Settings of a [`RedisDriver`]. Created by [`RedisDriver::builder`].
///
/// The URL names the kind of deployment. `valkey` works in place of `redis` everywhere:
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
    password: Option<Password>,
    pool_size: Option<usize>,
    timeout: Duration,
    announces_endings: bool,
}

impl Builder {
    /// Sets the prefix of every key, so that several applications can share a database. Default:
    /// `session:`.
    ///
    /// The prefix may be empty. It must not contain spaces, control characters or braces; braces
    /// would put all keys into one slot of a Cluster.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets a function that returns the password, which replaces the one in the URL. The driver calls
    /// it for every new connection, so that a password can be rotated without a restart. The user
    /// name stays the one in the URL. Default: the password in the URL.
    ///
    /// The function runs on the runtime, so it must not block for long. It is not available with
    /// Sentinel, where the client would send the password to the sentinels too.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn f() -> Result<(), session_core::ConfigError> {
    /// use session_redis::RedisDriver;
    ///
    /// // Another process keeps the file up to date.
    /// let password = || std::fs::read_to_string("/run/secrets/redis").unwrap_or_default();
    /// let driver = RedisDriver::builder("redis://app@localhost")
    ///     .password(password)
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn password(mut self, password: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.password = Some(Arc::new(password));
        self
    }

    /// Sets the number of connections to each server, at least 1. Default: 1, or 4 with a Cluster.
    ///
    /// A single connection carries the commands of all requests in few packets, so under load it is
    /// faster than four connections, by a tenth or so. More connections help with large sessions,
    /// where commands wait behind each other's data. They also help with a Cluster: while a master is
    /// down, the connection that searches for its replacement serves nothing else.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.pool_size = Some(connections);
        self
    }

    /// Sets how long one command may take, including the time to connect: between 10 milliseconds
    /// and 60 seconds. The driver gives up on a command at most a tenth later. Default: 1 second,
    /// so that a request gets its response within 2 seconds even if the server is down.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Announces every ending by `PUBLISH`, in the channel that is named after the prefix and `ended`:
    /// `session:ended`. All servers can follow them with [`RedisDriver::endings`]. Default: off.
    ///
    /// An id ends by a logout and by `revoke`, and when the session gets another id by `regenerate`.
    /// Expired and evicted sessions are not announced. The Redis user also needs `PUBLISH`, and
    /// `SUBSCRIBE` to follow: `+publish +subscribe &session:ended`.
    pub fn announce_endings(mut self) -> Self {
        self.announces_endings = true;
        self
    }

    /// Connects, and checks that the connection may write and run scripts.
    ///
    /// If the connection breaks later, or leads to a server that no longer takes writes, the driver
    /// reconnects in the background. The wait between attempts grows from 100 milliseconds to 2
    /// seconds, plus a random part.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the remedy if
    ///
    /// - the URL is invalid, or asks for TLS without the feature `tls`;
    /// - the prefix, the pool size or the timeout is out of range;
    /// - a [`password`](Self::password) function is set for a Sentinel URL;
    /// - the server does not respond within 5 seconds, or within the timeout if that is longer;
    /// - the server rejects the password, the database, writes or scripts.
    pub async fn connect(self) -> Result<RedisDriver, ConfigError> {
        check_prefix(&self.prefix)?;
        check_timeout(self.timeout)?;
        let mut config =
            Config::from_url(&self.url).map_err(|error| invalid_url().with_source(error))?;
        check_scheme(&self.url, cfg!(feature = "tls"))?;
        if let Some(password) = self.password {
            check_password(&config.server)?;
            config.credential_provider = Some(Arc::new(Credentials {
                user: config.username.clone(),
                password,
            }));
        }
        let mut default_pool_size = 1;
        if let ServerConfig::Clustered { policy, .. } = &mut config.server {
            // Nodes come and go. One day, none of those in the URL may be left.
            *policy = ClusterDiscoveryPolicy::UseCache;
            default_pool_size = 4;
        }
        let pool_size = self.pool_size.unwrap_or(default_pool_size);
        check_pool_size(pool_size)?;
        let mut builder = FredBuilder::from_config(config);
        builder
            .set_policy(ReconnectPolicy::new_exponential(0, 100, 2_000, 2))
            .with_performance_config(|performance| {
                performance.default_command_timeout = self.timeout
            })
            .with_connection_config(|connection| {
                connection.connection_timeout = self.timeout;
                connection.internal_command_timeout = self.timeout;
                // A save that is sent twice would find the result of its first attempt and take it
                // for another request's.
                connection.max_command_attempts = 1;
                // fred counts a redirection as an attempt. With no attempts left, ASK would end its
                // task for good.
                connection.max_redirections = 0;
                connection.tcp.nodelay = Some(true);
                // While a Cluster client refreshes its topology, it reads from none of its
                // connections. A shorter limit would take the healthy ones for silent, drop them,
                // start another refresh, and so on. A refresh that meets a silent server takes one
                // timeout for it.
                connection.unresponsive = UnresponsiveConfig {
                    max_timeout: Some(self.timeout * REFRESH_LIMIT),
                    interval: self.timeout / 4,
                };
            });
        let pool = builder
            .build_pool(pool_size)
            .map_err(|error| url_error("cannot be used", "see the cause", error))?;
        let connected = tokio::time::timeout(CONNECT_LIMIT.max(self.timeout), pool.init())
            .await
            .unwrap_or_else(|_| Err(FredError::new(ErrorKind::Timeout, "no answer")));
        if let Err(error) = connected {
            // The tasks of a pool outlive it.
            let _ = pool.quit().await;
            return Err(explain(&error, false));
        }
        let driver = RedisDriver::from_pool(pool, &self.prefix, self.timeout)?;
        let driver = match self.announces_endings {
            true => driver.announcing_endings(),
            false => driver,
        };
        match driver.check_access().await {
            Ok(()) => Ok(driver),
            Err(error) => {
                let _ = driver.pool().quit().await;
                Err(explain(&error, self.announces_endings))
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

/// Turns the server's reply into a problem and its remedy.
fn explain(error: &FredError, announces_endings: bool) -> ConfigError {
    let details = error.details();
    let (problem, remedy) = if details.contains("READONLY") {
        (
            "points to a read-only replica",
            "use the address of the master, or connect through Sentinel or Cluster",
        )
    } else if details.contains("NOPERM") || details.contains("can't run this command") {
        (
            "points to a server that denies its user commands that sessions need",
            match announces_endings {
                false => {
                    "allow GET, GETRANGE, SET, DEL, PTTL, EVAL and EVALSHA on the prefix's keys"
                }
                true => {
                    "allow what the documentation of session-redis lists, with PUBLISH on the channel of endings"
                }
            },
        )
    } else if details.contains("unknown command") {
        (
            "points to a server that does not run scripts",
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
            "has no user name and password that the server accepts",
            "put them before the host: redis://user:password@host",
        )
    } else if details.contains("InvalidCertificate") {
        (
            "points to a server whose certificate is not trusted",
            "trust its certificate authority (SSL_CERT_FILE), and use a host name that the certificate covers",
        )
    } else if matches!(
        error.kind(),
        ErrorKind::IO | ErrorKind::Timeout | ErrorKind::Canceled
    ) {
        (
            "points to a server that does not respond",
            "check the host and the port, and that Redis is running",
        )
    } else {
        (
            "points to a server that rejects what sessions need",
            "see the cause",
        )
    };
    url_error(problem, remedy, error.clone())
}

fn url_error(problem: &str, remedy: &'static str, error: FredError) -> ConfigError {
    ConfigError::new("REDIS_URL", problem, remedy).with_source(error)
}

/// How long a topology refresh may take, in timeouts.
const REFRESH_LIMIT: u32 = 4;
/// For the first connection, which may have to discover a Cluster.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
