//! The driver around another driver.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::{
    Capacity, ConfigError, Driver, Error, Expected, KeyRing, Loaded, PlainRecords, Record, Saved,
    SessionId, Touched, Version,
};

use crate::sealer::{Opened, Sealer};

/// A driver that encrypts the records of another one. See the [crate documentation](crate).
///
/// A record that an older secret of the key ring sealed opens, and is sealed again with the next write or renewal, or when
/// its cookie is reissued. When the old secret is gone, nothing under it opens.
#[derive(Clone, Debug)]
pub struct Sealed<D> {
    driver: D,
    keys: KeyRing,
    sealer: Sealer,
    plain_records: PlainRecords,
}

impl<D: Driver> Sealed<D> {
    /// Encrypts the records of `driver` under keys derived from the secrets of `keys`: the ring that the session manager
    /// gets.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if the driver keeps its records in the client's cookie.
    pub fn new(driver: D, keys: &KeyRing) -> Result<Self, ConfigError> {
        if !driver.can_revoke() {
            return Err(ConfigError::new(
                "driver",
                "keeps the sessions in the clients' cookies, where this encryption does not work",
                "use `CookieDriver::encrypted`",
            ));
        }
        Ok(Self {
            driver,
            keys: keys.clone(),
            sealer: Sealer::new(keys, PURPOSE),
            plain_records: PlainRecords::default(),
        })
    }

    /// Separates these records from those of other managers with the same secret: neither opens what the other one sealed.
    /// Records that are not sealed have no purpose. Default: none.
    #[must_use]
    pub fn purpose(mut self, purpose: &str) -> Self {
        self.sealer = Sealer::new(&self.keys, &format!("{PURPOSE} {purpose}"));
        self
    }

    /// Sets what happens to records that are not encrypted, to turn encryption on or off while sessions live.
    /// Default: [`PlainRecords::Refuse`].
    ///
    /// # Security
    ///
    /// Unless they are refused, someone who can write to the store can make up a session.
    #[must_use]
    pub fn plain_records(mut self, plain_records: PlainRecords) -> Self {
        self.plain_records = plain_records;
        self
    }

    /// Returns the driver that stores the sealed records.
    #[must_use]
    pub const fn inner(&self) -> &D {
        &self.driver
    }

    fn seal(&self, record: &Record) -> Result<Record, Error> {
        let json = record.to_json_without_expiry();
        let sealed = self.sealer.seal(record.id().as_str(), json.as_bytes())?;
        let mut content = String::with_capacity(MARK.len() + sealed.len().div_ceil(3) * 4);
        content.push_str(MARK);
        URL_SAFE_NO_PAD.encode_string(sealed, &mut content);
        Ok(record.sealed(&content))
    }

    /// Opens what the store holds under `id`, unless it is another session's record.
    fn open(&self, stored: Loaded, id: &str) -> Option<Loaded> {
        let Loaded {
            record,
            version,
            is_outdated,
            ..
        } = stored;
        // The content is bound to the id, and the id to its place: someone who can write to the store cannot give a session to
        // another client, even if the driver does not compare ids.
        if record.id().as_str() != id {
            return None;
        }
        if let Some(content) = record.sealed_content() {
            let Opened { text, key } = self.decrypt(record.id().as_str(), content)?;
            let opened = Record::from_json(String::from_utf8(text).ok()?).ok()?;
            if opened.id() != record.id() {
                return None;
            }
            // The expiry is the store's: a touch changes nothing else.
            let opened = match record.expires_at() {
                Some(end) => opened.expiring_at(end),
                None => opened,
            };
            let is_replaced = key > 0 || self.plain_records == PlainRecords::Write;
            return Some(loaded(opened, version, is_outdated || is_replaced));
        }
        match self.plain_records {
            PlainRecords::Refuse => None,
            PlainRecords::Accept => Some(loaded(record, version, true)),
            PlainRecords::Write => Some(loaded(record, version, is_outdated)),
        }
    }

    fn decrypt(&self, id: &str, content: &str) -> Option<Opened> {
        let sealed = URL_SAFE_NO_PAD.decode(content.strip_prefix(MARK)?).ok()?;
        self.sealer.open(id, sealed)
    }
}

#[async_trait]
impl<D: Driver> Driver for Sealed<D> {
    /// Loads and opens a record. If it does not open, or its id is not the handle, there is no session.
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        let stored = self.driver.load(handle).await?;
        Ok(stored.and_then(|stored| self.open(stored, handle)))
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let saved = if self.plain_records == PlainRecords::Write {
            self.driver.save(record, expected, ttl).await?
        } else {
            let sealed = self.seal(record)?;
            self.driver.save(&sealed, expected, ttl).await?
        };
        Ok(match saved {
            Saved::Conflict(Some(held)) => {
                Saved::Conflict(self.open(*held, record.id().as_str()).map(Box::new))
            }
            saved => saved,
        })
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.driver.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        self.driver.can_revoke()
    }

    async fn touch(
        &self,
        record: &Record,
        version: &Version,
        ttl: Duration,
    ) -> Result<Touched, Error> {
        // What a driver needs to extend a record's life, and none of its data.
        let record = record.sealed("");
        self.driver.touch(&record, version, ttl).await
    }

    fn capacity(&self) -> Capacity {
        match self.driver.capacity() {
            Capacity::Json(limit) => Capacity::Json(room_in(limit)),
            capacity => capacity,
        }
    }

    async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error> {
        self.driver.owned_by(owner).await
    }

    fn is_sealed(&self) -> bool {
        self.plain_records != PlainRecords::Write
    }
}

fn loaded(record: Record, version: Version, is_outdated: bool) -> Loaded {
    let loaded = Loaded::new(record, version);
    if is_outdated {
        loaded.outdated()
    } else {
        loaded
    }
}

/// Returns how many bytes of JSON may be sealed, so that the sealed record has at most `limit`.
const fn room_in(limit: usize) -> usize {
    (limit.saturating_sub(FRAME) / 4 * 3).saturating_sub(Sealer::OVERHEAD)
}

const PURPOSE: &str = "record";
/// Names the scheme in front of the content.
const MARK: &str = "v1.";
/// Room for what stays readable in a sealed record.
const FRAME: usize = 512;
