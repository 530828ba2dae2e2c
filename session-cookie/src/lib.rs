//! Sessions that live in the client's cookie, signed by the server.
//!
//! [`CookieDriver`] needs no store, no connection and no clean-up: the whole session travels in the cookie, as
//! `base64url(JSON) "." base64url(HMAC-SHA256)`, and every server that has the secret reads it.
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
//! # What it cannot do
//!
//! - **Revoke.** Logging out removes the cookie from the browser that logged out. Whoever has a copy of it can
//!   use it until its expiry, which the server enforces: at most one lifetime after it was issued, 120
//!   minutes by default. The same holds for the old cookie after `regenerate`.
//! - **Forget.** The client can send an older cookie again, until that expires, and is then as if nothing had happened
//!   since: no attempt counter, no one-time token and no limit can be kept here.
//! - **Merge.** Of two requests that overlap, the browser keeps the cookie of the response that comes last, and
//!   the changes of the other are lost.
//! - **Hide.** The data is signed, not encrypted: the user can read it. Put no secret in it.
//! - **Hold much.** Browsers drop a cookie of more than 4096 bytes, name and value together. That leaves about
//!   2.9 kB of JSON. A `put` or `flash` that would exceed it is refused with
//!   [`ErrorKind::TooLarge`](session_core::ErrorKind::TooLarge) and changes nothing.
//!
//! Choose Redis (`session-redis`) when a logout must really end a session, when one page makes several requests
//! that write, or when sessions are large. The application's code stays the same.
//!
//! # Format
//!
//! The payload is the record's JSON, as `@rudderjs/session` writes it:
//! `{"id":"…","data":{…},"flash_next":{…},"exp":1700007200000}`, with `exp` in milliseconds. Only the one
//! canonical base64url spelling without padding is accepted.

mod base64url;

use std::time::Duration;

use async_trait::async_trait;
use session_core::{Capacity, Driver, Error, Expected, Loaded, Record, Saved, SessionId, Version};

/// Keeps each record in its client's cookie. See the [crate's page](crate) for what that means.
#[derive(Clone, Copy, Debug, Default)]
pub struct CookieDriver;

#[async_trait]
impl Driver for CookieDriver {
    /// Decodes the record. The manager verified the signature and checks the expiry.
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        Ok(decode(handle).map(|record| Loaded::new(record, Version::none())))
    }

    /// Encodes the record. There is nothing to compare with: the client holds the only copy.
    async fn save(&self, record: &Record, _: Expected<'_>, _: Duration) -> Result<Saved, Error> {
        let json = record.to_json();
        let mut handle = String::with_capacity(handle_len(json.len()) + ROOM_FOR_SIGNATURE);
        base64url::encode(&json, &mut handle);
        Ok(Saved::Done { handle })
    }

    /// Does nothing: the manager removes the cookie.
    async fn destroy(&self, _: &SessionId) -> Result<(), Error> {
        Ok(())
    }

    fn can_revoke(&self) -> bool {
        false
    }

    fn capacity(&self) -> Capacity {
        Capacity::Cookie { handle_len }
    }
}

fn decode(handle: &str) -> Option<Record> {
    let json = base64url::decode(handle)?;
    Record::from_json(String::from_utf8(json).ok()?).ok()
}

/// The length of base64 without padding.
const fn handle_len(json: usize) -> usize {
    json / 3 * 4 + [0, 2, 3][json % 3]
}

/// The core signs the handle in place: a dot, and 32 bytes in base64.
const ROOM_FOR_SIGNATURE: usize = 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_predicted_length_is_the_real_one() {
        for len in 0..100 {
            let mut encoded = String::new();
            base64url::encode(&"x".repeat(len), &mut encoded);
            assert_eq!(handle_len(len), encoded.len());
        }
    }

    #[test]
    fn what_is_no_record_is_no_session() {
        let not_utf8 = "eyJpZCI6Iv8ifQ";
        for handle in ["", "a", "!!!!", "é", "e30", "e30=", not_utf8] {
            assert!(decode(handle).is_none(), "{handle}");
        }
    }
}
