//! The encrypted driver.

use std::time::Duration;

use async_trait::async_trait;
use session_core::{
    Capacity, Driver, Error, Expected, Immediate, KeyRing, Loaded, PlainRecords, Record, Saved,
    SessionId, Version,
};
use session_sealed::{Opened, Sealer};

use crate::{CookieDriver, ROOM_FOR_SIGNATURE, base64url, decode, handle_len};

impl CookieDriver {
    /// Creates a driver that encrypts the cookie, so that only the service can read it. Its keys are derived from the
    /// secrets of `keys`: the ring that the session manager gets.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_cookie::CookieDriver;
    /// use session_core::{KeyRing, Outcome, Secret, SessionManager};
    ///
    /// # pollster::block_on(async {
    /// let keys = KeyRing::new(Secret::generate()?);
    /// let manager = SessionManager::builder(CookieDriver::encrypted(&keys), keys).build()?;
    ///
    /// let session = manager.open(None).await?;
    /// session.put("salary", 42)?;
    /// let Outcome::Set(token) = manager.commit(&session).await? else { unreachable!() };
    /// assert!(token.as_str().starts_with("v1."));
    ///
    /// let session = manager.open(Some(token.as_str())).await?;
    /// assert_eq!(session.get::<u64>("salary")?, Some(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn encrypted(keys: &KeyRing) -> EncryptedCookieDriver {
        EncryptedCookieDriver {
            keys: keys.clone(),
            sealer: Sealer::new(keys, PURPOSE),
            plain_records: PlainRecords::default(),
            is_padded: false,
        }
    }
}

/// A driver that stores each record, encrypted, in the client's cookie. Created by [`CookieDriver::encrypted`].
///
/// A cookie that an older secret of the key ring encrypted opens, and is encrypted again with the same response.
///
/// Encryption hides the data from the user and from everyone who sees the cookie. It neither revokes a cookie nor keeps a
/// client from sending an older one: all other [limits](crate#limits) remain. With the default cookie name, 2991 bytes of
/// JSON fit, and 2984 with [padding](Self::padded).
#[derive(Clone, Debug)]
pub struct EncryptedCookieDriver {
    keys: KeyRing,
    sealer: Sealer,
    plain_records: PlainRecords,
    is_padded: bool,
}

impl EncryptedCookieDriver {
    /// Separates these cookies from those of other managers with the same secret: neither opens what the other one
    /// encrypted. Cookies that are not encrypted have no purpose. Default: none.
    #[must_use]
    pub fn purpose(mut self, purpose: &str) -> Self {
        self.sealer = Sealer::new(&self.keys, &format!("{PURPOSE} {purpose}"));
        self
    }

    /// Sets whether cookies are padded, so that their length tells less about what is in them: the value grows in steps of
    /// 64 bytes. Default: `false`.
    #[must_use]
    pub const fn padded(mut self, is_padded: bool) -> Self {
        self.is_padded = is_padded;
        self
    }

    /// Sets what happens to cookies that are signed but not encrypted, to turn encryption on or off while sessions live.
    /// Default: [`PlainRecords::Refuse`].
    ///
    /// # Security
    ///
    /// Unless they are refused, a plain cookie that was copied, or read by other software, before encryption was turned on
    /// works until it expires.
    #[must_use]
    pub const fn plain_records(mut self, plain_records: PlainRecords) -> Self {
        self.plain_records = plain_records;
        self
    }

    /// Opens what is between the mark and the signature, and removes the padding. `None` if no key of the ring sealed it.
    fn open(&self, sealed: &str) -> Option<Opened> {
        let mut opened = self.sealer.open(NO_CONTEXT, base64url::decode(sealed)?)?;
        let end = opened.text.trim_ascii_end().len();
        opened.text.truncate(end);
        Some(opened)
    }

    /// Returns `true` if the driver would seal it the same way today.
    fn is_current(&self, opened: &Opened) -> bool {
        opened.key == 0 && self.plain_records != PlainRecords::Write
    }

    fn load_sealed(&self, sealed: &str) -> Option<Loaded> {
        let opened = self.open(sealed)?;
        let is_current = self.is_current(&opened);
        let record = Record::from_json(String::from_utf8(opened.text).ok()?).ok()?;
        let loaded = Loaded::new(record, Version::none());
        Some(if is_current {
            loaded
        } else {
            loaded.outdated()
        })
    }

