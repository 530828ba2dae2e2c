//! `inspect`: decodes a cookie and checks whether the service accepts it.

use std::sync::Arc;

use session_cookie::CookieDriver;
use session_core::{
    ConfigError, Driver, DriverName, Error, KeyRing, ManualClock, OnOutage, Record, SessionConfig,
    SessionManager,
};

use crate::args::Inspect;
use crate::driver;
use crate::failure::Failure;
use crate::finding::{Context, Finding};
use crate::input::{self, is_uuid};
use crate::output::{self, Answer};
use crate::variables::Variables;
use crate::verdict::{Reason, Verdict};

pub(crate) async fn run(arguments: &Inspect, variables: &Variables) -> Result<Answer, Failure> {
    let input = input::read(arguments.cookie.as_deref(), "cookie", variables)?;
    let config = variables.config()?;
    if arguments.at.is_some() && config.driver() != DriverName::Cookie {
        return Err(Failure::new(format!(
            "--at works only with the cookie driver, but SESSION_DRIVER is {}; a store knows only the present",
            config.driver()
        )));
    }
    let inspector = Inspector {
        keys: config.key_ring()?,
        clock: arguments.at.map(ManualClock::new),
        accept_without_expiry: arguments.accept_without_expiry,
        config,
    };
    let local = inspector.manager(driver::cookie(&inspector.config)?)?;
    let tokens = input::tokens(&local, &input);
    let (position, finding, failure) = inspector.inspect(&tokens, local.cookie_name()).await?;
    let context = Context {
        now: local.now(),
        cookie_name: local.cookie_name(),
        driver: inspector.config.driver(),
        keys: inspector.keys.size(),
        full_id: arguments.full_id,
        position: (position, tokens.len()),
    };
    if arguments.json {
        output::print_json(&finding.json(context))?;
    } else {
        output::print(&finding.text(context))?;
    }
    match (finding.verdict, failure) {
        (Verdict::Unknown, Some(failure)) => Err(failure),
        (Verdict::Valid, _) => Ok(Answer::Yes),
        _ => Ok(Answer::No),
    }
}

struct Inspector {
    config: SessionConfig,
    keys: KeyRing,
    clock: Option<ManualClock>,
    accept_without_expiry: bool,
}

/// Where the service would look up the session.
struct Store {
    driver: Arc<dyn Driver>,
    manager: SessionManager,
}

impl Inspector {
    /// Finds the cookie that the service would use: the first valid one. If there is none, picks the first of those that
    /// say the most about the session. Returns its position, counting from 1, and why the store could not be asked.
    async fn inspect(
        &self,
        tokens: &[String],
        cookie_name: &str,
    ) -> Result<(usize, Finding, Option<Failure>), Failure> {
        let mut findings: Vec<Finding> = tokens
            .iter()
            .map(|token| match self.keys.verify(token) {
                Some(verified) => Finding::signed(token, cookie_name, verified.key),
                None => Finding::unsigned(token, cookie_name, &self.keys),
            })
            .collect();
        // Like the service, ask the store only about signed cookies.
        let mut failure = None;
        if findings.iter().any(|finding| finding.key.is_some())
            && let Err(error) = self.look_up_all(tokens, &mut findings).await
        {
            failure = Some(error);
            for (token, finding) in tokens.iter().zip(&mut findings) {
                self.examine(token, finding).await;
            }
        }
        let best = |wanted: &dyn Fn(&Finding) -> bool| findings.iter().position(wanted);
        let position = best(&|finding| finding.verdict == Verdict::Valid)
            .or_else(|| best(&|finding| finding.verdict == Verdict::Unknown))
            .or_else(|| best(&|finding| finding.key.is_some()))
            .unwrap_or_default();
        let finding = findings.into_iter().nth(position);
        Ok((
            position + 1,
            finding.unwrap_or_else(Finding::absent),
            failure,
        ))
    }

    async fn look_up_all(
        &self,
        tokens: &[String],
        findings: &mut [Finding],
    ) -> Result<(), Failure> {
        let store = self.store().await?;
        for (token, finding) in tokens.iter().zip(&mut *findings) {
            self.look_up(&store, token, finding).await?;
            if finding.verdict == Verdict::Valid {
                break;
            }
        }
        self.check_limit(&store, tokens, findings).await
    }

