//! From settings to a manager.

#[cfg(any(
    feature = "memory",
    feature = "redis",
    feature = "postgres",
    feature = "mysql",
    feature = "sqlite"
))]
use session_core::Driver;
use session_core::{Builder, ConfigError, SessionConfig};

/// Starts a session manager from settings: creates the driver they name and connects it to its
/// store.
///
/// The [`Builder`] sets what a configuration file cannot. If there is nothing to add,
/// [`SessionLayer::from_config`] is shorter.
///
/// # Errors
///
/// Returns a [`ConfigError`] if a setting is invalid, if the feature of the driver or of encryption
/// is off, or if the store cannot be reached.
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
/// let manager = session_tower::builder(&config).await?.opening(Opening::Lazy).build()?;
/// assert!(!manager.can_revoke(), "the cookie driver is the default");
/// # Ok(())
/// # }
/// ```
///
/// [`SessionLayer::from_config`]: crate::SessionLayer::from_config
pub async fn builder(config: &SessionConfig) -> Result<Builder, ConfigError> {
    if config.encrypts() && cfg!(not(feature = "encryption")) {
        return Err(ConfigError::new(
            "SESSION_ENCRYPT",
            "encryption is not built in",
            "enable the feature `encryption` of your adapter, such as session-axum, or turn it off",
        ));
    }
    match config.driver() {
        #[cfg(all(feature = "cookie", feature = "encryption"))]
        session_core::DriverName::Cookie if config.encrypts() => {
            let driver = session_cookie::CookieDriver::encrypted(&config.key_ring()?)
                .plain_records(config.plain_records())
                .padded(config.pads_cookie());
            config.builder(driver)
        }
        #[cfg(feature = "cookie")]
        session_core::DriverName::Cookie => config.builder(session_cookie::CookieDriver),
        #[cfg(feature = "memory")]
        session_core::DriverName::Memory => server_side(config, session_core::MemoryDriver::new()),
        #[cfg(feature = "redis")]
        session_core::DriverName::Redis => {
            let driver = session_redis::RedisDriver::from_config(config);
            server_side(config, driver.connect().await?)
        }
        #[cfg(feature = "postgres")]
        session_core::DriverName::Postgres => database(config).await,
        #[cfg(feature = "mysql")]
        session_core::DriverName::MySql => database(config).await,
        #[cfg(feature = "sqlite")]
        session_core::DriverName::Sqlite => database(config).await,
        #[allow(
            unreachable_patterns,
            reason = "reached unless every driver's feature is on"
        )]
        other => Err(ConfigError::new(
            "SESSION_DRIVER",
            format!("the {other} driver is not built in"),
            format!(
                "enable the feature `{other}` of your adapter, such as session-axum, or choose another driver"
            ),
        )),
    }
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
async fn database(config: &SessionConfig) -> Result<Builder, ConfigError> {
    let driver = session_sqlx::SqlxDriver::from_config(config);
    server_side(config, driver.connect().await?)
}

/// Encrypts what the driver stores, if the settings say so.
#[cfg(any(
    feature = "memory",
    feature = "redis",
    feature = "postgres",
    feature = "mysql",
    feature = "sqlite"
))]
fn server_side(config: &SessionConfig, driver: impl Driver) -> Result<Builder, ConfigError> {
    #[cfg(feature = "encryption")]
    if config.encrypts() {
        let driver = session_sealed::Sealed::new(driver, &config.key_ring()?)?;
        return config.builder(driver.plain_records(config.plain_records()));
    }
    config.builder(driver)
}