    fn seal(&self, record: &Record) -> Result<String, Error> {
        let mut json = record.to_json().into_bytes();
        if self.is_padded {
            json.resize(padded(json.len()), b' ');
        }
        let length = sealed_len(json.len());
        let sealed = self.sealer.seal(NO_CONTEXT, &json)?;
        let mut handle = String::with_capacity(length + ROOM_FOR_SIGNATURE);
        handle.push_str(MARK);
        base64url::encode(&sealed, &mut handle);
        Ok(handle)
    }
}

#[async_trait]
impl Driver for EncryptedCookieDriver {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.load_now(handle)
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.save_now(record, expected, ttl)
    }

    /// Does nothing. The manager removes the cookie.
    async fn destroy(&self, _: &SessionId) -> Result<(), Error> {
        Ok(())
    }

    fn can_revoke(&self) -> bool {
        false
    }

    fn capacity(&self) -> Capacity {
        let handle_len = match (self.plain_records, self.is_padded) {
            (PlainRecords::Write, _) => handle_len,
            (_, false) => sealed_len,
            (_, true) => |json| sealed_len(padded(json)),
        };
        Capacity::Cookie { handle_len }
    }

    fn is_sealed(&self) -> bool {
        self.plain_records != PlainRecords::Write
    }

    fn immediate(&self) -> Option<&dyn Immediate> {
        Some(self)
    }
}

impl Immediate for EncryptedCookieDriver {
    /// Decrypts the record. The manager has verified the signature, and checks the expiry.
    fn load_now(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        // The mark is no base64url, so no handle reads both ways.
        if let Some(sealed) = handle.strip_prefix(MARK) {
            return Ok(self.load_sealed(sealed));
        }
        let plain = || decode(handle).map(|record| Loaded::new(record, Version::none()));
        Ok(match self.plain_records {
            PlainRecords::Refuse => None,
            PlainRecords::Accept => plain().map(Loaded::outdated),
            PlainRecords::Write => plain(),
        })
    }

    fn json_in(&self, handle: &str) -> Option<String> {
        let opened = self.open(handle.strip_prefix(MARK)?)?;
        if !self.is_current(&opened) {
            return None;
        }
        String::from_utf8(opened.text).ok()
    }

    /// Encrypts the record. There is nothing to compare, because the client holds the only copy.
    fn save_now(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        if self.plain_records == PlainRecords::Write {
            return CookieDriver.save_now(record, expected, ttl);
        }
        let handle = self.seal(record)?;
        Ok(Saved::Done {
            handle,
            version: Version::none(),
        })
    }
}

/// Returns the length of the handle for so many bytes of text.
const fn sealed_len(text: usize) -> usize {
    MARK.len() + handle_len(text + Sealer::OVERHEAD)
}

/// Returns the length of the text with its padding.
const fn padded(text: usize) -> usize {
    (text + Sealer::OVERHEAD).next_multiple_of(STEP) - Sealer::OVERHEAD
}

const PURPOSE: &str = "cookie";
/// A cookie has nothing around it that it could be bound to.
const NO_CONTEXT: &str = "";
/// Names the scheme in front of the encrypted record.
const MARK: &str = "v1.";
/// 64 characters of base64.
const STEP: usize = 48;

#[cfg(test)]
mod tests {
    use session_core::Secret;

    use super::*;

    #[test]
    fn the_predicted_length_is_exact() {
        let keys = KeyRing::new(Secret::generate().unwrap());
        for is_padded in [false, true] {
            let driver = CookieDriver::encrypted(&keys).padded(is_padded);
            let Capacity::Cookie { handle_len } = driver.capacity() else {
                panic!("the record travels in the cookie");
            };
            for len in 1..200 {
                let id = SessionId::from_stored(&"i".repeat(len)).unwrap();
                let record = Record::new(id);
                let handle = driver.seal(&record).unwrap();
                assert_eq!(handle.len(), handle_len(record.to_json().len()));
                assert!(!is_padded || (handle.len() - MARK.len()).is_multiple_of(64));
            }
        }
    }
}
