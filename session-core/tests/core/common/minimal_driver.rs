//! The smallest possible driver: the four required methods over a map of JSON texts. It never
//! forgets a record, so the manager has to check the expiry.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use session_core::{
    Driver, Error, Expected, Loaded, Record, Saved, SessionId, Version, async_trait,
};

#[derive(Debug, Default)]
pub(crate) struct MinimalDriver {
    texts: Mutex<HashMap<String, (u64, String)>>,
    saves: AtomicUsize,
}

impl MinimalDriver {
    /// Stores a record as other software, or an older version of this library, might have written
    /// it.
    pub(crate) fn insert(&self, id: &str, json: &str) {
        let mut texts = self.texts.lock().unwrap();
        texts.insert(id.to_owned(), (0, json.to_owned()));
    }

    pub(crate) fn json(&self, id: &str) -> Option<String> {
        let texts = self.texts.lock().unwrap();
        texts.get(id).map(|(_, json)| json.clone())
    }

    pub(crate) fn record(&self, id: &str) -> Record {
        Record::from_json(self.json(id).unwrap()).unwrap()
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.lock().unwrap().len()
    }

    /// Returns the number of calls of `save`.
    pub(crate) fn saves(&self) -> usize {
        self.saves.load(Ordering::SeqCst)
    }
}

fn loaded((version, json): &(u64, String)) -> Option<Loaded> {
    let record = Record::from_json(json).ok()?;
    Some(Loaded::new(record, Version::number(*version)))
}

#[async_trait]
impl Driver for MinimalDriver {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        Ok(self.texts.lock().unwrap().get(handle).and_then(loaded))
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        _: Duration,
    ) -> Result<Saved, Error> {
        let next = self.saves.fetch_add(1, Ordering::SeqCst) as u64 + 1;
        let mut texts = self.texts.lock().unwrap();
        let id = record.id().as_str();
        let held = texts.get(id);
        let is_expected = match (expected, held) {
            (Expected::Absent, None) => true,
            (Expected::Version(version), Some((held, _))) => version.as_number() == Some(*held),
            _ => false,
        };
        if !is_expected {
            return Ok(Saved::Conflict(held.and_then(loaded).map(Box::new)));
        }
        texts.insert(id.to_owned(), (next, record.to_json()));
        Ok(Saved::Done {
            handle: id.to_owned(),
            version: Version::number(next),
        })
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.texts.lock().unwrap().remove(id.as_str());
        Ok(())
    }

    fn can_revoke(&self) -> bool {
        true
    }
}
