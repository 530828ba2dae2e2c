//! Replaying changes onto what the store holds now.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Changes;
use super::LoadedFlash;
use crate::record::json::is_same;
use crate::{Error, Loaded, Record, SessionId, Values, Version};

impl Changes {
    /// Replays the changes onto what the store holds now.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Decode`](crate::ErrorKind::Decode) if an update finds a value of another type.
    pub fn onto(&self, current: &Loaded) -> Result<Record, Error> {
        let mut record = current.record.clone();
        self.apply_to_data(&mut record.data)?;
        let version = tag(&record.id, &current.version);
        self.apply_to_flash(&mut record, version);
        if let Some(remembered_for) = self.remembered_for {
            record.remembered_for = remembered_for;
        }
        Ok(record)
    }

    /// Adds flash that was loaded and is kept to a record with the flash for the next request.
    pub(crate) fn keep(&self, kept: &LoadedFlash, record: &mut Record) {
        record.flash_next = kept.flash.clone();
        record.flash_from = kept.flash_from.clone();
        // Of the record that it was loaded from: this one may have a new id.
        self.apply_to_flash(record, tag(&kept.id, &kept.version));
    }

    fn apply_to_data(&self, data: &mut Values) -> Result<(), Error> {
        if let Some(seen) = &self.flushed {
            data.escaped_mut().retain(|key, raw| {
                let seen = seen.escaped().get(key);
                !seen.is_some_and(|seen| is_same(seen, raw))
            });
        }
        if !self.forgets.is_empty() {
            data.escaped_mut()
                .retain(|key, raw| match self.forgets.get(key) {
                    Some(Some(seen)) => !is_same(seen, raw),
                    Some(None) => false,
                    None => true,
                });
        }
        for (key, raw) in self.puts.iter() {
            data.escaped_mut().insert(key, raw);
        }
        for (key, updates) in &self.updates {
            if let Some(raw) = updates.run(data.escaped().get(key))? {
                data.escaped_mut().insert(key, &raw);
            }
        }
        Ok(())
    }

    fn apply_to_flash(&self, record: &mut Record, current: String) {
        let ours = self
            .aged
            .as_ref()
            .map(|aged| (aged, tag(&aged.id, &aged.version)));
        let flash_from = std::mem::take(&mut record.flash_from);
        let mut carried = Values::new();
        record.flash_next.escaped_mut().retain(|name, _| {
            let origin = flash_from.escaped().get(name).unwrap_or(&current);
            let is_aged = ours.as_ref().is_some_and(|(aged, tag)| {
                aged.flash.escaped().get(name).is_some()
                    && aged.flash_from.escaped().get(name).unwrap_or(tag) == origin
            });
            if !is_aged && self.flash_next.escaped().get(name).is_none() {
                carried.escaped_mut().insert(name, origin);
            }
            !is_aged
        });
        record.flash_next.extend(&self.flash_next);
        record.flash_from = carried;
    }
}

/// A short name of a version of a record, as JSON text: 72 bits of a hash, for a version may be large, and may
/// count within its record only.
fn tag(id: &SessionId, version: &Version) -> String {
    let mut hash = Sha256::new_with_prefix(id.as_str());
    match (version.as_number(), version.as_bytes()) {
        (Some(number), _) => hash.update(number.to_be_bytes()),
        (_, bytes) => hash.update(bytes.map(AsRef::as_ref).unwrap_or_default()),
    }
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash.finalize()[..9]))
}
