//! The secret that signs cookies.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::{ConfigError, Error, ErrorKind};

/// The secret that signs cookies: at least 32 bytes, used exactly as given.
///
/// # Security
///
/// `Debug` shows none of it, and its memory is wiped when it is dropped. Anyone who knows the secret can forge any
/// session, so keep it out of source code and off command lines. Give each kind of session its own secret: if the shop
/// and the back office share one, a cookie from the shop opens a session in the back office.
///
/// # Examples
///
/// ```
/// use session_core::Secret;
///
/// let secret = Secret::new("correct horse battery staple, and then some")?;
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
///
/// let error = Secret::new("too short").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "secret: has 9 bytes, at least 32 are needed; generate one with `openssl rand -base64 32`",
/// );
/// # Ok::<(), session_core::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Checks and copies a secret.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if the secret is empty, is a placeholder such as `change-me-in-production`, or has
    /// fewer than 32 bytes (RFC 2104, "Keys": a key shorter than the hash's output weakens the signature).
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        let secret = secret.as_ref();
        let problem = if is_blank(secret) {
            "is empty".to_owned()
        } else if is_placeholder(secret) {
            "is a placeholder that anyone can guess".to_owned()
        } else if secret.len() < MIN_BYTES {
            format!(
                "has {} bytes, at least {MIN_BYTES} are needed",
                secret.len()
            )
        } else {
            return Ok(Self(Zeroizing::new(secret.to_vec())));
        };
        Err(ConfigError::new("secret", problem, GENERATE))
    }

    /// Checks and copies a secret that is a text from a file or a variable. White space around it is an error: one version
    /// of `@rudderjs/session` signs with it and another without, so that no reading fits both.
    pub(crate) fn from_text(secret: &str) -> Result<Self, ConfigError> {
        let checked = Self::new(secret)?;
        if secret.trim() == secret {
            Ok(checked)
        } else {
            Err(ConfigError::new(
                "secret",
                "has white space around it",
                "remove it",
            ))
        }
    }

    /// Generates a secret: 32 random bytes from the operating system, as 43 characters of base64url.
    ///
    /// When the secret is lost, every session signed with it ends. Store it, except in tests.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Random`] if the operating system's generator fails.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes)
            .map_err(|source| Error::new(ErrorKind::Random).with_source(source))?;
        Ok(Self(Zeroizing::new(
            URL_SAFE_NO_PAD.encode(&bytes[..]).into_bytes(),
        )))
    }

    /// Returns the secret's bytes, so that a generated secret can be stored. Never log them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Returns `true` if there is nothing but white space, in any script.
pub(crate) fn is_blank(secret: &[u8]) -> bool {
    std::str::from_utf8(secret).is_ok_and(|secret| secret.trim().is_empty())
}

/// Returns `true` if this is the text that an example or a template has instead of a secret.
pub(crate) fn is_placeholder(secret: &[u8]) -> bool {
    PLACEHOLDERS
        .iter()
        .any(|placeholder| secret.trim_ascii().eq_ignore_ascii_case(placeholder))
}

/// The remedy for a missing or weak secret.
pub(crate) const GENERATE: &str = "generate one with `openssl rand -base64 32`";
const MIN_BYTES: usize = 32;
/// The first is the one that `@rudderjs/session` uses.
const PLACEHOLDERS: [&[u8]; 4] = [
    b"change-me-in-production",
    b"change-me",
    b"changeme",
    b"secret",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Security checklist, statement 29.
    #[test]
    fn s29_weak_secrets_are_rejected() {
        let rejected = |secret: &str| Secret::new(secret).unwrap_err().to_string();
        let remedy = "generate one with `openssl rand -base64 32`";
        assert_eq!(rejected(""), format!("secret: is empty; {remedy}"));
        for blank in [" \t\n", "\u{3000}"] {
            assert_eq!(
                rejected(&blank.repeat(40)),
                format!("secret: is empty; {remedy}")
            );
        }
        let placeholder = format!("secret: is a placeholder that anyone can guess; {remedy}");
        assert_eq!(rejected("change-me-in-production"), placeholder);
        assert_eq!(rejected("Change-Me-In-Production\n"), placeholder);
        assert_eq!(
            rejected(&"x".repeat(31)),
            format!("secret: has 31 bytes, at least 32 are needed; {remedy}")
        );
        assert!(Secret::new("x".repeat(32)).is_ok());
    }

    #[test]
    fn generated_secrets_are_long_and_distinct() {
        let (a, b) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_eq!(a.expose().len(), 43);
        assert_ne!(a.expose(), b.expose());
        assert!(Secret::new(a.expose()).is_ok());
    }

    /// Security checklist, statement 32, for the secret: the bound holds only while the field wipes itself.
    #[test]
    fn s32_a_secret_is_wiped_when_dropped() {
        fn wipes<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        wipes(&Secret::generate().unwrap().0);
    }
}
