//! The settings of the service: the environment, a configuration file, and the secret from a file.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use session_core::{ConfigError, Secret, SessionConfig};

use crate::args::{ConfigFile, SecretFile, Sources};
use crate::config_file;
use crate::failure::Failure;
use crate::input;

/// The variables that the library reads, and those that tell whether this is production.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    values: BTreeMap<String, OsString>,
    /// What the configuration file says, if there is one.
    file: SessionConfig,
    config_file: Option<PathBuf>,
    secret_file: Option<PathBuf>,
}

impl Variables {
    pub(crate) fn of(sources: &Sources) -> Result<Self, Failure> {
        Self::read(&sources.config, Some(&sources.secret))
    }

    /// Reads the environment and the files.
    pub(crate) fn read(config: &ConfigFile, secret: Option<&SecretFile>) -> Result<Self, Failure> {
        let secret = secret.and_then(|secret| secret.secret_file.as_deref());
        let config_file = config.config.as_deref();
        if secret == Some(STDIN.as_ref()) && config_file == Some(STDIN.as_ref()) {
            return Err(Failure::new(
                "cannot read both the configuration and the secret from standard input; pass one of them as a file",
            ));
        }
        let mut variables = Self::from_env();
        if let Some(path) = config_file {
            variables.file = config_file::read(path, config.section.as_deref())?;
            variables.config_file = Some(path.to_owned());
        }
        variables.with_secret_file(secret)
    }

    fn from_env() -> Self {
        let values = NAMES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)));
        Self {
            values: values.collect(),
            ..Self::default()
        }
    }

    /// Reads the secret from a file instead of the environment, or from standard input if `path` is `-`.
    fn with_secret_file(mut self, path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(self);
        };
        let secret = if path == Path::new(STDIN) {
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

    /// Returns what was read from standard input, so that nothing else can be.
    pub(crate) fn took_stdin(&self) -> Option<&'static str> {
        let is_stdin = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new(STDIN));
        let secret = is_stdin(&self.secret_file).then_some("the secret");
        secret.or_else(|| is_stdin(&self.config_file).then_some("the configuration"))
    }

    /// What the configuration file says, without the environment.
    pub(crate) fn file(&self) -> &SessionConfig {
        &self.file
    }

    /// Parses the settings like the service.
    pub(crate) fn config(&self) -> Result<SessionConfig, Failure> {
        let config = self.file.clone().with_vars(|name| self.get(name));
        config.map_err(|error| match error.setting() {
            "SESSION_SECRET" if self.secret_file.is_some() => {
                let source = self.source_of(&error);
                Failure::new(format!("{source} {}; {}", error.problem(), error.remedy()))
            }
            _ => error.into(),
        })
    }

    /// Parses the settings of the store, which needs no secret. If sessions are encrypted, parses all settings.
    pub(crate) fn store(&self) -> Result<SessionConfig, Failure> {
        let config = self.store_without_secret()?;
        match config.encrypts() {
            true => self.config(),
            false => Ok(config),
        }
    }

    /// Parses the settings of the store, which are enough to end a session.
    pub(crate) fn store_without_secret(&self) -> Result<SessionConfig, Failure> {
        let placeholder = placeholder()?;
        Ok(self.file.clone().with_vars(|name| match name {
            "SESSION_SECRET" => Some(placeholder.as_os_str()),
            "SESSION_DRIVER" | "REDIS_URL" | "SESSION_PREFIX" | "DATABASE_URL"
            | "SESSION_TABLE" | "SESSION_ENCRYPT" | "SESSION_OWNER_KEY" => self.get(name),
            _ => None,
        })?)
    }

    /// Parses all valid settings, and returns the errors of the others.
    pub(crate) fn config_with_errors(&self) -> Result<(SessionConfig, Vec<ConfigError>), Failure> {
        let placeholder = placeholder()?;
        let mut errors: Vec<ConfigError> = Vec::new();
        loop {
            let is_rejected = |name: &str| errors.iter().any(|error| error.setting() == name);
            let config = self.file.clone().with_vars(|name| match name {
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
            ..Self::default()
        }
    }
}

fn named(path: &Path) -> String {
    if path == Path::new(STDIN) {
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

/// Stands for standard input instead of a file.
const STDIN: &str = "-";

const NAMES: [&str; 21] = [
    "SESSION_DRIVER",
    "SESSION_SECRET",
    "APP_KEY",
    "SESSION_PREVIOUS_SECRETS",
    "SESSION_LIFETIME",
    "SESSION_GRACE",
    "SESSION_OWNER_KEY",
    "SESSION_TRANSPORT",
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
