//! From a configuration to a driver.

use session_core::{Builder, ConfigError, SessionConfig};

/// Makes the driver that `config` names, connects it, and starts building its manager: what the configuration does not
/// know can be set in code.
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
/// use session_tower::{Opening, SessionConfig};
///
/// let vars = |name: &str| (name == "SESSION_SECRET").then(|| "0123456789abcdef0123456789abcdef");
/// let config = SessionConfig::from_vars(vars)?;
/// let manager = session_tower::connect(&config).await?.opening(Opening::Lazy).build()?;
/// assert!(!manager.can_revoke(), "the cookie driver is the default");
/// # Ok(())
/// # }
/// ```
pub async fn connect(config: &SessionConfig) -> Result<Builder, ConfigError> {
    match config.driver() {
        #[cfg(feature = "cookie")]
        session_core::DriverName::Cookie => config.builder(session_cookie::CookieDriver),
        #[cfg(feature = "memory")]
        session_core::DriverName::Memory => config.builder(session_core::MemoryDriver::new()),
        #[cfg(feature = "redis")]
        session_core::DriverName::Redis => {
            let driver = session_redis::RedisDriver::from_config(config);
            config.builder(driver.connect().await?)
        }
        #[allow(
            unreachable_patterns,
            reason = "reached unless every driver is among the features"
        )]
        other => Err(ConfigError::new(
            "SESSION_DRIVER",
            format!("the driver {other} is not built in"),
            format!(
                "turn on the feature `{other}` of session-axum, or of your framework's crate, or choose another driver"
            ),
        )),
    }
}
