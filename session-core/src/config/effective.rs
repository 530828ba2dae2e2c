//! The settings in force, for people and tools outside the service.

use std::fmt;

use serde::Serialize;

use super::options::TokenHeaders;
use super::settings::StoreOptions;
use super::unit::{Amount, Unit};
use crate::{
    Caching, ClearSiteData, CookieOptions, Establish, OnOutage, OnSaveFailure, Opening, Renewal,
    SessionManager, Transport,
};

/// The settings in force in a manager, wherever they were made: in the environment, in a file or in code. Created by
/// [`SessionManager::settings`].
///
/// `Display` writes them as JSON that [`SessionConfig`](crate::SessionConfig) reads, with a name for each setting, so a
/// service can print them for `session-tool --config -`. Serialize them for another format.
///
/// There is no secret and no URL among them. Whoever reads them adds those [from the
/// environment](crate::SessionConfig::with_env). The key `effective` makes sure that no other variable replaces what is in
/// force.
///
/// The driver's settings, such as the prefix, are there if the manager was built from a
/// [`SessionConfig`](crate::SessionConfig), and they say what that one says. What a driver was given in code is not among
/// them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use session_core::{CookieOptions, MemoryDriver, Secret, SessionConfig};
///
/// let config = SessionConfig::default().with_secret(Secret::generate()?);
/// let manager = config
///     .builder(MemoryDriver::new())?
///     .cookie(CookieOptions::default().name("__Host-Http-shop"))
///     .lifetime(Duration::from_secs(90))
///     .build()?;
/// let printed = manager.settings().to_string();
///
/// let read: SessionConfig = serde_json::from_str(&printed)?;
/// assert_eq!(read.cookie(), &CookieOptions::default().name("__Host-Http-shop"));
/// assert!(read.secret().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Settings<'a> {
    effective: bool,
    #[serde(flatten)]
    store: Option<&'a StoreOptions>,
    lifetime: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    absolute_lifetime: Option<Amount>,
    grace: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions_per_owner: Option<usize>,
    max_bytes: usize,
    renewal: Renewal,
    establish: Establish,
    opening: Opening,
    on_outage: OnOutage,
    on_save_failure: OnSaveFailure,
    caching: Caching,
    transport: Transport,
    clear_site_data: ClearSiteData,
    accept_without_expiry: bool,
    // Last, because TOML writes tables after values.
    token_headers: TokenHeaders,
    cookie: &'a CookieOptions,
}

impl SessionManager {
    /// Returns the settings in force, without secrets. Print them for `session-tool`.
    #[must_use]
    pub fn settings(&self) -> Settings<'_> {
        let (options, lifetimes) = (&self.0.options, &self.0.options.lifetimes);
        Settings {
            effective: true,
            store: self.0.store.as_ref(),
            lifetime: Unit::Minutes.amount(lifetimes.idle),
            absolute_lifetime: lifetimes.absolute.map(|end| Unit::Minutes.amount(end)),
            grace: Unit::Seconds.amount(options.grace),
            owner_key: options.owner_key.as_deref(),
            sessions_per_owner: options.sessions_per_owner,
            max_bytes: options.max_bytes,
            renewal: lifetimes.renewal,
            establish: options.establish,
            opening: options.opening,
            on_outage: options.on_outage,
            on_save_failure: options.on_save_failure,
            caching: options.caching,
            transport: options.transport,
            clear_site_data: options.clear_site_data,
            accept_without_expiry: lifetimes.accept_without_expiry,
            token_headers: options.token_headers,
            cookie: self.0.cookie.options(),
        }
    }
}

impl fmt::Display for Settings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?;
        f.write_str(&json)
    }
}
