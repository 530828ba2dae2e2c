//! The signing secret and the ring of keys made from it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{ConfigError, Error, ErrorKind};

/// The secret that signs cookies: at least 32 bytes, used as they stand.
///
/// # Security
///
/// `Debug` shows nothing of it, and its own memory is wiped when it is dropped. Everyone who knows it can make any
/// session: keep it out of the source code and out of command lines. Give every kind of session a secret of its own:
/// a cookie of the shop that is signed with the secret of the back office opens there.
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
    /// Takes a secret.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] when it is empty, a placeholder such as `change-me-in-production`, or shorter
    /// than 32 bytes (RFC 2104: a key shorter than the hash's output weakens the signature).
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

    /// Makes a new secret: 32 random bytes of the operating system's generator, as 43 characters of
    /// base64url.
    ///
    /// Sessions signed with it end when it is forgotten, so keep it unless it is for a test.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Random`] when the generator fails.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes)
            .map_err(|source| Error::new(ErrorKind::Random).with_source(source))?;
        Ok(Self(Zeroizing::new(
            URL_SAFE_NO_PAD.encode(&bytes[..]).into_bytes(),
        )))
    }

    /// Returns the secret's bytes, to store a generated one. Do not log them.
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

/// Signs tokens with its first key and accepts the signatures of all its keys.
///
/// To rotate a secret without logging anyone out: put the new one first, keep the old one as
/// [`previous`](Self::with_previous) for one session lifetime. A cookie under an old key is accepted
/// and issued again under the new one.
///
/// A token is `handle "." signature`; the signature is the HMAC-SHA256 (RFC 2104) of the handle in base64url
/// without padding (RFC 4648, "Base 64 Encoding with URL and Filename Safe Alphabet"). The signature is
/// compared in constant time, and only its one canonical spelling is accepted.
///
/// # Examples
///
/// ```
/// use session_core::{KeyRing, Secret};
///
/// let old = Secret::generate()?;
/// let token = KeyRing::new(old.clone()).sign("handle".to_owned());
///
/// let ring = KeyRing::new(Secret::generate()?).with_previous(old);
/// let verified = ring.verify(&token).expect("signed with the previous secret");
/// assert_eq!((verified.handle, verified.key), ("handle", 1));
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone)]
pub struct KeyRing {
    // Keyed once, cloned for each token: the key schedule costs as much as a short message.
    primary: Hmac<Sha256>,
    previous: Vec<Hmac<Sha256>>,
}

/// A token whose signature is right.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified<'a> {
    /// What was signed.
    pub handle: &'a str,
    /// Which key of the ring signed it: 0 is the primary one.
    pub key: usize,
}

impl KeyRing {
    /// Creates a ring of one key.
    #[must_use]
    pub fn new(primary: Secret) -> Self {
        Self {
            primary: keyed(&primary),
            previous: Vec::new(),
        }
    }

    /// Adds a secret that is still accepted, but signs no more.
    #[must_use]
    pub fn with_previous(mut self, secret: Secret) -> Self {
        self.previous.push(keyed(&secret));
        self
    }

    /// Returns the number of keys: the primary one and the previous ones.
    #[must_use]
    pub const fn size(&self) -> usize {
        1 + self.previous.len()
    }

    /// Returns the token for `handle`.
    ///
    /// # Security
    ///
    /// Any text that is signed with this ring is a token of its sessions. Sign nothing else with it.
    #[must_use]
    pub fn sign(&self, handle: String) -> String {
        let mut mac = self.primary.clone();
        mac.update(handle.as_bytes());
        let signature = mac.finalize().into_bytes();
        let mut token = handle;
        token.reserve_exact(1 + SIGNATURE_CHARS);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// Returns what `token` stands for, `None` if no key of the ring signed it.
    #[must_use]
    pub fn verify<'a>(&self, token: &'a str) -> Option<Verified<'a>> {
        // Counted from the end, where a signature has its one length; a dot inside of it is no base64.
        let dot = token.len().checked_sub(1 + SIGNATURE_CHARS)?;
        let (handle, encoded) = token.split_at_checked(dot)?;
        let encoded = encoded.strip_prefix('.')?;
        let mut signature = [0; SIGNATURE_BYTES];
        if URL_SAFE_NO_PAD.decode_slice(encoded, &mut signature) != Ok(SIGNATURE_BYTES) {
            return None;
        }
        std::iter::once(&self.primary)
            .chain(&self.previous)
            .enumerate()
            .find_map(|(key, keyed)| {
                let mut mac = keyed.clone();
                mac.update(handle.as_bytes());
                mac.verify_slice(&signature).ok()?;
                Some(Verified { handle, key })
            })
    }

    /// The length in bytes of the token for a handle of so many bytes.
    pub(crate) const fn token_len(handle: usize) -> usize {
        handle + 1 + SIGNATURE_CHARS
    }
}

impl From<Secret> for KeyRing {
    fn from(secret: Secret) -> Self {
        Self::new(secret)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} keys)", self.size())
    }
}

/// The handle is redacted: for a server-side store it is the session's id.
impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Says whether there is nothing but white space, in whatever script.
pub(crate) fn is_blank(secret: &[u8]) -> bool {
    std::str::from_utf8(secret).is_ok_and(|secret| secret.trim().is_empty())
}

/// Says whether this is what an example or a template has in the place of a secret.
pub(crate) fn is_placeholder(secret: &[u8]) -> bool {
    PLACEHOLDERS
        .iter()
        .any(|placeholder| secret.trim_ascii().eq_ignore_ascii_case(placeholder))
}

fn keyed(secret: &Secret) -> Hmac<Sha256> {
    Hmac::new_from_slice(&secret.0)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length (RFC 2104)"))
}

