//! Replaying changes onto what the store holds now.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Changes;
use crate::{Error, Loaded, Record, SessionId, Values, Version};

impl Changes {
    /// Replays the changes onto what the store holds now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when an update finds a value that is not of its type any more.
    pub fn onto(&self, current: &Loaded) -> Result<Record, Error> {
        let mut record = current.record.clone();
        self.apply_to_data(&mut record.data)?;
        self.apply_to_flash(&mut record, &current.version);
        Ok(record)
    }

    fn apply_to_data(&self, data: &mut Values) -> Result<(), Error> {
        if let Some(seen) = &self.flushed {
            data.escaped_mut()
                .retain(|key, raw| seen.escaped().get(key) != Some(raw));
        }
        data.escaped_mut()
            .retain(|key, _| !self.forgets.contains(key));
        for (key, raw) in self.puts.iter() {
            data.escaped_mut().insert(key, raw);
        }
        for (key, changes) in &self.updates {
            let mut raw = data.escaped().get(key).map(str::to_owned);
            for change in changes {
                raw = Some(change(raw.as_deref())?);
            }
            if let Some(raw) = raw {
                data.escaped_mut().insert(key, &raw);
            }
        }
        Ok(())
    }

    fn apply_to_flash(&self, record: &mut Record, version: &Version) {
        let current = tag(&record.id, version);
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
