//! Keys for other purposes than signing.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::Secret;

/// A key for one purpose, derived from a secret by [`KeyRing::derive`](crate::KeyRing::derive).
///
/// # Security
///
/// `Debug` shows none of it, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct DerivedKey(Zeroizing<[u8; DerivedKey::BYTES]>);

impl DerivedKey {
    /// The length of a key, in bytes.
    pub const BYTES: usize = 32;

    /// Returns the key's bytes. Never log them.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(…)")
    }
}

/// What keys are derived from: the pseudorandom key of HKDF (RFC 5869), which does not reveal the secret.
#[derive(Clone)]
pub(crate) struct Deriver(Hmac<Sha256>);

impl Deriver {
    /// RFC 5869, "Step 1: Extract", without a salt: a secret is random already.
    pub(crate) fn new(secret: &Secret) -> Self {
        let mut mac = keyed(&[]);
        mac.update(secret.expose());
        let mut key = mac.finalize().into_bytes();
        let deriver = Self(keyed(&key));
        key.as_mut_slice().zeroize();
        deriver
    }

    /// RFC 5869, "Step 2: Expand". A key is as long as the hash, so the first block is all of it.
    pub(crate) fn derive(&self, purpose: &str) -> DerivedKey {
        let mut mac = self.0.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[1]);
        let mut block = mac.finalize().into_bytes();
        let mut key = Zeroizing::new([0; DerivedKey::BYTES]);
        key.copy_from_slice(&block);
        block.as_mut_slice().zeroize();
        DerivedKey(key)
    }
}

pub(crate) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length (RFC 2104)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5869, "Test Case 3": no salt. Its input is shorter than a [`Secret`], and its output longer than a key.
    #[test]
    fn keys_equal_those_of_the_rfc() {
        let mut mac = keyed(&[]);
        mac.update(&[0x0b; 22]);
        let derived = Deriver(keyed(&mac.finalize().into_bytes())).derive("");
        assert_eq!(
            derived.expose(),
            b"\x8d\xa4\xe7\x75\xa5\x63\xc1\x8f\x71\x5f\x80\x2a\x06\x3c\x5a\x31\
              \xb8\xa1\x1f\x5c\x5e\xe1\x87\x9e\xc3\x45\x4e\x5f\x3c\x73\x8d\x2d"
        );
    }

    /// Security checklist, statements 26 and 32, for derived keys.
    #[test]
    fn s26_s32_a_derived_key_is_hidden_and_wiped() {
        fn wipes<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        fn is_keyed_by<D: hmac::EagerHash + zeroize::ZeroizeOnDrop>(_: &Hmac<D>) {}
        let deriver = Deriver::new(&Secret::generate().unwrap());
        is_keyed_by(&deriver.0);
        let key = deriver.derive("test");
        assert_eq!(format!("{key:?}"), "DerivedKey(…)");
        wipes(&key.0);
    }
}
