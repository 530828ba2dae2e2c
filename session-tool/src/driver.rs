//! The drivers, as the service makes them.

use std::sync::Arc;

use session_cookie::CookieDriver;
use session_core::{ConfigError, Driver, DriverName, Error, SessionConfig, SessionId};
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
    connect(config).await?.sealed(config)
}

/// Connects to the store that the settings name, which is Redis if they name none.
pub(crate) async fn connect(config: &SessionConfig) -> Result<Store, ConfigError> {
    Ok(if is_database(config.driver()) {
        let builder = SqlxDriver::from_config(config).timeout(PATIENCE);
        Store::Database(connected(builder).await?)
    } else {
        Store::Redis(redis(config).await?)
    })
}

/// Connects to the store that the settings name, to end sessions there. If the user of Redis may, the service hears of it.
pub(crate) async fn connect_to_end(config: &SessionConfig) -> Result<Store, ConfigError> {
    if !is_database(config.driver()) {
        let announcing = RedisDriver::from_config(config).pool_size(1);
        if let Ok(driver) = announcing.announce_endings().connect().await {
            return Ok(Store::Redis(driver));
        }
    }
    connect(config).await
}

/// Connects to Redis. Commands run one after the other, so one connection is enough.
pub(crate) async fn redis(config: &SessionConfig) -> Result<RedisDriver, ConfigError> {
    RedisDriver::from_config(config)
        .pool_size(1)
        .connect()
        .await
}

/// Connects to the database as fast as a service must.
pub(crate) async fn database(config: &SessionConfig) -> Result<SqlxDriver, ConfigError> {
    connected(SqlxDriver::from_config(config)).await
}

/// Connects to the database, but creates nothing there.
async fn connected(builder: session_sqlx::Builder) -> Result<SqlxDriver, ConfigError> {
    builder.pool_size(1).create_table(false).connect().await
}

pub(crate) const fn is_database(driver: DriverName) -> bool {
    use DriverName::{MySql, Postgres, Sqlite};
    matches!(driver, Postgres | MySql | Sqlite)
}

impl Store {
    pub(crate) fn driver(&self) -> Arc<dyn Driver> {
        match self {
            Self::Redis(driver) => Arc::new(driver.clone()),
            Self::Database(driver) => Arc::new(driver.clone()),
        }
    }

    /// Returns the driver, which encrypts if the settings say so.
    pub(crate) fn sealed(&self, config: &SessionConfig) -> Result<Arc<dyn Driver>, ConfigError> {
        if !config.encrypts() {
            return Ok(self.driver());
        }
        let driver = Sealed::new(self.driver(), &config.key_ring()?)?;
        Ok(Arc::new(driver.plain_records(config.plain_records())))
    }

    pub(crate) async fn count(&self) -> Result<u64, Error> {
        match self {
            Self::Redis(driver) => driver.count().await,
            Self::Database(driver) => driver.count().await,
        }
    }

    pub(crate) async fn ids_starting_with(&self, start: &str) -> Result<Vec<SessionId>, Error> {
        match self {
            Self::Redis(driver) => driver.ids_starting_with(start).await,
            Self::Database(driver) => driver.ids_starting_with(start).await,
        }
    }
}

/// How long a database may take to read the whole table.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
