//! Sessions in PostgreSQL, MySQL, MariaDB or SQLite.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod settings;
mod table;

mod driver;
mod work;

mod dialect;
mod failure;
mod inspection;
mod pool;
mod schema;

pub use crate::builder::Builder;
pub use crate::driver::SqlxDriver;
pub use crate::inspection::Inspection;
pub use crate::pool::Pool;
/// The client, for an application that builds its own pool.
pub use sqlx;
