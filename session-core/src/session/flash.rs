//! Flash: values for the next request.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{AnyKey, KeyOf};
use crate::record::json;
use crate::{Error, Session, Values};

/// # Flash
///
/// A value that one request flashes is there for the next request and then gone, read or not: a notice to be seen once,
/// after a redirect. Every request through the middleware counts as the next one. With
/// [lazy opening](crate::Opening::Lazy), every request that takes its session does.
///
/// Flash and data are separate: `put("n", …)` and `flash("n", …)` do not affect each other, and
/// [`flush`](Self::flush) leaves flash alone.
///
/// | Stage | Verb | Lives |
/// |---|---|---|
/// | flash | `get_flash`, `has_flash`, `all_flash` | what the previous request flashed, until this request ends |
/// | flash for now | `flash_now` | until this request ends |
/// | flash for the next request | `flash`, `keep`, `reflash` | until the next request ends |
impl Session {
    /// Returns what the previous request flashed under `key`, or what this one set with [`flash_now`](Self::flash_now).
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the value is not a `T`.
    pub fn get_flash<T: DeserializeOwned>(
        &self,
        key: &(impl KeyOf<T> + ?Sized),
    ) -> Result<Option<T>, Error> {
        let key = key.name();
        let (flash_now, flash) = {
            let state = self.look();
            (state.flash_now.clone(), state.flash.clone())
        };
        match flash_now.get(key)? {
            Some(value) => Ok(Some(value)),
            None => flash.get(key),
        }
    }

    /// Returns the flash of `key`, or `default` if there is none.
    ///
    /// # Errors
    ///
    /// The same as [`get_flash`](Self::get_flash). A value of another type is an error, not the default.
    pub fn get_flash_or<T: DeserializeOwned>(
        &self,
        key: &(impl KeyOf<T> + ?Sized),
        default: T,
    ) -> Result<T, Error> {
        Ok(self.get_flash(key)?.unwrap_or(default))
    }

    /// Returns `true` if there is flash under `key`.
    #[must_use]
    pub fn has_flash(&self, key: &(impl AnyKey + ?Sized)) -> bool {
        let key = key.name();
        let state = self.look();
        state.flash_now.contains(key) || state.flash.contains(key)
    }

    /// Returns a copy of all flash that this request can read.
    #[must_use]
    pub fn all_flash(&self) -> Values {
        let state = self.look();
        let mut flash = state.flash.clone();
        flash.extend(&state.flash_now);
        flash
    }

    /// Sets `key` for the next request. This request does not see it.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Encode`](crate::ErrorKind::Encode) if `value` cannot be written as JSON, and fails like
    /// [every write](Self#errors). The session stays as it was.
    pub fn flash<T: Serialize>(
        &self,
        key: &(impl KeyOf<T> + ?Sized),
        value: T,
    ) -> Result<(), Error> {
        let key = key.name();
        let raw = json::encode(key, &value)?;
        self.change()?.flash(key, &raw)
    }

    /// Sets `key` for this request only, for a page that is rendered without a redirect. Nothing is stored.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Encode`](crate::ErrorKind::Encode) if `value` cannot be written as JSON.
    pub fn flash_now<T: Serialize>(
        &self,
        key: &(impl KeyOf<T> + ?Sized),
        value: T,
    ) -> Result<(), Error> {
        let key = key.name();
        let raw = json::encode(key, &value)?;
        self.look().flash_now.insert_checked(key, &raw)
    }

    /// Carries everything that the previous request flashed over to the next one. If this request has already flashed a
    /// value under the same key, the old value wins, as in `@rudderjs/session`. If there is no flash, this does not count as a write.
    ///
    /// # Errors
    ///
    /// Fails like [every write](Self#errors).
    pub fn reflash(&self) -> Result<(), Error> {
        let mut state = self.change()?;
        let kept = state.flash.clone();
        state.reflash(&kept)
    }

    /// Carries these keys of what the previous request flashed over to the next one. The others age as usual. Keys that
    /// were not flashed are ignored.
    ///
    /// # Errors
    ///
    /// Fails like [every write](Self#errors).
    pub fn keep<K: AsRef<str>>(&self, keys: impl IntoIterator<Item = K>) -> Result<(), Error> {
        // Collected first, because the iterator runs the caller's code.
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
