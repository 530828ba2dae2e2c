//! The keys that sign and verify tokens.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::derived_key::{DerivedKey, Deriver, keyed};
use crate::Secret;

/// Signs tokens with its first key and accepts the signatures of all its keys.
///
/// To rotate a secret without logging anyone out, put the new secret first and keep the old one as
/// [`previous`](Self::with_previous) for one session lifetime. A cookie signed with an old key is accepted and
/// reissued under the new one.
///
/// A token is `handle "." signature`. The signature is the HMAC-SHA256 (RFC 2104) of the handle in base64url without
/// padding (RFC 4648, "Base 64 Encoding with URL and Filename Safe Alphabet"). Signatures are compared in constant
/// time, and only the canonical encoding is accepted.
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
    primary: Key,
    previous: Vec<Key>,
}

/// What is kept of a secret.
#[derive(Clone)]
struct Key {
    // Keyed once, cloned for each token: the key schedule costs as much as a short message.
    signer: Hmac<Sha256>,
    deriver: Deriver,
}

/// A token whose signature is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified<'a> {
    /// The text that was signed.
    pub handle: &'a str,
    /// The index of the key that signed it. The primary key is 0.
    pub key: usize,
}

impl KeyRing {
    /// Creates a ring with one key.
    #[must_use]
    pub fn new(primary: Secret) -> Self {
        Self {
            primary: Key::new(&primary),
            previous: Vec::new(),
        }
    }

    /// Adds a secret whose signatures are still accepted. It signs no new tokens.
    #[must_use]
    pub fn with_previous(mut self, secret: Secret) -> Self {
        self.previous.push(Key::new(&secret));
        self
    }

    /// Returns the number of keys, the primary one included.
    #[must_use]
    pub const fn size(&self) -> usize {
        1 + self.previous.len()
    }

    /// Returns the token for `handle`.
    ///
    /// # Security
    ///
    /// Every text signed with this ring is a session token. Sign nothing else with it.
    #[must_use]
    pub fn sign(&self, handle: String) -> String {
        let mut mac = self.primary.signer.clone();
        mac.update(handle.as_bytes());
        let signature = mac.finalize().into_bytes();
        let mut token = handle;
        token.reserve_exact(1 + SIGNATURE_CHARS);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// Returns the content of `token`, or `None` if no key of the ring signed it.
    #[must_use]
    pub fn verify<'a>(&self, token: &'a str) -> Option<Verified<'a>> {
        // Counted from the end, where every signature has the same length. A dot inside it is not base64.
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
            .find_map(|(key, Key { signer, .. })| {
                let mut mac = signer.clone();
                mac.update(handle.as_bytes());
                mac.verify_slice(&signature).ok()?;
                Some(Verified { handle, key })
            })
    }

    /// Derives a key for another purpose from each secret, the primary one first: by HKDF-SHA256 (RFC 5869) without a salt,
    /// with `purpose` as the info.
    ///
    /// Keys for different purposes are independent, and none of them reveals the secret. A driver that encrypts takes its
    /// keys from here, so that one rotation changes them all.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_core::{KeyRing, Secret};
    ///
    /// let ring = KeyRing::new(Secret::generate()?).with_previous(Secret::generate()?);
    /// let [primary, previous] = &ring.derive("shop receipts v1")[..] else { panic!() };
    /// assert_ne!(primary.expose(), previous.expose());
    /// # Ok::<(), session_core::Error>(())
    /// ```
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Vec<DerivedKey> {
        std::iter::once(&self.primary)
            .chain(&self.previous)
            .map(|key| key.deriver.derive(purpose))
            .collect()
    }

    /// Tells why a token that does not verify does not, as far as its form shows.
    pub(crate) fn problem(token: &str) -> &'static str {
        let dot = token.len().checked_sub(1 + SIGNATURE_CHARS);
        if token.is_empty() {
            "it is empty"
        } else if token.starts_with('"') {
            "it is quoted"
        } else if dot.is_none_or(|dot| token.as_bytes()[dot] != b'.') {
            "it has no signature"
        } else {
            "no key of the ring signed it"
        }
    }

    /// Returns the length, in bytes, of the token for a handle of this many bytes.
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

impl Key {
    fn new(secret: &Secret) -> Self {
        Self {
            signer: keyed(secret.expose()),
            deriver: Deriver::new(secret),
        }
    }
}

const SIGNATURE_BYTES: usize = 32;
const SIGNATURE_CHARS: usize = 43;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ring() -> KeyRing {
        KeyRing::new(Secret::new("interop-secret-0123456789abcdef-0123456789").unwrap())
    }

    const TOKEN: &str =
        "11111111-1111-4111-8111-111111111111.1sMJAfDwLDPHXVW-4MYn92xfg4jNQZBXnger8qaX6Cc";

    /// A golden value: changing it logs out every user of every service.
    #[test]
    fn signatures_equal_those_of_rudderjs() {
        assert_eq!(
            ring().sign("11111111-1111-4111-8111-111111111111".to_owned()),
            TOKEN
        );
        assert_eq!(
            ring().verify(TOKEN).unwrap().handle,
            "11111111-1111-4111-8111-111111111111"
        );
    }

    /// Security checklist, statement 28. Every other alphabet, padding, length or trailing bit fails.
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
    fn the_problem_of_a_token_is_named() {
        assert_eq!(KeyRing::problem(""), "it is empty");
        assert_eq!(KeyRing::problem(&format!("\"{TOKEN}\"")), "it is quoted");
        assert_eq!(KeyRing::problem(&TOKEN[..60]), "it has no signature");
        assert_eq!(KeyRing::problem("short"), "it has no signature");
        assert_eq!(KeyRing::problem(TOKEN), "no key of the ring signed it");
    }

    #[test]
    fn every_key_verifies_and_the_first_signs() {
        let [a, b, c] = [(); 3].map(|()| Secret::generate().unwrap());
        let token = KeyRing::new(c.clone()).sign("h".to_owned());
        let ring = KeyRing::new(a.clone()).with_previous(b).with_previous(c);
        assert_eq!((ring.size(), ring.verify(&token).unwrap().key), (3, 2));
        assert_eq!(ring.verify(&ring.sign("h".to_owned())).unwrap().key, 0);
        assert_eq!(KeyRing::new(a).verify(&token), None);
    }

    /// Security checklist, statement 26, for secrets.
    #[test]
    fn s26_debug_shows_no_key_and_no_handle() {
        let shown = format!("{:?} {:?}", ring(), ring().verify(TOKEN).unwrap());
        assert_eq!(shown, "KeyRing(1 keys) Verified { key: 0, .. }");
    }

    /// Security checklist, statement 32, for keys. A keyed HMAC is two hash states and nothing else of the key. They
    /// wipe themselves only with the `zeroize` feature of `sha2`.
    #[test]
    fn s32_keys_are_wiped_when_dropped() {
        fn is_keyed_by<D: hmac::EagerHash + zeroize::ZeroizeOnDrop>(_: &Hmac<D>) {}
        let KeyRing { primary, previous } = ring().with_previous(Secret::generate().unwrap());
        is_keyed_by(&primary.signer);
        is_keyed_by(&previous[0].signer);
    }

    proptest! {
        #[test]
        fn a_signed_handle_verifies_and_a_flipped_bit_does_not(
            handle in "\\PC{0,80}",
            at in any::<prop::sample::Index>(),
            bit in 0..7u8,
        ) {
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
