//! Configuration errors, found when a service starts.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// An invalid setting, found before the first request.
///
/// The message names the setting, the problem and the remedy. It does not repeat a value that may be a secret.
///
/// # Examples
///
/// ```
/// use session_core::{CookieOptions, SameSite};
///
/// let error = CookieOptions::default().name("my session").validate().unwrap_err();
/// assert_eq!(error.setting(), "cookie name");
/// assert_eq!(error.problem(), "\"my session\" contains ' '");
/// assert_eq!(
///     error.to_string(),
///     "cookie name: \"my session\" contains ' '; use letters, digits, '-' and '_' (RFC 6265, cookie-name)",
/// );
/// ```
pub struct ConfigError {
    setting: Cow<'static, str>,
    problem: String,
    remedy: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ConfigError {
    /// Creates an error about `setting`. The message is `setting`, then `problem`, then `remedy`.
    #[must_use]
    pub fn new(
        setting: impl Into<Cow<'static, str>>,
        problem: impl Into<String>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            setting: setting.into(),
            problem: problem.into(),
            remedy: remedy.into(),
            source: None,
        }
    }

    /// Adds the failure that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the name of the setting, or of the environment variable that it came from.
    #[must_use]
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// Returns what is wrong with the setting.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// Returns how to fix it.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// Replaces the setting's name by the one that the reader knows, such as an environment variable.
    pub(crate) fn named(mut self, setting: impl Into<Cow<'static, str>>) -> Self {
        self.setting = setting.into();
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.setting, self.problem, self.remedy)
    }
}

/// The message and its causes, because this is what a `main` that returns the error prints.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut source = self.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl StdError for ConfigError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_main_that_returns_it_prints_the_message_and_its_cause() {
        let error = ConfigError::new("REDIS_URL", "leads nowhere", "check it")
            .with_source("connection refused");
        assert_eq!(
            format!("{error:?}"),
            "REDIS_URL: leads nowhere; check it: connection refused"
        );
    }
}