/// The remedy where a secret is missing or weak.
pub(crate) const GENERATE: &str = "generate one with `openssl rand -base64 32`";
const MIN_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 32;
const SIGNATURE_CHARS: usize = 43;
/// The first is the seed's.
const PLACEHOLDERS: [&[u8]; 4] = [
    b"change-me-in-production",
    b"change-me",
    b"changeme",
    b"secret",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ring() -> KeyRing {
        KeyRing::new(Secret::new("interop-secret-0123456789abcdef-0123456789").unwrap())
    }

    const TOKEN: &str =
        "11111111-1111-4111-8111-111111111111.1sMJAfDwLDPHXVW-4MYn92xfg4jNQZBXnger8qaX6Cc";

    /// A golden value: changing it logs every user of every service out.
    #[test]
    fn the_seeds_signature_is_ours() {
        assert_eq!(
            ring().sign("11111111-1111-4111-8111-111111111111".to_owned()),
            TOKEN
        );
        assert_eq!(
            ring().verify(TOKEN).unwrap().handle,
            "11111111-1111-4111-8111-111111111111"
        );
    }

    /// security.md 29.
    #[test]
    fn s29_a_weak_secret_is_refused() {
        let refused = |secret: &str| Secret::new(secret).unwrap_err().to_string();
        let remedy = "generate one with `openssl rand -base64 32`";
        assert_eq!(refused(""), format!("secret: is empty; {remedy}"));
        for blank in [" \t\n", "\u{3000}"] {
            assert_eq!(
                refused(&blank.repeat(40)),
                format!("secret: is empty; {remedy}")
            );
        }
        let placeholder = format!("secret: is a placeholder that anyone can guess; {remedy}");
        assert_eq!(refused("change-me-in-production"), placeholder);
        assert_eq!(refused("Change-Me-In-Production\n"), placeholder);
        assert_eq!(
            refused(&"x".repeat(31)),
            format!("secret: has 31 bytes, at least 32 are needed; {remedy}")
        );
        assert!(Secret::new("x".repeat(32)).is_ok());
    }

    /// security.md 28: one reading only. Every other alphabet, padding, length or trailing bit fails.
    #[test]
    fn s28_only_the_canonical_signature_verifies() {
        let (handle, signature) = TOKEN.rsplit_once('.').unwrap();
        for bad in [
            String::new(),
            format!("{signature}="),
            format!("{signature}A"),
            signature[..42].to_owned(),
            signature.replace('-', "+"),
            signature.to_uppercase(),
            format!("{}d", &signature[..42]),
            format!(" {signature}"),
            format!("{signature}.x"),
            format!("{}.{}", &signature[..20], &signature[21..]),
            "é".repeat(21) + "a",
        ] {
            assert_eq!(ring().verify(&format!("{handle}.{bad}")), None, "{bad}");
        }
        for bad in ["", ".", "no-dot", signature, &format!(".{signature}")] {
            assert_eq!(ring().verify(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_key_of_the_ring_verifies_and_the_first_signs() {
        let [a, b, c] = [(); 3].map(|()| Secret::generate().unwrap());
        let token = KeyRing::new(c.clone()).sign("h".to_owned());
        let ring = KeyRing::new(a.clone()).with_previous(b).with_previous(c);
        assert_eq!((ring.size(), ring.verify(&token).unwrap().key), (3, 2));
        assert_eq!(ring.verify(&ring.sign("h".to_owned())).unwrap().key, 0);
        assert_eq!(KeyRing::new(a).verify(&token), None);
    }

    #[test]
    fn generated_secrets_are_long_and_differ() {
        let (a, b) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_eq!(a.expose().len(), 43);
        assert_ne!(a.expose(), b.expose());
        assert!(Secret::new(a.expose()).is_ok());
    }

    /// security.md 26, for secrets.
    #[test]
    fn s26_debug_shows_no_key_and_no_handle() {
        let secret = Secret::new("interop-secret-0123456789abcdef-0123456789").unwrap();
        let shown = format!(
            "{secret:?} {:?} {:?}",
            ring(),
            ring().verify(TOKEN).unwrap()
        );
        assert_eq!(shown, "Secret(…) KeyRing(1 keys) Verified { key: 0, .. }");
    }

    /// security.md 32: these bounds hold only while the fields wipe themselves when dropped. A keyed HMAC is two hash
    /// states and nothing else of the key; they wipe themselves only with the `zeroize` feature of `sha2`.
    #[test]
    fn s32_key_material_is_wiped_when_dropped() {
        fn wipes<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        fn is_keyed_by<D: hmac::EagerHash + zeroize::ZeroizeOnDrop>(_: &Hmac<D>) {}
        let secret = Secret::generate().unwrap();
        let KeyRing { primary, previous } =
            KeyRing::new(secret.clone()).with_previous(secret.clone());
        wipes(&secret.0);
        is_keyed_by(&primary);
        is_keyed_by(&previous[0]);
    }

    proptest! {
        #[test]
        fn what_was_signed_verifies_and_nothing_else(handle in "\\PC{0,80}", at in any::<prop::sample::Index>(), bit in 0..7u8) {
            let token = ring().sign(handle.clone());
            prop_assert_eq!(token.len(), KeyRing::token_len(handle.len()));
            prop_assert_eq!(ring().verify(&token).unwrap().handle, &handle);
            let mut bytes = token.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(tampered) = String::from_utf8(bytes) {
                prop_assert_eq!(ring().verify(&tampered), None);
            }
        }

        #[test]
        fn no_text_panics(token in ".{0,120}") {
            prop_assert_eq!(ring().verify(&token), None);
        }
    }
}
