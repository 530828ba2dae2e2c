//! Flash: values for the next request.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::record::json;
use crate::{Error, Session, Values};

/// # Flash
///
/// A value that one request flashes is there for the next request and then gone, whether it was read or
/// not: a notice that is to be seen once, after a redirect. Every request through the middleware counts
/// as the next one (with [lazy opening](crate::Opening::Lazy), every request that takes its session).
///
/// Flash and data are apart: `put("n", …)` and `flash("n", …)` do not touch each other, and
/// [`flush`](Self::flush) leaves flash alone.
impl Session {
    /// Returns what the previous request flashed as `key`, or this one as [`flash_now`](Self::flash_now).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when the value is not a `T`.
    pub fn get_flash<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let (flash_now, flash) = {
            let state = self.look();
            (state.flash_now.clone(), state.flash.clone())
        };
        match flash_now.get(key)? {
            Some(value) => Ok(Some(value)),
            None => flash.get(key),
        }
    }

    /// Returns the flash of `key`, or `default` where there is none.
    ///
    /// # Errors
    ///
    /// As [`get_flash`](Self::get_flash): a value of another type is an error and not the default.
    pub fn get_flash_or<T: DeserializeOwned>(&self, key: &str, default: T) -> Result<T, Error> {
        Ok(self.get_flash(key)?.unwrap_or(default))
    }

    /// Says whether there is flash under `key`.
    #[must_use]
    pub fn has_flash(&self, key: &str) -> bool {
        let state = self.look();
        state.flash_now.contains(key) || state.flash.contains(key)
    }

    /// Returns a copy of all flash that this request can see.
    #[must_use]
    pub fn all_flash(&self) -> Values {
        let state = self.look();
        let mut flash = state.flash.clone();
        flash.extend(&state.flash_now);
        flash
    }

    /// Sets `key` for the next request. This one does not see it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when `value` cannot be written as JSON, and as
    /// [every write](Self#errors). The session is left as it was.
    pub fn flash<T: Serialize>(&self, key: &str, value: T) -> Result<(), Error> {
        let raw = json::encode(key, &value)?;
        self.change()?.flash(key, &raw)
    }

    /// Sets flash for this request only: for a page that is answered without a redirect. Nothing is stored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) when `value` cannot be written as JSON.
    pub fn flash_now<T: Serialize>(&self, key: &str, value: T) -> Result<(), Error> {
        let raw = json::encode(key, &value)?;
        self.look().flash_now.insert_checked(key, &raw)
    }

    /// Carries everything that the previous request flashed to the next one. Where this request flashed
    /// something under the same key before, the old value wins, as in `@rudderjs/session`.
    ///
    /// # Errors
    ///
    /// As [every write](Self#errors).
    pub fn reflash(&self) -> Result<(), Error> {
        let mut state = self.change()?;
        let kept = state.flash.clone();
        state.reflash(&kept)
    }

    /// Carries these keys of what the previous request flashed to the next one. Others age as usual, and keys
    /// that were not flashed are passed over.
    ///
    /// # Errors
    ///
    /// As [every write](Self#errors).
    pub fn keep<K: AsRef<str>>(&self, keys: impl IntoIterator<Item = K>) -> Result<(), Error> {
        // Collected first, because the iterator runs code of the caller's.
        let keys: Vec<String> = keys
            .into_iter()
            .map(|key| key.as_ref().to_owned())
            .collect();
        let mut state = self.change()?;
        let mut kept = Values::new();
        for key in &keys {
            if let Some(raw) = state.flash.get_raw(key) {
                kept.insert_raw(key, raw);
            }
        }
        state.reflash(&kept)
    }
}
