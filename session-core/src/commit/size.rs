//! How large a session may grow: the driver's capacity, or the cookie's limit.

use std::time::Duration;

use crate::cookie::key_ring::KeyRing;
use crate::cookie::set_cookie::MAX_COOKIE_BYTES;
use crate::record::members::MAX_BYTES;
use crate::{Capacity, Error, Record, Timestamp, record};

/// How large the session may grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) capacity: Capacity,
    /// The manager's own limit, in bytes of JSON.
    pub(crate) max_bytes: usize,
    /// The length of the cookie's name.
    pub(crate) cookie_name: usize,
    pub(crate) expires_at: Timestamp,
    /// When the session began, if the record says so.
    pub(crate) created_at: Option<Timestamp>,
    /// When a session that begins with this request begins, if its record will say so.
    pub(crate) begins_at: Option<Timestamp>,
    pub(crate) remembered_for: Option<Duration>,
    /// Whether the record says when it was saved and when it got its owner.
    pub(crate) has_stamps: bool,
}

impl Budget {
    /// The budget of a session that begins with this request.
    pub(crate) fn of_new(self) -> Self {
        Self {
            created_at: self.begins_at,
            remembered_for: None,
            ..self
        }
    }

    /// Checks a session whose parts have these lengths, in bytes of JSON.
    pub(crate) fn check(&self, id: &str, data: usize, flash_next: usize) -> Result<(), Error> {
        // Every time since 2001 has as many digits as the next one.
        let stamp = self.has_stamps.then_some(self.expires_at);
        let times = [Some(self.expires_at), self.created_at, stamp, stamp];
        let times = times.into_iter().flatten();
        let json = record::json_len(id, data, flash_next, times, self.remembered_for);
        let (size, limit) = match self.capacity {
            Capacity::Unlimited => (json, self.max_bytes.min(MAX_BYTES)),
            Capacity::Json(limit) => (json, limit.min(self.max_bytes).min(MAX_BYTES)),
            Capacity::Cookie { handle_len } => (
                self.cookie_name + KeyRing::token_len(handle_len(json)),
                MAX_COOKIE_BYTES,
            ),
        };
        if size > limit {
            Err(Error::too_large(size, limit))
        } else {
            Ok(())
        }
    }

    /// Checks a record, which may have grown by merging.
    pub(crate) fn check_record(&self, record: &Record) -> Result<(), Error> {
        let flash_from = match &record.flash_from {
            from if from.is_empty() => 0,
            from => from.json_len() + FLASH_FROM,
        };
        self.check(
            record.id().as_str(),
            record.data().json_len(),
            record.flash_next().json_len() + flash_from,
        )
    }
}

/// The field's name and punctuation.
const FLASH_FROM: usize = ",\"flash_from\":".len();
