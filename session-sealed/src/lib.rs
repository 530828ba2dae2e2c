//! Sessions that only the service can read: a driver that encrypts the records of another one.
//!
//! [`Sealed`] wraps a server-side driver, such as the memory or the Redis driver. Whoever copies the store, or a backup of
//! it, finds no session data in it.
//!
//! ```
//! use session_core::{KeyRing, MemoryDriver, Outcome, Secret, SessionManager};
//! use session_sealed::Sealed;
//!
//! # pollster::block_on(async {
//! let keys = KeyRing::new(Secret::generate()?);
//! let driver = Sealed::new(MemoryDriver::new(), &keys)?;
//! let manager = SessionManager::builder(driver, keys).build()?;
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
//! For sessions in the client's cookie, use `CookieDriver::encrypted` of `session-cookie` instead, a feature of that crate.
//! Applications enable the feature `encryption` of their adapter and set `SESSION_ENCRYPT=true`.
//!
//! # What stays readable
//!
//! The id, the expiry, the owner, and whether the session has moved: what a store needs to find and to expire a record.
//! The length of a record tells how much is in it.
//!
//! # What encryption does not do
//!
//! - **It does not revoke.** Whoever has a session's cookie has the session.
//! - **It does not prevent replay.** Someone who can write to the store can put back an older version of a record, remove
//!   the record, or change its expiry. They cannot change what is in it, or move it to another id.
//! - **It does not protect from the service.** Whoever has the secret reads everything. Keep it away from the store and
//!   its backups.
//!
//! Other software with the same store, such as `@rudderjs/session`, takes a sealed record for an empty session.
//!
//! # Format
//!
//! A record is encrypted with XChaCha20-Poly1305 under a key that HKDF-SHA256 derives from each secret of the key ring
//! ([`KeyRing::derive`](session_core::KeyRing::derive)). With `purpose` being `record`, or `cookie` for sessions in
//! cookies:
//!
//! ```text
//! info            = "session-sealed v1" 0x00 purpose
//! key             = HKDF-SHA256(secret, no salt, info, 32 bytes)
//! associated data = info 0x00 id
//! content         = "v1." base64url_nopad(nonce (24 random bytes) || ciphertext || tag (16 bytes))
//! ```
//!
//! The id is the record's, and empty for a cookie. A [purpose of your own](Sealed::purpose) is appended to `purpose` after
//! a space. The plaintext is [`Record::to_json_without_expiry`](session_core::Record::to_json_without_expiry), or
//! [`Record::to_json`](session_core::Record::to_json) for a cookie. White space after it is padding.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod driver;
mod sealer;

pub use session_core::PlainRecords;

pub use crate::driver::Sealed;
pub use crate::sealer::{Opened, Sealer};

/// Compiles the examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
