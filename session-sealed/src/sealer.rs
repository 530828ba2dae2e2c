//! Encrypting and decrypting texts.

use std::borrow::Cow;
use std::fmt;

use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use session_core::{Error, ErrorKind, KeyRing};

/// Encrypts texts for one purpose, and decrypts what it or a sealer with an older key encrypted.
///
/// This is what [`Sealed`](crate::Sealed) and the encrypted cookie driver are made of. Use it in a driver of your own that
/// stores records in a form of its own.
///
/// # Examples
///
/// ```
/// use session_core::{KeyRing, Secret};
/// use session_sealed::Sealer;
///
/// let keys = KeyRing::new(Secret::generate()?);
/// let sealer = Sealer::new(&keys, "receipt");
/// let sealed = sealer.seal("42", b"paid")?;
///
/// assert!(sealer.open("43", sealed.clone()).is_none(), "another context");
/// assert!(Sealer::new(&keys, "order").open("42", sealed.clone()).is_none(), "another purpose");
/// assert_eq!(sealer.open("42", sealed).unwrap().text, b"paid");
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Sealer {
    /// The first one encrypts, and all of them decrypt.
    ciphers: Vec<XChaCha20Poly1305>,
    /// Names the scheme and the purpose. A context follows it.
    associated_data: Vec<u8>,
}

/// A decrypted text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// The text.
    pub text: Vec<u8>,
    /// The index of the key that encrypted it. The primary key is 0.
    pub key: usize,
}

impl Sealer {
    /// By how many bytes an encrypted text is longer than the text: the nonce and the tag.
    pub const OVERHEAD: usize = NONCE_BYTES + TAG_BYTES;

    /// Creates a sealer with keys for `purpose`, one from each secret of the ring.
    #[must_use]
    pub fn new(keys: &KeyRing, purpose: &str) -> Self {
        let info = format!("{SCHEME}\0{purpose}");
        let keys = keys.derive(&info);
        let ciphers = keys
            .iter()
            .map(|key| XChaCha20Poly1305::new(key.expose().into()));
        Self {
            ciphers: ciphers.collect(),
            associated_data: [info.as_bytes(), b"\0"].concat(),
        }
    }

    /// Encrypts `text` under the primary key and a fresh random nonce. Only the same `context` opens it. Returns the nonce,
    /// the ciphertext and the tag.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Random`] if the operating system's generator fails, and [`ErrorKind::Encode`] if the text is
    /// longer than 256 GiB.
    pub fn seal(&self, context: &str, text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)
            .map_err(|source| Error::new(ErrorKind::Random).with_source(source))?;
        let mut sealed = Vec::with_capacity(text.len() + Self::OVERHEAD);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let tag = self.ciphers[0].encrypt_inout_detached(
            &XNonce::from(nonce),
            &self.associated_data(context),
            InOutBuf::from(&mut sealed[NONCE_BYTES..]),
        );
        let tag =
            tag.map_err(|_| Error::new(ErrorKind::Encode).with_source("too long to encrypt"))?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Decrypts what [`seal`](Self::seal) returned. Returns `None` if no key of the ring sealed it for this purpose and
    /// context, or if a single bit of it has changed.
    #[must_use]
    pub fn open(&self, context: &str, mut sealed: Vec<u8>) -> Option<Opened> {
        let (nonce, content) = sealed.split_first_chunk_mut()?;
        let (text, tag) = content.split_last_chunk_mut::<TAG_BYTES>()?;
        let (nonce, tag) = (XNonce::from(*nonce), Tag::from(*tag));
        let associated_data = self.associated_data(context);
        // A cipher decrypts only what it has authenticated, so a failure leaves the text for the next key.
        let key = self.ciphers.iter().position(|cipher| {
            let text = InOutBuf::from(&mut *text);
            let opened = cipher.decrypt_inout_detached(&nonce, &associated_data, text, &tag);
            opened.is_ok()
        })?;
        sealed.truncate(sealed.len() - TAG_BYTES);
        sealed.drain(..NONCE_BYTES);
        Some(Opened { text: sealed, key })
    }

    fn associated_data(&self, context: &str) -> Cow<'_, [u8]> {
        if context.is_empty() {
            return Cow::Borrowed(&self.associated_data);
        }
        Cow::Owned([&*self.associated_data, context.as_bytes()].concat())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({} keys)", self.ciphers.len())
    }
}

/// The text is redacted.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

const SCHEME: &str = "session-sealed v1";
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// Security checklist, statement 32: without the feature `zeroize` of the cipher, this does not compile.
    #[test]
    fn s32_ciphers_are_wiped_when_dropped() {
        #[expect(
            drop_bounds,
            reason = "only a cipher that wipes itself has a destructor"
        )]
        const fn is_wiped<T: Drop>() {}
        is_wiped::<XChaCha20Poly1305>();
    }
}
