//! Session ids.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::{Error, ErrorKind};

/// The id of one session: opaque, unguessable, and without meaning.
///
/// A new id is a version 4 UUID with 122 random bits from the operating system's generator. The OWASP Session Management
/// Cheat Sheet asks for at least 64. Ids that other software wrote to the same store are kept as they are.
///
/// # Security
///
/// For a server-side driver the id is what a stolen cookie would contain. So `Debug` shows only its first eight
/// characters, and there is no `Display`: [`SessionId::as_str`] is explicit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// Generates a new id.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Random`] if the operating system's generator fails. There is no weaker fallback.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|source| Error::new(ErrorKind::Random).with_source(source))?;
        let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
        Ok(Self(Arc::from(
            &*uuid
                .hyphenated()
                .encode_lower(&mut uuid::Uuid::encode_buffer()),
        )))
    }

    /// Creates an id from one that a store already holds. Returns `None` if it is empty.
    ///
    /// Any other text is accepted, because other software may have written the record. Never pass what a client sent
    /// unless its signature was verified.
    #[must_use]
    pub fn from_stored(id: &str) -> Option<Self> {
        (!id.is_empty()).then(|| Self(Arc::from(id)))
    }

    /// Returns the whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first eight characters: enough to find the session in a log, not enough to use it.
    #[must_use]
    pub fn prefix(&self) -> &str {
        let end = self
            .0
            .char_indices()
            .nth(PREFIX_CHARS)
            .map_or(self.0.len(), |(at, _)| at);
        // A shorter id would be shown whole.
        if end == self.0.len() {
            ""
        } else {
            &self.0[..end]
        }
    }

    /// Returns a name that the session's user may see, for a list of devices and the button that ends one of them: 16
    /// letters, digits, `-` and `_`, which fit in a path and in a form.
    ///
    /// It is made of the first 96 bits of the id's SHA-256, so it is always the same for the same id, and does not lead
    /// back to it. It opens nothing: to find the session, compare it with the names of the user's own sessions.
    ///
    /// # Examples
    ///
    /// ```
    /// use session_core::{Error, Record, SessionManager};
    ///
    /// /// Returns `None` if the user has no session of this name.
    /// async fn device(
    ///     sessions: &SessionManager,
    ///     user: &str,
    ///     name: &str,
    /// ) -> Result<Option<Record>, Error> {
    ///     let mut devices = sessions.sessions_of(user).await?.into_iter();
    ///     Ok(devices.find(|device| device.id().public_name() == name))
    /// }
    /// ```
    #[must_use]
    pub fn public_name(&self) -> String {
        URL_SAFE_NO_PAD.encode(&Sha256::digest(self.as_str())[..PUBLIC_BYTES])
    }
}

/// So that a map keyed by id can be looked up with the text of a handle.
impl Borrow<str> for SessionId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({}…)", self.prefix())
    }
}

const PREFIX_CHARS: usize = 8;
/// 96 bits: no two of a user's sessions have the same name.
const PUBLIC_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Security checklist, statement 1: at least 122 random bits. 4,000 ids differ, and every bit takes both values, except
    /// the six that version 4 fixes.
    #[test]
    fn s01_an_id_is_a_random_uuid_v4() {
        let ids: HashSet<u128> = (0..4_000)
            .map(|_| uuid::Uuid::parse_str(SessionId::random().unwrap().as_str()).unwrap())
            .inspect(|uuid| assert_eq!(uuid.get_version_num(), 4))
            .map(|uuid| uuid.as_u128())
            .collect();
        assert_eq!(ids.len(), 4_000);
        let ones = ids.iter().fold(0, |bits, id| bits | id);
        let zeros = ids.iter().fold(0, |bits, id| bits | !id);
        assert_eq!((ones & zeros).count_ones(), 122);
    }

    #[test]
    fn debug_shows_only_a_prefix() {
        let id = SessionId::from_stored("11111111-1111-4111-8111-111111111111").unwrap();
        assert_eq!(format!("{id:?}"), "SessionId(11111111…)");
        assert_eq!(
            format!("{:?}", SessionId::from_stored("short").unwrap()),
            "SessionId(…)"
        );
        assert_eq!(
            SessionId::from_stored("ééééééééé").unwrap().prefix(),
            "éééééééé"
        );
    }

    /// The expected name comes from `printf %s ID | sha256sum`, cut after 12 bytes.
    #[test]
    fn s26_a_public_name_is_stable_and_shows_nothing_of_the_id() {
        let id = SessionId::from_stored("11111111-1111-4111-8111-111111111111").unwrap();
        assert_eq!(id.public_name(), "vXZipe60FhTnINR3");
        let other = SessionId::from_stored("11111111-1111-4111-8111-111111111112").unwrap();
        assert_ne!(id.public_name(), other.public_name());
    }

    #[test]
    fn an_empty_id_is_none() {
        assert_eq!(SessionId::from_stored(""), None);
    }
}
