//! From a configuration to a manager.

use session_core::{ConfigError, DriverName, SessionConfig, SessionManager};

/// Makes the driver that `config` names, connects it, and builds its manager.
///
/// # Errors
///
/// A [`ConfigError`] when a setting is impossible, the driver is not among the crate's features, or its store cannot be
/// reached.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), session_tower::ConfigError> {
/// use session_tower::SessionConfig;
///
/// let vars = |name: &str| (name == "SESSION_SECRET").then(|| "0123456789abcdef0123456789abcdef");
/// let manager = session_tower::connect(&SessionConfig::from_vars(vars)?).await?;
/// assert!(!manager.can_revoke(), "the cookie driver is the default");
/// # Ok(())
/// # }
/// ```
pub async fn connect(config: &SessionConfig) -> Result<SessionManager, ConfigError> {
    match config.driver() {
        #[cfg(feature = "cookie")]
        DriverName::Cookie => config.builder(session_cookie::CookieDriver)?.build(),
        #[cfg(feature = "memory")]
        DriverName::Memory => config.builder(session_core::MemoryDriver::new())?.build(),
        #[cfg(feature = "redis")]
        DriverName::Redis => {
            let url = config.redis_url().unwrap_or(DEFAULT_REDIS_URL);
            let driver = session_redis::RedisDriver::builder(url)
                .prefix(config.prefix())
                .connect()
                .await?;
            config.builder(driver)?.build()
        }
        #[allow(
            unreachable_patterns,
            reason = "reached unless every driver is among the features"
        )]
        other => Err(ConfigError::new(
            "SESSION_DRIVER",
            format!("the driver {other} is not built in"),
            format!("turn on the feature `{other}` of the session crate, or choose another driver"),
        )),
    }
}

/// Where Redis is unless `REDIS_URL` says otherwise.
#[cfg(feature = "redis")]
const DEFAULT_REDIS_URL: &str = "redis://127.0.0.1:6379";