    /// Asks the library for the decision, and the driver for the record behind it.
    async fn look_up(
        &self,
        store: &Store,
        token: &str,
        finding: &mut Finding,
    ) -> Result<(), Error> {
        let Some(verified) = self.keys.verify(token) else {
            return Ok(());
        };
        let loaded = store.driver.load(verified.handle).await?;
        let is_valid = !store.manager.open([token]).await?.is_new();
        let old = std::mem::replace(finding, Finding::absent());
        *finding = match loaded {
            Some(loaded) => {
                let verdict = match loaded.record.expires_at() {
                    _ if loaded.record.sealed_content().is_some() => {
                        Verdict::Invalid(Reason::Encrypted)
                    }
                    _ if is_valid => Verdict::Valid,
                    Some(_) => Verdict::Invalid(Reason::Expired),
                    None => Verdict::Invalid(Reason::NoExpiry),
                };
                old.with_record(verdict, self.config.driver(), loaded.record)
            }
            None => self.explain_absence(old, verified.handle).await,
        };
        Ok(())
    }

    /// Finds out what it can about a cookie whose store did not answer.
    async fn examine(&self, token: &str, finding: &mut Finding) {
        if let (Verdict::Unknown, Some(verified)) = (finding.verdict, self.keys.verify(token)) {
            let old = std::mem::replace(finding, Finding::absent());
            *finding = match cookie_record(verified.handle).await {
                Some(record) => old.with_record(FOREIGN, DriverName::Cookie, record),
                None => old.with_id(
                    Verdict::Unknown,
                    Some(self.config.driver()),
                    verified.handle,
                ),
            };
        }
    }

    /// Finds out why the driver has no session for a handle whose signature is correct.
    async fn explain_absence(&self, finding: Finding, handle: &str) -> Finding {
        match (self.config.driver(), cookie_record(handle).await) {
            (DriverName::Cookie, _) if is_uuid(handle) => finding.with_id(FOREIGN, None, handle),
            (DriverName::Cookie, Some(record)) => {
                finding.with_record(NOT_ENCRYPTED, DriverName::Cookie, record)
            }
            (DriverName::Cookie, None) if !self.config.encrypts() && is_sealed(handle) => {
                finding.with_reason(Reason::Encrypted)
            }
            (DriverName::Cookie, None) => finding.with_reason(Reason::NoSession),
            (_, Some(record)) => finding.with_record(FOREIGN, DriverName::Cookie, record),
            (driver, None) => {
                finding.with_id(Verdict::Invalid(Reason::NoRecord), Some(driver), handle)
            }
        }
    }

    /// Rejects a valid cookie that comes after more cookies than the service looks at.
    async fn check_limit(
        &self,
        store: &Store,
        tokens: &[String],
        findings: &mut [Finding],
    ) -> Result<(), Failure> {
        let is_valid = |finding: &&mut Finding| finding.verdict == Verdict::Valid;
        if tokens.len() > 1
            && let Some(finding) = findings.iter_mut().find(is_valid)
            && store
                .manager
                .open(tokens.iter().map(|token| &**token))
                .await?
                .is_new()
        {
            finding.verdict = Verdict::Invalid(Reason::TooMany);
        }
        Ok(())
    }

    async fn store(&self) -> Result<Store, Failure> {
        let driver: Arc<dyn Driver> = match self.config.driver() {
            DriverName::Cookie => driver::cookie(&self.config)?,
            DriverName::Redis | DriverName::Postgres | DriverName::MySql | DriverName::Sqlite => {
                driver::server_side(&self.config).await?
            }
            driver => {
                return Err(Failure::new(format!(
                    "SESSION_DRIVER is {driver}; its sessions live inside the service, where this program cannot see them"
                )));
            }
        };
        let manager = self.manager(Arc::clone(&driver))?;
        Ok(Store { driver, manager })
    }

    fn manager(&self, driver: impl Driver) -> Result<SessionManager, ConfigError> {
        let builder = self.config.builder(driver)?.on_outage(OnOutage::Refuse);
        let builder = match self.accept_without_expiry {
            true => builder.accept_without_expiry(true),
            // As the configuration file says.
            false => builder,
        };
        match &self.clock {
            Some(clock) => builder.clock(clock.clone()),
            None => builder,
        }
        .build()
    }
}

/// Returns the record in a cookie of the cookie driver.
async fn cookie_record(handle: &str) -> Option<Record> {
    let loaded = CookieDriver.load(handle).await.ok()??;
    Some(loaded.record)
}

/// Returns `true` if this looks like an encrypted record.
fn is_sealed(handle: &str) -> bool {
    handle.starts_with("v1.")
}

/// A plain record that the driver refuses, because the service encrypts.
const NOT_ENCRYPTED: Verdict = Verdict::Invalid(Reason::NotEncrypted);
const FOREIGN: Verdict = Verdict::Invalid(Reason::Foreign);
