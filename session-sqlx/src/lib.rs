//! Sessions in PostgreSQL, MySQL, MariaDB or SQLite. All servers share them, overlapping requests are
//! merged, and a logout is final.
//!
//! ```no_run
//! use session_core::{Secret, SessionManager};
//! use session_sqlx::SqlxDriver;
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let driver = SqlxDriver::connect("postgres://app:password@localhost/shop").await?;
//! let secret = Secret::new(std::env::var("SESSION_SECRET")?)?;
//! let manager = SessionManager::builder(driver, secret).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! With an adapter, turn on its feature `postgres`, `mysql` or `sqlite`, and set `SESSION_DRIVER` to
//! the same word and `DATABASE_URL`. An application that has a pool already passes it to
//! [`SqlxDriver::from_pool`].
//!
//! # The table
//!
//! [`Builder::connect`] creates the table if it is missing. Any number of services may start at once.
//! If you migrate the database yourself, turn that off with [`Builder::create_table`] and use the
//! schema below. Further columns are fine if they have a default.
//!
//! The columns are the same in all databases. Ids and owners may have any length, which no index
//! allows, so the indexes are over their SHA-256. `id` is for people and for listing a user's
//! sessions. To find the sessions of the owner `42` in PostgreSQL:
//! `SELECT id FROM sessions WHERE owner_hash = sha256('42')`. Software that changes a row must change
//! its `version` too.
//!
//! PostgreSQL:
//!
//! ```sql
#![doc = include_str!("schema/postgres.sql")]
//! ```
//!
//! MySQL and MariaDB:
//!
//! ```sql
#![doc = include_str!("schema/mysql.sql")]
//! ```
//!
//! SQLite:
//!
//! ```sql
#![doc = include_str!("schema/sqlite.sql")]
//! ```
//!
//! # Cost of a request
//!
//! | Request | Statements |
//! |---|---|
//! | no cookie, or an invalid signature | 0 |
//! | reads | 1 |
//! | reads and renews, at most once per tenth of the lifetime | 2 |
//! | reads and writes | 2 |
//! | creates a session | 1 |
//! | regenerates the id | 3 |
//! | destroys the session | 3 |
//! | a save that another one overtook | 1 more with PostgreSQL, otherwise 2 more |
//!
//! Once in eight saves, a task in the background removes up to 32 sessions that have ended. No request
//! waits for it. A connection prepares each statement when it first needs it, which is a round trip more.
//!
//! # Connections
//!
//! From a URL, the driver makes up to 10 connections ([`Builder::pool_size`]) and keeps them for itself.
//! One that nobody has used for a second is tested before it is used again. One that nobody has used
//! for 10 minutes is closed when others are returned, and so is one that is older than 30 minutes.
//!
//! An application's own pool ([`SqlxDriver::from_pool`]) works by its own settings. It tests every
//! connection after each use, in the background, which costs the server as much as another small
//! statement. Give the driver a URL if sessions make much of the load, and a pool if connections are
//! scarce.
//!
//! With PostgreSQL, a pooler may give each statement another connection of the server, which has
//! not prepared it. If the pooler takes no care of that, turn off the statement cache with
//! `statement-cache-capacity=0` in the URL or the pool's options. The driver then sends each statement
//! with its arguments in it.
//!
//! # Concurrent requests
//!
//! A save is one statement that compares the version: `UPDATE … WHERE id_hash = … AND version = …`.
//! If another request was faster, the row that is there comes back, the changes are
//! [merged](session_core::merge) into it, and the save is tried again. A save of a session that is
//! gone stores nothing. The isolation level of the pool does not matter: a statement that the database
//! rejects because of another transaction (a serialization failure, a deadlock) is sent again.
//!
//! A version is 128 random bits and not a number from a sequence. A replica that takes over after a
//! failover may not know the last numbers of a sequence, and a backup does not either. They would give
//! out the same numbers again, and a request that spans the failover would take one record for
//! another. It also lets the driver recognize its own work. If the connection breaks during a save,
//! the save is sent again on another connection. If the first attempt was carried out, the stored
//! version tells.
//!
//! # Time
//!
//! Sessions end by the clock of the service, which is the manager's clock too, and not by the
//! database's. So a session ends at the same time for all, and SQLite works like the others. The clocks of
//! several services must agree to well within the lifetime; `session-tool doctor` compares with the
//! database's.
//!
//! A row stays for up to 10 minutes after its end. `sweep_at` is the end rounded up to that, because
//! it has an index: as long as no indexed column changes, PostgreSQL updates a row in place (HOT)
//! and leaves all indexes alone. A service that rarely saves calls [`SqlxDriver::sweep`] from cron.
//!
//! # Outages
//!
//! The driver gives up on a call after the [timeout](Builder::timeout), 1 second by default, which
//! includes the wait for a connection. The error says why: no connection was free or could be made,
//! there was no answer, the connection broke, or the database only reads, which is what a server does
//! that was demoted in a failover. A connection that went silent is closed, so new ones replace it
//! when the server is back. With SQLite, one write at a time waits for the file, and the others wait
//! in a queue.
//!
//! With PostgreSQL and MySQL, a logout is as durable as the server's commits are. SQLite waits for
//! the disk when a session is destroyed or moved; a power failure may undo other saves of the last
//! moments.
//!
//! # Features
//!
//! | Feature | Adds |
//! |---|---|
//! | `postgres` | PostgreSQL |
//! | `mysql` | MySQL and MariaDB |
//! | `sqlite` | SQLite, compiled in |
//! | `tls` | encrypted connections, with rustls and the certificates that the operating system trusts |

#![cfg_attr(docsrs, feature(doc_cfg))]
// Without a database, there is nothing here.
#![cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]

mod builder;
mod settings;
mod table;

mod driver;
mod upkeep;
mod work;

mod connection;
mod dialect;
mod failure;
mod home;
mod inspection;
mod pool;
mod schema;

pub use crate::builder::Builder;
pub use crate::driver::SqlxDriver;
pub use crate::inspection::Inspection;
pub use crate::pool::Pool;
/// The client, for an application that builds its own pool.
pub use sqlx;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/databases.md")]
struct Guide;
