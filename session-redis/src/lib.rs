//! Sessions in Redis or Valkey. All servers share them, overlapping requests are merged, and a
//! logout is final.
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
//! assert!(manager.open(Some(token.as_str())).await?.is_new(), "a copied cookie is logged out too");
//! # Ok(())
//! # }
//! ```
//!
//! With an adapter, turn on its feature `redis` and set `SESSION_DRIVER=redis` and `REDIS_URL`. If
//! several applications share a database, give each its own `SESSION_PREFIX`.
//!
//! # Storage
//!
//! The cookie carries the session's id, signed. Redis stores the record as a string: the key is the
//! prefix and the id, the value is `{"id":"…","data":{…},"flash_next":{…}}`, and the key's TTL is
//! the expiry. This is the format of `@rudderjs/session`, so a RudderJS application with the same
//! secret, cookie name and prefix shares its sessions with this crate in both directions. After the
//! JSON come 54 characters of white space that encode the record's version and, a second time, its
//! expiry.
//!
//! A session takes its JSON plus about 240 bytes for the key, the TTL, the white space and Redis'
//! own bookkeeping. With Redis 7.0, a session with 233 bytes of JSON takes 471 bytes, so a million
//! of them take about 470 MB. Visitors and crawlers whose session stays empty take nothing.
//!
//! # Cost of a request
//!
//! | Request | Round trips |
//! |---|---|
//! | no cookie, or an invalid signature | 0 |
//! | reads | 1; 2 if RudderJS wrote the record last |
//! | reads and renews, at most once per tenth of the lifetime | 2 |
//! | reads and writes | 2 |
//! | creates a session | 1 |
//! | regenerates the id | 3 |
//! | destroys the session | 3 |
//!
//! # Concurrent requests
//!
//! A save is a compare-and-set. A script on the server stores the record only if it is still the
//! version that the request loaded. Otherwise the script returns the current record, the request's
//! changes are [merged](session_core::merge) into it, and the save is tried again. So no update is
//! lost, not even to software that overwrites blindly, as `@rudderjs/session` does: once a save of
//! ours that came after such a write is acknowledged, both are stored. A save of a record that is
//! gone, after a logout, expiry, eviction or `FLUSHDB`, stores nothing.
//!
//! Loads that overlap in one process are sent as one batch, an `MGET` for up to 64 sessions, and
//! so are saves (group commit): a single script for up to 64 sessions of at most 16 KiB each, which
//! also updates the indexes of their owners. Every request still gets its own result. An operation
//! that overlaps with no other is sent at once, in a command of its own. Batches need a server that
//! accepts several keys in one command, and loads need the permission to `MGET`. When two loads or
//! two saves first overlap, and again after an error, the driver probes for that with 16 keys named
//! `session-probe-…` after the prefix. Without support, and always with a Cluster, operations are
//! sent one by one.
//!
//! Records of other software have no version, so their whole text counts as the version. There is
//! one limit. Suppose that other software writes the very same text again during a request of ours
//! that loaded the first copy, and that another save of ours came in between. Then the request
//! takes the two copies for one, and flash with the same name and value counts as already shown.
//!
//! # Outages
//!
//! The driver gives up on a command after the [timeout](Builder::timeout), 1 second by default.
//! Then the session reads as empty, writes to it fail, and the client keeps its cookie; or the
//! request is answered with 503, depending on [`OnOutage`](session_core::OnOutage). A command that
//! changes something is never sent twice. If the connection breaks during a save, nobody knows
//! whether the save was carried out, and it counts as failed. The driver reconnects in the
//! background; the wait between attempts grows to 2 seconds plus a random part.
//!
//! A connection can also be up and lead to the wrong server: a master that became a replica, or one
//! that is not ready. The driver recognizes that by the reply, which starts with `READONLY`,
//! `MASTERDOWN`, `LOADING`, `NOAUTH`, `WRONGPASS` or `CLUSTERDOWN`. It replaces the connection,
//! checks with a write that the new one works, and repeats that after pauses that grow from 100
//! milliseconds to 2 seconds. A new connection resolves the host name again and asks Sentinel again;
//! with a Cluster, the driver asks for its topology again. Commands that are on their way while a
//! connection is replaced fail.
//!
//! The log names each cause once per outage, at level `WARN`, and the end of the outage, at `INFO`.
//! A request that times out meanwhile fails with the cause.
//!
//! | What happens | Time until the first session is stored |
//! |---|---|
//! | the address leads to another master; the old one stays up, as a replica | 0.1 to 0.4 s |
//! | a planned failover with Sentinel | 0.1 to 0.2 s after the old master is a replica |
//! | a planned failover of a Cluster | less than 0.1 s |
//! | `CLIENT KILL` | 0.1 to 0.2 s |
//! | a Cluster that was down, or a new password | 0.6 to 1.4 s after the end of the cause; the pause before the next attempt is at most 2 s |
//!
//! **Changing the password.** Redis keeps connections that are open authenticated. Only new ones
//! need the new password. With a password in the URL, the driver keeps trying the old one until the
//! process restarts, and the log names `WRONGPASS`. There are two ways to change it without an
//! outage. Let the user have both passwords (`ACL SETUSER app >new`), restart the services with the
//! new one, and then remove the old one. Or supply the password with a function:
//! [`Builder::password`].
//!
//! A value that is not a session with the id of its key, such as other JSON or another type, counts
//! as absent. The driver leaves it unchanged and logs a warning, except for another type in a batch
//! of loads, which `MGET` does not tell from an absent key.
//!
//! # Operations
//!
//! - **Eviction.** Give sessions a Redis server of their own, or at least enough `maxmemory`. Set
//!   `maxmemory-policy` to `volatile-ttl`, which evicts the sessions that expire soonest, or to
//!   `noeviction`, which refuses new ones. An evicted session logs its user out.
//! - **Sentinel and Cluster.** Replication is asynchronous. A master that fails loses the writes
//!   that its replica did not receive yet, typically those of the last milliseconds. That can undo
//!   a login, and a logout too. The same holds for a slot that moves. If this matters, set
//!   `min-replicas-to-write 1` and a small `min-replicas-max-lag`, so that a master without
//!   replicas refuses writes. An application can also wait for replicas with `WAIT` on
//!   [`RedisDriver::pool`] after a commit.
//! - **Cluster.** Give every master a replica. While a master is down, a connection searches for
//!   its replacement and serves nothing else, not even the other masters. In 14 trials with a master
//!   that went silent, the last request failed at most 5.5 seconds later; the replicas were promoted
//!   after 2.4 seconds.
//! - **Persistence.** Without persistence a restart logs everybody out, and does no other harm.
//!   With `appendfsync everysec` up to a second of writes is lost, logouts included.
//! - **Rolling deploys.** Old and new servers share sessions as long as they share the secret, or
//!   know each other's as a previous secret. Values that only one version understands pass through
//!   the other unchanged.
//! - **Clocks.** The servers' clocks must agree to well within the session lifetime. A record
//!   stores its expiry by the clock of the server that saved it. To a server that is ahead by more
//!   than the lifetime, every session has expired. A server that is behind never accepts a session
//!   beyond the key's TTL.
//! - **Permissions.** The Redis user needs `GET`, `GETRANGE`, `SET`, `DEL`, `PTTL`, `EVAL` and
//!   `EVALSHA` on the prefix's keys, and `MGET` for batches of loads:
//!   `ACL SETUSER app on >password ~session:* +get +mget +getrange +set +del +pttl +eval +evalsha`.
//!   Without `MGET`, loads are sent one by one, and the server's ACL log gets one entry.
//!   With an owner key, it also needs `+zadd +zscore +zremrangebyscore +zrangebyscore +pexpire`, and
//!   the keys that begin with `owner:` after the prefix.
//!   To announce endings ([`Builder::announce_endings`]), it also needs `+publish +subscribe` and
//!   `&session:ended`. A database other than 0 also needs `+select`, and [`RedisDriver::count`] needs `+scan`.
//!   `+info +client|id` keep the server's ACL log clean.
//!
//! # Features
//!
//! `tls` allows `rediss://` URLs, with rustls and the certificates that the operating system
//! trusts.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod credentials;
mod settings;

mod count;
mod driver;
mod endings;
mod mark;
mod owners;

mod batch;
mod compare_and_set;
mod connections;
mod load;
mod outage;
mod probe;
mod recovery;
mod scripts;

pub use crate::builder::Builder;
pub use crate::driver::RedisDriver;
pub use crate::endings::{Ending, Endings};
/// The Redis client, for an application that builds its own pool.
pub use fred;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
