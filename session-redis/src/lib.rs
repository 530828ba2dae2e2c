//! Sessions in Redis or Valkey: shared by all servers, merged when requests overlap, and gone for good after a
//! logout.
//!
//! ```no_run
//! use session_core::{Outcome, Secret, SessionManager};
//! use session_redis::RedisDriver;
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let driver = RedisDriver::connect("redis://localhost:6379").await?;
//! let secret = Secret::new(std::env::var("SESSION_SECRET")?)?;
//! let manager = SessionManager::builder(driver, secret).build()?;
//!
//! let session = manager.open(None).await?;
//! session.put("user_id", 42)?;
//! let Outcome::Set(token) = manager.commit(&session).await? else { unreachable!() };
//!
//! let session = manager.open(Some(token.as_str())).await?;
//! session.destroy()?;
//! manager.commit(&session).await?;
//! assert!(manager.open(Some(token.as_str())).await?.is_new(), "whoever copied the cookie is logged out too");
//! # Ok(())
//! # }
//! ```
//!
//! With an adapter, turn on its feature `redis` and set `SESSION_DRIVER=redis`, `REDIS_URL` and, if several
//! applications share a database, `SESSION_PREFIX`.
//!
//! # What is stored where
//!
//! The cookie carries the session's id, signed. The record is one string in Redis, its key the prefix and the id,
//! its value `{"id":"…","data":{…},"flash_next":{…}}`, its expiry the key's TTL. That is the format of
//! `@rudderjs/session`, so a RudderJS application with the same secret, cookie name and prefix shares the sessions both
//! ways. Behind the JSON stand 54 characters of white space, which say the record's version and its expiry once more.
//!
//! A session takes its JSON and about 240 bytes: the key, the TTL, that white space and Redis' own book-keeping. Measured
//! with Redis 7.0: 471 bytes for a session of 233 bytes of JSON, so about 470 MB for a million of them. Crawlers and
//! visitors for whom nothing is put take none.
//!
//! # What a request costs
//!
//! | Request | Round trips |
//! |---|---|
//! | no cookie, or a wrong signature | 0 |
//! | reads | 1, and 2 where RudderJS wrote the record last |
//! | reads and renews, once in half a lifetime | 2 |
//! | reads and writes | 2 |
//! | a new session | 1 |
//! | regenerates | 3 |
//! | destroys | 2 |
//!
//! A save compares and sets in one step on the server, by a script: it takes place only if the record is what the request
//! saw. If not, the answer brings the record that is there, the changes are
//! [merged](session_core::merge), and the save is tried again. So updates are not lost, also not to a writer that
//! overwrites blindly, as `@rudderjs/session` does, once ours was acknowledged after its write. A save onto a record
//! that is gone, by logout, expiry, eviction or `FLUSHDB`, stores nothing.
//!
//! Such scripts of one driver and its clones that meet are sent as one, for up to 64 sessions; the first of them, which met
//! none, has gone by itself. Each gets the answer that it would have got alone. What is more than 16 KiB goes alone, and so
//! does each with a Cluster and with a server that turns out to be several that share the keys: the driver tries that with
//! 16 keys `session-probe-…` behind the prefix when two first meet, and again after an error.
//!
//! What other software wrote has its text for a version. If it writes the very same text again while a request of ours
//! is under way that saw the first, with a save of ours in between, that request takes the two for one: flash of the same
//! name and text, set anew, counts as the one that it has shown.
//!
//! # When Redis does not answer
//!
//! A command is given up after the [timeout](Builder::timeout), 1 second by default. The session then reads as empty,
//! writes to it are refused, and the client keeps its cookie, or the request is answered with 503, as
//! [`OnOutage`](session_core::OnOutage) says. No command that changed anything is sent twice: whether a save whose
//! connection broke was carried out is unknown, and it counts as failed. The driver reconnects by itself, after waits
//! that grow to 2 seconds with a random part.
//!
//! A value that is no session of its id (other JSON, another type) is no session; it is left alone and logged.
//!
//! # Running it
//!
//! - **Eviction.** Give sessions a Redis, or at least a database with enough `maxmemory`, of their own, with
//!   `maxmemory-policy volatile-ttl`, which evicts those that end soonest, or `noeviction`, which refuses new ones.
//!   An evicted session is a user logged out.
//! - **Sentinel and Cluster.** Replication is asynchronous. A master that fails takes the writes with it that its
//!   replica did not have yet, typically those of the last milliseconds: a login may be undone, and a logout too.
//!   The same holds for a slot that moves. Where that matters, `min-replicas-to-write 1` and a small
//!   `min-replicas-max-lag` let a master without replicas refuse writes, and an application can wait for replicas
//!   with `WAIT` on [`RedisDriver::pool`] after a commit.
//!   In a Cluster, give every master a replica: while a master is missing, the client looks for it and answers nothing
//!   else, whatever the other masters could do. After a master that fell silent, the last request failed 5.5 seconds later
//!   in 13 of 14 trials, and never later; replicas were promoted after 2.4.
//! - **Persistence.** Without it a restart logs everybody out, and nothing else happens. With `appendfsync
//!   everysec` up to a second of writes is lost, logouts among them.
//! - **Rolling deploys.** Old and new servers share sessions as long as they share the secret, or have each
//!   other's among the previous ones. Values that only one version understands are passed on unchanged by the
//!   other.
//! - **Clocks.** The servers' clocks must agree well within the lifetime. A record carries its end by the clock of the
//!   server that saved it; to one that is ahead by more than the lifetime every session has expired. What is behind is
//!   let in no longer than the key's TTL.
//! - **Rights.** The user needs `GET`, `GETRANGE`, `SET`, `DEL`, `PTTL`, `EVAL` and `EVALSHA` on the prefix's keys:
//!   `ACL SETUSER app on >password ~session:* +get +getrange +set +del +pttl +eval +evalsha`; with a database other than 0
//!   also `+select`, and `+info +client|id` keep the server's ACL log clean. [`RedisDriver::count`] needs `+scan`.
//!
//! # Features
//!
//! `tls` allows `rediss://` URLs, by rustls and the certificates that the operating system trusts.

mod batch;
mod connect;
mod count;
mod driver;
mod links;
mod mark;
mod meeting;
mod script;

pub use crate::connect::Builder;
pub use crate::driver::RedisDriver;
/// The client, for a pool of the application's own.
pub use fred;
