//! Sessions that live in the client's cookie, signed by the server.
//!
//! [`CookieDriver`] needs no store, no connection and no cleanup. The whole session travels in the
//! cookie as `base64url(JSON) "." base64url(HMAC-SHA256)`, and every server with the same secret
//! can read it.
//!
//! ```
//! use session_cookie::CookieDriver;
//! use session_core::{Outcome, Secret, SessionManager};
//!
//! # pollster::block_on(async {
//! let manager = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
//!
//! let session = manager.open(None).await?;
//! session.put("user_id", 42)?;
//! let Outcome::Set(token) = manager.commit(&session).await? else { unreachable!() };
//!
//! let session = manager.open(Some(token.as_str())).await?;
//! assert_eq!(session.get::<u64>("user_id")?, Some(42));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Limits
//!
//! - **Sessions cannot be revoked.** A logout removes the cookie from one browser. A copy of the
//!   cookie stays valid until it expires, at most one lifetime after it was issued (default: 120
//!   minutes). The server enforces the expiry. The same is true for the old cookie after
//!   `regenerate`.
//! - **Sessions can be rolled back.** Until an older cookie expires, the client can send it again
//!   and undo everything that has happened since. Do not keep attempt counters, one-time tokens or
//!   quotas here.
//! - **Requests are not merged.** If two requests overlap, the browser keeps the cookie of the
//!   later response, and the changes of the other request are lost.
//! - **Data is not hidden.** The data is signed but not encrypted, so the user can read it. Do not
//!   store secrets, or use [`CookieDriver::encrypted`].
//! - **Sessions are small.** Browsers drop cookies of more than 4096 bytes, name and value
//!   together. That leaves about 2.9 kB of JSON. A `put` or `flash` that would exceed the limit
//!   fails with [`ErrorKind::TooLarge`](session_core::ErrorKind::TooLarge) and changes nothing.
//!
//! Use Redis (`session-redis`) if a logout must end a session everywhere, if one page sends several
//! requests that write, or if sessions are large. The application's code stays the same.
//!
//! # Features
//!
//! - `encrypted`: [`CookieDriver::encrypted`], which hides the data from everyone but the service.
//!
//! # Format
//!
//! The payload is the record's JSON in the format of `@rudderjs/session`:
//! `{"id":"…","data":{…},"flash_next":{…},"exp":1700007200000}`, where `exp` is in milliseconds.
//! Only canonical base64url without padding is accepted. `session-sealed` describes the encrypted
//! format.

// Links lead to items of the feature.
#![cfg_attr(not(feature = "encrypted"), allow(rustdoc::broken_intra_doc_links))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod base64url;
#[cfg(feature = "encrypted")]
mod encrypted;

use std::time::Duration;

use async_trait::async_trait;
use session_core::{
    Capacity, Driver, Error, Expected, Immediate, Loaded, Record, Saved, SessionId, Version,
};

#[cfg(feature = "encrypted")]
pub use crate::encrypted::EncryptedCookieDriver;

/// A driver that stores each record in the client's cookie. The [crate documentation](crate) lists
/// its limits.
///
/// [`CookieDriver::encrypted`] creates a driver that also encrypts the record, with the feature `encrypted`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CookieDriver;

#[async_trait]
impl Driver for CookieDriver {
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
        Capacity::Cookie { handle_len }
    }

    fn immediate(&self) -> Option<&dyn Immediate> {
        Some(self)
    }
}

impl Immediate for CookieDriver {
    /// Decodes the record. The manager verifies the signature and checks the expiry.
    fn load_now(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        Ok(decode(handle).map(|record| Loaded::new(record, Version::none())))
    }

    fn json_in(&self, handle: &str) -> Option<String> {
        String::from_utf8(base64url::decode(handle)?).ok()
    }

    /// Encodes the record. There is nothing to compare, because the client holds the only copy.
    fn save_now(&self, record: &Record, _: Expected<'_>, _: Duration) -> Result<Saved, Error> {
        let json = record.to_json();
        let mut handle = String::with_capacity(handle_len(json.len()) + ROOM_FOR_SIGNATURE);
        base64url::encode(&json, &mut handle);
        Ok(Saved::Done {
            handle,
            version: Version::none(),
        })
    }
}

fn decode(handle: &str) -> Option<Record> {
    Record::from_json(CookieDriver.json_in(handle)?).ok()
}

/// Returns the length of base64 without padding.
const fn handle_len(json: usize) -> usize {
    json / 3 * 4 + [0, 2, 3][json % 3]
}

/// The core appends a dot and a signature of 32 bytes in base64 to the handle.
const ROOM_FOR_SIGNATURE: usize = 44;

/// Compiles the examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_predicted_length_is_exact() {
        for len in 0..100 {
            let mut encoded = String::new();
            base64url::encode("x".repeat(len), &mut encoded);
            assert_eq!(handle_len(len), encoded.len());
        }
    }

    #[test]
    fn text_that_is_not_a_record_is_no_session() {
        let not_utf8 = "eyJpZCI6Iv8ifQ";
        for handle in ["", "a", "!!!!", "é", "e30", "e30=", not_utf8] {
            assert!(decode(handle).is_none(), "{handle}");
        }
    }
}
