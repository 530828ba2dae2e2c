//! How large a session may grow: the driver's capacity, or the manager's own limit.

use std::time::Duration;

use crate::commit::manager::Inner;
use crate::config::options::DEFAULT_MAX_BYTES;
use crate::cookie::key_ring::KeyRing;
use crate::cookie::set_cookie::MAX_COOKIE_BYTES;
use crate::record::members::MAX_BYTES;
use crate::record::text;
use crate::session::state::State;
use crate::{Capacity, Error, Record, SessionId};

impl State {
    /// Fails if the session is too large once its parts have these lengths, in bytes of JSON.
    pub(crate) fn check_size(&self, data: usize, flash_next: usize) -> Result<(), Error> {
        self.check_size_with(None, self.remembered_for, data, flash_next)
    }

    /// Does the same for a session that gets another id, or another lifetime of its own.
    pub(crate) fn check_size_with(
        &self,
        id: Option<&SessionId>,
        remembered_for: Option<Duration>,
        data: usize,
        flash_next: usize,
    ) -> Result<(), Error> {
        let id = id.or(self.life.id()).map_or(GENERATED, SessionId::as_str);
        let Some(manager) = &self.manager else {
            let json = text::json_len(id, data, flash_next, [], remembered_for);
            return check(json, DEFAULT_MAX_BYTES);
        };
        let options = &manager.0.options;
        let now = manager.now();
        let created_at = self.life.origin().and_then(|origin| origin.created_at);
        let created_at = created_at.or_else(|| options.begins_at(now));
        let lifetimes = options.lifetimes.remembering(remembered_for);
        let expires_at = Some(lifetimes.expiry(now, created_at));
        // Every time since 2001 has as many digits as the next one.
        let stamp = expires_at.filter(|_| options.has_stamps);
        let times = [expires_at, created_at, stamp, stamp];
        let times = times.into_iter().flatten();
        let json = text::json_len(id, data, flash_next, times, remembered_for);
        manager.0.check_json(json)
    }
}

impl Inner {
    /// Fails if a record is too large, which may have grown by merging.
    pub(super) fn check_size(&self, record: &Record) -> Result<(), Error> {
        let flash_from = match &record.flash_from {
            from if from.is_empty() => 0,
            from => from.json_len() + FLASH_FROM,
        };
        // As for the session, so that both have the same limit.
        let stamp = record.expires_at.filter(|_| self.options.has_stamps);
        let times = [record.expires_at, record.created_at, stamp, stamp];
        self.check_json(text::json_len(
            record.id().as_str(),
            record.data().json_len(),
            record.flash_next().json_len() + flash_from,
            times.into_iter().flatten(),
            record.remembered_for,
        ))
    }

    fn check_json(&self, json: usize) -> Result<(), Error> {
        let max_bytes = self.options.max_bytes.min(MAX_BYTES);
        match self.driver().capacity() {
            Capacity::Unlimited => check(json, max_bytes),
            Capacity::Json(limit) => check(json, limit.min(max_bytes)),
            Capacity::Cookie { handle_len } => {
                let token = KeyRing::token_len(handle_len(json));
                check(self.cookie.name().len() + token, MAX_COOKIE_BYTES)
            }
        }
    }
}

fn check(size: usize, limit: usize) -> Result<(), Error> {
    if size > limit {
        Err(Error::too_large(size, limit))
    } else {
        Ok(())
    }
}

/// The length of an id that is not generated yet.
const GENERATED: &str = "00000000-0000-4000-8000-000000000000";
/// The field's name and punctuation.
const FLASH_FROM: usize = ",\"flash_from\":".len();
