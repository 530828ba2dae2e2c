//! Drivers that never wait.

use std::time::Duration;

use super::{Expected, Loaded, Saved};
use crate::{Error, Record};

/// A driver whose loads and saves never wait, because its records are in the cookie or in this process's memory.
///
/// A [`Driver`](crate::Driver) that returns itself as [`immediate`](crate::Driver::immediate) is asked here instead. The
/// result is the same, but requests need no future for it. Middleware opens the session while it is called, and commits
/// it in the same poll in which the handler returned.
///
/// # Contract
///
/// The methods do what `load` and `save` of [`Driver`](crate::Driver) do, and neither block nor perform I/O. The
/// conformance kit asks all ways in turns.
pub trait Immediate: Send + Sync {
    /// Does what [`Driver::load`](crate::Driver::load) does.
    ///
    /// # Errors
    ///
    /// The same as [`Driver::load`](crate::Driver::load).
    fn load_now(&self, handle: &str) -> Result<Option<Loaded>, Error>;

    /// Returns the JSON of the record in this handle, if records are in the clients' cookies. Middleware then reads it
    /// only if somebody asks for the session, or if the end of the text does not show that the request leaves the record
    /// as it is.
    ///
    /// `Some` means that [`load_now`](Self::load_now) would find this text's record, with
    /// [`Version::none`](crate::Version::none) and not outdated, or no record, if the text is none. The default returns
    /// `None`: load the record.
    fn json_in(&self, handle: &str) -> Option<String> {
        let _ = handle;
        None
    }

    /// Does what [`Driver::save`](crate::Driver::save) does.
    ///
    /// # Errors
    ///
    /// The same as [`Driver::save`](crate::Driver::save).
    fn save_now(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error>;
}
