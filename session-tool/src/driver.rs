//! The drivers, as the service makes them.

use std::sync::Arc;

use session_cookie::CookieDriver;
use session_core::{ConfigError, Driver, SessionConfig};
use session_redis::RedisDriver;
use session_sealed::Sealed;

/// Creates the cookie driver, which encrypts if the settings say so.
pub(crate) fn cookie(config: &SessionConfig) -> Result<Arc<dyn Driver>, ConfigError> {
    if !config.encrypts() {
        return Ok(Arc::new(CookieDriver));
    }
    let driver = CookieDriver::encrypted(&config.key_ring()?)
        .plain_records(config.plain_records())
        .padded(config.pads_cookie());
    Ok(Arc::new(driver))
}

/// Connects to Redis, and encrypts the records if the settings say so.
pub(crate) async fn redis(config: &SessionConfig) -> Result<Arc<dyn Driver>, ConfigError> {
    let driver = bare_redis(config).await?;
    if !config.encrypts() {
        return Ok(Arc::new(driver));
    }
    let driver = Sealed::new(driver, &config.key_ring()?)?;
    Ok(Arc::new(driver.plain_records(config.plain_records())))
}

/// Connects to Redis. Commands run one after the other, so one connection is enough.
pub(crate) async fn bare_redis(config: &SessionConfig) -> Result<RedisDriver, ConfigError> {
    RedisDriver::from_config(config)
        .pool_size(1)
        .connect()
        .await
}
