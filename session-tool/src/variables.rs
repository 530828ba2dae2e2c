//! The environment variables about sessions, and the secret from a file.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use session_core::{ConfigError, Secret, SessionConfig};

use crate::failure::Failure;
use crate::input;

/// The variables that the library reads, and those that tell whether this is production.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    values: BTreeMap<String, OsString>,
    secret_file: Option<PathBuf>,
}

impl Variables {
    pub(crate) fn from_env() -> Self {
        let values = NAMES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)));
        Self {
            values: values.collect(),
            secret_file: None,
        }
    }

    /// Reads the secret from a file instead of the environment, or from standard input if `path` is `-`.
    pub(crate) fn with_secret_file(mut self, path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(self);
        };
        let secret = if path == Path::new("-") {
            input::read_stdin("secret")?
        } else {
            fs::read(path).map_err(|error| {
                let path = path.display();
                Failure::new(format!(
                    "cannot read the secret file {path}; check the path and permissions ({error})"
                ))
            })?
        };
        let secret = String::from_utf8(secret)
            .map_err(|_| Failure::new(format!("{} is not valid UTF-8; {GENERATE}", named(path))))?;
        let secret = secret.strip_suffix('\n').unwrap_or(&secret);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        if secret.contains('\n') {
            let problem = "has several lines; keep one secret in it and list previous ones in SESSION_PREVIOUS_SECRETS";
            return Err(Failure::new(format!("{} {problem}", named(path))));
        }
        self.values.remove("APP_KEY");
        self.values
            .insert("SESSION_SECRET".to_owned(), secret.into());
        self.secret_file = Some(path.to_owned());
        Ok(self)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.values.get(name).map(OsString::as_os_str)
    }

    /// Returns `true` if the secret was read from standard input, so that nothing else can be.
    pub(crate) fn took_stdin(&self) -> bool {
        self.secret_file.as_deref() == Some(Path::new("-"))
    }

    /// Parses the settings like the service.
    pub(crate) fn config(&self) -> Result<SessionConfig, Failure> {
        SessionConfig::from_vars(|name| self.get(name)).map_err(|error| match error.setting() {
            "SESSION_SECRET" if self.secret_file.is_some() => {
                let source = self.source_of(&error);
                Failure::new(format!("{source} {}; {}", error.problem(), error.remedy()))
            }
            _ => error.into(),
        })
    }

    /// Parses the settings of the store, which needs no secret.
    pub(crate) fn store(&self) -> Result<SessionConfig, Failure> {
        let placeholder = placeholder()?;
        Ok(SessionConfig::from_vars(|name| match name {
            "SESSION_SECRET" => Some(placeholder.as_os_str()),
            "SESSION_DRIVER" | "REDIS_URL" | "SESSION_PREFIX" | "DATABASE_URL"
            | "SESSION_TABLE" => self.get(name),
            _ => None,
        })?)
    }

    /// Parses all valid settings, and returns the errors of the others.
    pub(crate) fn config_with_errors(&self) -> Result<(SessionConfig, Vec<ConfigError>), Failure> {
        let placeholder = placeholder()?;
        let mut errors: Vec<ConfigError> = Vec::new();
        loop {
            let is_rejected = |name: &str| errors.iter().any(|error| error.setting() == name);
            let config = SessionConfig::from_vars(|name| match name {
                "SESSION_SECRET" if is_rejected("SESSION_SECRET") || is_rejected("APP_KEY") => {
                    Some(&*placeholder)
                }
                name if is_rejected(name) => None,
                name => self.get(name),
            });
            match config {
                Ok(config) => return Ok((config, errors)),
                // A setting that is left out cannot fail again.
                Err(error) if is_rejected(error.setting()) => return Err(error.into()),
                Err(error) => errors.push(error),
            }
        }
    }

    /// Returns where the rejected value comes from: the variable, or the secret file that replaces it.
    pub(crate) fn source_of(&self, error: &ConfigError) -> String {
        match &self.secret_file {
            Some(path) if error.setting() == "SESSION_SECRET" => named(path),
            _ => error.setting().to_owned(),
        }
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Variables {
    fn from(values: [(&str, &str); N]) -> Self {
        let values = values.map(|(name, value)| (name.to_owned(), value.into()));
        Self {
            values: values.into(),
            secret_file: None,
        }
    }
}

fn named(path: &Path) -> String {
    if path == Path::new("-") {
        "the secret on standard input".to_owned()
    } else {
        format!("the secret file {}", path.display())
    }
}

/// Generates a secret where none is needed, because the library requires one.
fn placeholder() -> Result<OsString, Failure> {
    Ok(String::from_utf8_lossy(Secret::generate()?.expose())
        .into_owned()
        .into())
}

const GENERATE: &str = "generate a secret with `session-tool key`";

const NAMES: [&str; 18] = [
    "SESSION_DRIVER",
    "SESSION_SECRET",
    "APP_KEY",
    "SESSION_PREVIOUS_SECRETS",
    "SESSION_LIFETIME",
    "SESSION_COOKIE",
    "SESSION_SECURE",
    "SESSION_SAME_SITE",
    "SESSION_PATH",
    "SESSION_DOMAIN",
    "SESSION_ENCRYPT",
    "SESSION_PLAIN_RECORDS",
    "REDIS_URL",
    "SESSION_PREFIX",
    "DATABASE_URL",
    "SESSION_TABLE",
    "APP_ENV",
    "NODE_ENV",
];

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a test's secret of 32 bytes and more";

    #[test]
    fn all_errors_are_collected_and_the_other_settings_parse() {
        let variables = Variables::from([
            ("SESSION_SECRET", "short"),
            ("SESSION_LIFETIME", "x"),
            ("SESSION_SECURE", "perhaps"),
            ("SESSION_COOKIE", "a b"),
            ("SESSION_DRIVER", "redis"),
        ]);
        let (config, errors) = variables.config_with_errors().unwrap();
        let settings: Vec<_> = errors.iter().map(ConfigError::setting).collect();
        assert_eq!(
            settings,
            [
                "SESSION_SECRET",
                "SESSION_LIFETIME",
                "SESSION_SECURE",
                "SESSION_COOKIE"
            ]
        );
        assert_eq!(config.driver(), session_core::DriverName::Redis);
    }

    #[test]
    fn a_bad_app_key_is_one_error() {
        let variables = Variables::from([("APP_KEY", "base64:short")]);
        let (_, errors) = variables.config_with_errors().unwrap();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].setting(), "APP_KEY");
    }

    #[test]
    fn the_store_needs_no_secret() {
        let variables =
            Variables::from([("REDIS_URL", "redis://there"), ("SESSION_COOKIE", "a b")]);
        assert_eq!(
            variables.store().unwrap().redis_url(),
            Some("redis://there")
        );
        assert!(variables.config().is_err());
    }

    #[test]
    fn a_valid_environment_parses_without_errors() {
        let variables = Variables::from([("SESSION_SECRET", SECRET)]);
        assert!(variables.config().is_ok());
        assert!(variables.config_with_errors().unwrap().1.is_empty());
    }
}
