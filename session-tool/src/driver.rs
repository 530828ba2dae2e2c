//! The drivers, as the service makes them.

use std::sync::Arc;

use session_cookie::CookieDriver;
use session_core::{ConfigError, Driver, DriverName, Error, SessionConfig};
use session_redis::RedisDriver;
use session_sealed::Sealed;
use session_sqlx::SqlxDriver;

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

/// A store on a server, without encryption.
pub(crate) enum Store {
    Redis(RedisDriver),
    Database(SqlxDriver),
}

/// Connects to the store that the settings name, and encrypts the records if they say so.
pub(crate) async fn server_side(config: &SessionConfig) -> Result<Arc<dyn Driver>, ConfigError> {
    let driver = connect(config).await?.driver();
    if !config.encrypts() {
        return Ok(driver);
    }
    let driver = Sealed::new(driver, &config.key_ring()?)?;
    Ok(Arc::new(driver.plain_records(config.plain_records())))
}

/// Connects to the store that the settings name, which is Redis if they name none.
pub(crate) async fn connect(config: &SessionConfig) -> Result<Store, ConfigError> {
    Ok(if is_database(config.driver()) {
        Store::Database(database(config).await?)
    } else {
        Store::Redis(redis(config).await?)
    })
}

/// Connects to Redis. Commands run one after the other, so one connection is enough.
pub(crate) async fn redis(config: &SessionConfig) -> Result<RedisDriver, ConfigError> {
    RedisDriver::from_config(config)
        .pool_size(1)
        .connect()
        .await
}

/// Connects to the database, but creates nothing there.
pub(crate) async fn database(config: &SessionConfig) -> Result<SqlxDriver, ConfigError> {
    SqlxDriver::from_config(config)
        .pool_size(1)
        .create_table(false)
        .connect()
        .await
}

pub(crate) const fn is_database(driver: DriverName) -> bool {
    use DriverName::{MySql, Postgres, Sqlite};
    matches!(driver, Postgres | MySql | Sqlite)
}

impl Store {
    pub(crate) fn driver(self) -> Arc<dyn Driver> {
        match self {
            Self::Redis(driver) => Arc::new(driver),
            Self::Database(driver) => Arc::new(driver),
        }
    }

    pub(crate) async fn count(&self) -> Result<u64, Error> {
        match self {
            Self::Redis(driver) => driver.count().await,
            Self::Database(driver) => driver.count().await,
        }
    }
}
