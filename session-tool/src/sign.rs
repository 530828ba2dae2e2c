//! `sign`: creates a cookie from JSON.

use std::sync::Arc;

use session_core::{
    Clock, Driver, DriverName, Error, Expected, ManualClock, Outcome, RawValue, Record, Renewal,
    Saved, SessionConfig, SessionId, SessionManager, SystemClock, Timestamp, Values,
};

use crate::args::Sign;
use crate::driver;
use crate::failure::Failure;
use crate::input;
use crate::output::{self, Answer};
use crate::time::Expiry;
use crate::variables::Variables;

pub(crate) async fn run(arguments: &Sign, variables: &Variables) -> Result<Answer, Failure> {
    let data = input::read(
        arguments.data.as_deref().map(AsRef::as_ref),
        "data",
        variables,
    )?;
    let data = object(&data, "the data")?;
    let flash = object(
        arguments.flash.as_deref().unwrap_or("{}").as_bytes(),
        "the flash",
    )?;
    let config = variables.config()?;
    let id = match &arguments.id {
        Some(id) => SessionId::from_stored(id),
        None => Some(SessionId::random()?),
    };
    let id = id.ok_or_else(|| Failure::new("the id is empty; omit --id to use a random one"))?;

    let driver: Arc<dyn Driver> = match config.driver() {
        DriverName::Cookie => driver::cookie(&config)?,
        DriverName::Redis | DriverName::Postgres | DriverName::MySql | DriverName::Sqlite => {
            driver::server_side(&config).await?
        }
        driver => {
            return Err(Failure::new(format!(
                "SESSION_DRIVER is {driver}; only the service can create such sessions; use cookie or redis"
            )));
        }
    };
    let signer = Signer::new(&config, driver, arguments.expires_in)?;
    let outcome = signer.sign(id, &data, &flash).await?;
    let line = match (&outcome, signer.manager.set_cookie(&outcome)) {
        (_, Some(line)) if arguments.set_cookie => format!("Set-Cookie: {line}\n"),
        (Outcome::Set(token), _) => format!("{}\n", token.as_str()),
        _ => {
            return Err(Failure::new(
                "the session ended while it was being created; try again",
            ));
        }
    };
    output::print(&line)?;
    Ok(Answer::Yes)
}

struct Signer {
    driver: Arc<dyn Driver>,
    manager: SessionManager,
    keys: session_core::KeyRing,
    now: Timestamp,
}

impl Signer {
    fn new(
        config: &SessionConfig,
        driver: Arc<dyn Driver>,
        expires_in: Option<Expiry>,
    ) -> Result<Self, Failure> {
        let mut builder = config.builder(Arc::clone(&driver))?;
        let mut now = SystemClock.now();
        match expires_in {
            None => {}
            Some(Expiry::In(lifetime)) => builder = builder.lifetime(lifetime),
            Some(Expiry::Ago(_)) if driver.can_revoke() => {
                return Err(Failure::new(format!(
                    "cannot store an expired session in {}; pass a positive --expires-in",
                    config.driver()
                )));
            }
            Some(Expiry::Ago(ago)) => {
                // Create it in the past, when it had its whole lifetime left.
                let lifetime = config.builder(driver::cookie(config)?)?.build()?.lifetime();
                let age =
                    u64::try_from((lifetime.saturating_add(ago)).as_millis()).unwrap_or(u64::MAX);
                now = Timestamp::from_millis(now.as_millis().saturating_sub(age));
            }
        }
        // Otherwise, filling the session sends no cookie.
        builder = builder.renewal(Renewal::Always);
        Ok(Self {
            driver,
            manager: builder.clock(ManualClock::new(now)).build()?,
            keys: config.key_ring()?,
            now,
        })
    }

    /// Stores an empty session with this id, then fills it like a request of its client. So the library checks, stores
    /// and signs the values exactly as in a service.
    async fn sign(&self, id: SessionId, data: &Values, flash: &Values) -> Result<Outcome, Failure> {
        let lifetime = self.manager.lifetime();
        let empty = Record::new(id).expiring_at(self.now + lifetime);
        let Saved::Done { handle, .. } =
            self.driver.save(&empty, Expected::Absent, lifetime).await?
        else {
            return Err(Failure::new(
                "a session with this id already exists; choose another id, or revoke it first",
            ));
        };
        let token = self.keys.sign(handle);
        let session = self.manager.open([&*token]).await?;
        let result = fill(&session, data, flash);
        let result = match result {
            Ok(()) => self.manager.commit(&session).await,
            Err(error) => Err(error),
        };
        if result.is_err() {
            // Its cookie was never handed out. If the record cannot be removed, it expires.
            let _ = self.driver.destroy(empty.id()).await;
        }
        Ok(result?)
    }
}

fn fill(session: &session_core::Session, data: &Values, flash: &Values) -> Result<(), Error> {
    // A change to commit, even if there is no data.
    session.flush()?;
    for (key, raw) in data.iter() {
        session.put(&key, raw_value(raw)?)?;
    }
    for (key, raw) in flash.iter() {
        session.flash(&key, raw_value(raw)?)?;
    }
    Ok(())
}

fn raw_value(raw: &str) -> Result<Box<RawValue>, Error> {
    RawValue::from_string(raw.to_owned())
        .map_err(|error| Error::new(session_core::ErrorKind::Encode).with_source(error))
}

/// Parses a JSON object whose keys can be put one by one.
fn object(json: &[u8], what: &str) -> Result<Values, Failure> {
    let remedy = "pass an object such as '{\"user_id\":42}'";
    let json = std::str::from_utf8(json)
        .map_err(|_| Failure::new(format!("{what} is not valid UTF-8; {remedy}")))?;
    let values = Values::from_json(json).map_err(|error| {
        let source = std::error::Error::source(&error);
        Failure::caused(format!("{what} is not a JSON object; {remedy}"), source)
    })?;
    if values.iter().count() < values.len() {
        return Err(Failure::new(format!(
            "{what} contains a key that is not valid Unicode; rename it"
        )));
    }
    Ok(values)
}
