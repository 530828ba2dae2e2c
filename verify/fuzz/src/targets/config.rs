//! Settings from the environment. The error for an invalid setting names its variable, a valid one
//! has its documented meaning, and no secret is repeated.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use arbitrary::{Result, Unstructured};
use session_core::{ConfigError, CookieOptions, DriverName, MemoryDriver, SameSite, SessionConfig};

use crate::oracle::token;

pub(crate) fn run(bytes: &[u8]) {
    if let Ok(vars) = Vars::from(&mut Unstructured::new(bytes)) {
        vars.configure();
    }
}

struct Vars(BTreeMap<&'static str, OsString>);

impl Vars {
    fn from(input: &mut Unstructured<'_>) -> Result<Self> {
        let mut vars = BTreeMap::new();
        for (name, likely) in VARIABLES {
            let value = match input.int_in_range(0..=9)? {
                0..=3 => continue,
                4 => input.arbitrary::<String>()?.into(),
                5 => OsString::from_vec(input.arbitrary()?),
                6 => [*input.choose(likely)?, &input.arbitrary::<String>()?]
                    .concat()
                    .into(),
                7 => [*input.choose(likely)?, ",", *input.choose(likely)?]
                    .concat()
                    .into(),
                _ => (*input.choose(likely)?).into(),
            };
            vars.insert(*name, value);
        }
        Ok(Self(vars))
    }

    fn configure(&self) {
        let read = SessionConfig::from_vars(|name| self.0.get(name).cloned());
        let invalid = self.invalid();
        match read {
            Ok(config) => {
                assert!(invalid.is_empty(), "accepted: {invalid:?} of {:?}", self.0);
                self.check(&config);
            }
            Err(error) => {
                assert!(
                    invalid.contains(&error.setting()),
                    "{error}, not {invalid:?}, of {:?}",
                    self.0
                );
                self.check_silence(&error);
            }
        }
    }

    /// Returns the variables that an error may name, according to the documented rules.
    fn invalid(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = Vec::new();
        let needs_app_key = !self.is_named_secret_usable();
        for (name, value) in &self.0 {
            let is_read = *name != "APP_KEY" || needs_app_key;
            if is_read && value.to_str().is_none() {
                names.push(name);
            }
        }
        names.extend(self.secret().err());
        let mut check = |name, is_valid: &dyn Fn(&str) -> bool| {
            if self.text(name).is_some_and(|value| !is_valid(value)) {
                names.push(name);
            }
        };
        check("SESSION_DRIVER", &|value| {
            ["cookie", "memory", "redis"].contains(&value)
        });
        check("SESSION_LIFETIME", &|value| {
            value.parse().is_ok_and(|minutes: u64| minutes > 0)
        });
        check("SESSION_SECURE", &|value| secure(value).is_some());
        check("SESSION_SAME_SITE", &|value| same_site(value).is_some());
        check("SESSION_PREVIOUS_SECRETS", &|value| {
            let mut secrets = value.split(',').filter(|secret| !secret.is_empty());
            secrets.all(|secret| secret.trim() == secret && is_good(secret))
        });
        // Another target checks which option breaks a rule.
        if self
            .cookie()
            .is_none_or(|cookie| cookie.validate().is_err())
        {
            names.extend(["SESSION_COOKIE", "SESSION_PATH", "SESSION_DOMAIN"]);
        }
        names
    }

    fn check(&self, config: &SessionConfig) {
        let driver = match self.text("SESSION_DRIVER") {
            Some("memory") => DriverName::Memory,
            Some("redis") => DriverName::Redis,
            _ => DriverName::Cookie,
        };
        assert_eq!(config.driver(), driver);
        assert_eq!(
            config.redis_url(),
            self.text("REDIS_URL").filter(|url| !url.is_empty())
        );
        assert_eq!(
            config.prefix(),
            self.text("SESSION_PREFIX").unwrap_or("session:")
        );
        assert_eq!(Some(config.cookie()), self.cookie().as_ref());

        // A configuration that was accepted builds a manager.
        let manager = config
            .builder(MemoryDriver::new())
            .and_then(|builder| builder.build())
            .expect("it was checked");
        let minutes = self
            .text("SESSION_LIFETIME")
            .map_or(120, |text| text.parse::<u64>().expect("it was checked"));
        assert_eq!(manager.lifetime().as_secs(), minutes.saturating_mul(60));
        let previous = self.text("SESSION_PREVIOUS_SECRETS").unwrap_or_default();
        let secrets = self
            .secret()
            .into_iter()
            .chain(previous.split(',').filter(|secret| !secret.is_empty()));
        let ring = config.key_ring().expect("it has a secret");
        for (n, secret) in secrets.enumerate() {
            let token = token::sign(secret.as_bytes(), "handle");
            let verified = ring.verify(&token).expect("a secret of the ring");
            assert!(verified.key <= n);
            assert!(n > 0 || ring.sign("handle".to_owned()) == token);
        }
        self.is_not_in(&format!("{config:?} {manager:?}"));
    }

    fn check_silence(&self, error: &ConfigError) {
        self.is_not_in(&format!("{error} {error:?}"));
        assert!(!error.problem().is_empty() && !error.remedy().is_empty());
    }

    /// Checks that no secret appears in `text`, as far as it differs from other text.
    fn is_not_in(&self, text: &str) {
        for name in [
            "SESSION_SECRET",
            "APP_KEY",
            "SESSION_PREVIOUS_SECRETS",
            "REDIS_URL",
        ] {
            let is_marked = self.text(name).is_some_and(|value| value.contains(MARK));
            let is_elsewhere = self.0.iter().any(|(other, value)| {
                !SECRETS.contains(other) && value.to_string_lossy().contains(MARK)
            });
            assert!(
                !is_marked || is_elsewhere || !text.contains(MARK),
                "{name} is in {text}"
            );
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str()
    }

    fn is_named_secret_usable(&self) -> bool {
        let named = self.text("SESSION_SECRET");
        named.is_some_and(|secret| !is_blank(secret) && !is_placeholder(secret))
    }

    /// Returns the secret in force, or the variable whose value is invalid.
    fn secret(&self) -> std::result::Result<&str, &'static str> {
        let (named, key) = (self.text("SESSION_SECRET"), self.text("APP_KEY"));
        if self.is_named_secret_usable() {
            return named
                .filter(|secret| is_good(secret))
                .ok_or("SESSION_SECRET");
        }
        match key.filter(|key| !is_blank(key)) {
            Some(key) => {
                let key = key.strip_prefix("base64:").unwrap_or(key);
                Some(key).filter(|key| is_good(key)).ok_or("APP_KEY")
            }
            None => Err("SESSION_SECRET"),
        }
    }

    fn cookie(&self) -> Option<CookieOptions> {
        let mut cookie = CookieOptions::default();
        if let Some(name) = self.text("SESSION_COOKIE") {
            cookie = cookie.name(name);
        }
        if let Some(path) = self.text("SESSION_PATH") {
            cookie = cookie.path(path);
        }
        if let Some(domain) = self
            .text("SESSION_DOMAIN")
            .filter(|domain| !domain.is_empty())
        {
            cookie = cookie.domain(domain);
        }
        if let Some(value) = self.text("SESSION_SECURE") {
            cookie = cookie.secure(secure(value)?);
        }
        if let Some(value) = self.text("SESSION_SAME_SITE") {
            cookie = cookie.same_site(same_site(value)?);
        }
        Some(cookie)
    }
}

fn secure(value: &str) -> Option<bool> {
    match &*value.to_ascii_lowercase() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn same_site(value: &str) -> Option<SameSite> {
    match &*value.to_ascii_lowercase() {
        "strict" => Some(SameSite::Strict),
        "lax" => Some(SameSite::Lax),
        "none" => Some(SameSite::None),
        _ => None,
    }
}

fn is_good(secret: &str) -> bool {
    let is_trimmed = secret.trim() == secret;
    secret.len() >= 32 && is_trimmed && !is_blank(secret) && !is_placeholder(secret)
}

fn is_blank(secret: &str) -> bool {
    secret.trim().is_empty()
}

fn is_placeholder(secret: &str) -> bool {
    let secret = secret.trim_ascii().to_ascii_lowercase();
    ["change-me-in-production", "change-me", "changeme", "secret"].contains(&&*secret)
}

/// The mark that distinguishes a secret from other text.
const MARK: &str = "hunter2";
const SECRETS: [&str; 4] = [
    "SESSION_SECRET",
    "APP_KEY",
    "SESSION_PREVIOUS_SECRETS",
    "REDIS_URL",
];

/// Each variable, with likely values.
const VARIABLES: &[(&str, &[&str])] = &[
    (
        "SESSION_SECRET",
        &[
            "a named secret of 32 bytes, hunter2",
            "hunter2",
            "",
            " ",
            "Change-Me-In-Production",
            BLANK,
        ],
    ),
    (
        "APP_KEY",
        &[
            "base64:aHVudGVyMiwgaHVudGVyMiwgaHVudGVyMiE=",
            "an app's key of 32 bytes, hunter2",
            "base64:",
            "\t",
            BLANK,
        ],
    ),
    (
        "SESSION_PREVIOUS_SECRETS",
        &[
            "an older secret of 32 bytes, hunter2",
            "hunter2-hunter2-hunter2-hunter2-hunter2",
            ",",
            "",
        ],
    ),
    (
        "SESSION_DRIVER",
        &["cookie", "memory", "redis", "Redis", "file"],
    ),
    (
        "SESSION_LIFETIME",
        &[
            "1",
            "120",
            "0",
            "-1",
            "1.5",
            "18446744073709551615",
            "18446744073709551616",
        ],
    ),
    (
        "SESSION_COOKIE",
        &["session", "__Host-session", "__secure-s", "a b", ""],
    ),
    ("SESSION_SECURE", &["true", "FALSE", "0", "1", "yes", ""]),
    ("SESSION_SAME_SITE", &["lax", "Strict", "NONE", "no", ""]),
    ("SESSION_PATH", &["/", "/app", "app", "/;", ""]),
    (
        "SESSION_DOMAIN",
        &["example.com", ".example.com", "", ".", "a..b"],
    ),
    (
        "REDIS_URL",
        &["redis://user:hunter2@localhost:6379", "", "nonsense"],
    ),
    ("SESSION_PREFIX", &["session:", "", "app:"]),
];
/// White space that is not ASCII.
const BLANK: &str =
    "\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}";
