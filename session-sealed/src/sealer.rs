//! Encrypting and decrypting texts.

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
/// let envelope = sealer.seal("42", b"paid".to_vec())?;
///
/// assert!(sealer.open("43", envelope.clone()).is_none(), "another context");
/// assert!(Sealer::new(&keys, "order").open("42", envelope.clone()).is_none(), "another purpose");
/// assert_eq!(sealer.open("42", envelope).unwrap().text, b"paid");
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Sealer {
    /// The first one encrypts, and all of them decrypt.
    ciphers: Vec<XChaCha20Poly1305>,
    /// Names the scheme and the purpose.
    info: String,
}

/// An encrypted text.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "the format is fixed")]
pub struct Envelope {
    /// Random, and different for each text.
    pub nonce: [u8; Sealer::NONCE_BYTES],
    /// The ciphertext, followed by the tag.
    pub content: Vec<u8>,
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
    /// The length of a nonce, in bytes.
    pub const NONCE_BYTES: usize = 24;
    /// By how many bytes an encrypted text is longer than the text: the nonce and the tag.
    pub const OVERHEAD: usize = Self::NONCE_BYTES + TAG_BYTES;

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
            info,
        }
    }

    /// Encrypts `text` in place, under the primary key and a fresh random nonce. Only the same `context` opens it.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Random`] if the operating system's generator fails, and [`ErrorKind::Encode`] if the text is
    /// longer than 256 GiB.
    pub fn seal(&self, context: &str, mut text: Vec<u8>) -> Result<Envelope, Error> {
        let mut nonce = [0; Self::NONCE_BYTES];
        getrandom::fill(&mut nonce)
            .map_err(|source| Error::new(ErrorKind::Random).with_source(source))?;
        let tag = self.ciphers[0].encrypt_inout_detached(
            &XNonce::from(nonce),
            &self.associated_data(context),
            InOutBuf::from(&mut text[..]),
        );
        let tag =
            tag.map_err(|_| Error::new(ErrorKind::Encode).with_source("too long to encrypt"))?;
        text.extend_from_slice(&tag);
        Ok(Envelope {
            nonce,
            content: text,
        })
    }

    /// Decrypts an envelope in place. Returns `None` if no key of the ring sealed it for this purpose and context, or if a
    /// single bit of it has changed.
    #[must_use]
    pub fn open(&self, context: &str, envelope: Envelope) -> Option<Opened> {
        let Envelope { nonce, mut content } = envelope;
        let end = content.len().checked_sub(TAG_BYTES)?;
        let (text, tag) = content.split_at_mut(end);
        let (nonce, tag) = (XNonce::from(nonce), Tag::try_from(&*tag).ok()?);
        let associated_data = self.associated_data(context);
        // A cipher decrypts only what it has authenticated, so a failure leaves the text for the next key.
        let key = self.ciphers.iter().position(|cipher| {
            let text = InOutBuf::from(&mut *text);
            let opened = cipher.decrypt_inout_detached(&nonce, &associated_data, text, &tag);
            opened.is_ok()
        })?;
        content.truncate(end);
        Some(Opened { text: content, key })
    }

    fn associated_data(&self, context: &str) -> Vec<u8> {
        [self.info.as_bytes(), b"\0", context.as_bytes()].concat()
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let purpose = self
            .info
            .trim_start_matches(SCHEME)
            .trim_start_matches('\0');
        write!(f, "Sealer({purpose:?}, {} keys)", self.ciphers.len())
    }
}

/// Only the length is shown.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Envelope({} bytes)", self.content.len())
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
const TAG_BYTES: usize = 16;
