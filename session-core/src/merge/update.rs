//! Updates: changes of one value, run again on what others stored.

use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::record::json;

/// One change of a value of type `T`, or several in order.
pub(crate) struct Update<T> {
    key: Box<str>,
    default: T,
    changes: Vec<Change<T>>,
}

type Change<T> = Arc<dyn Fn(T) -> T + Send + Sync>;

/// All updates of one key in one request, in order.
#[derive(Clone)]
pub(crate) struct Updates(Vec<Arc<dyn Run>>);

impl<T> Update<T>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    pub(crate) fn new(
        key: &str,
        default: T,
        change: impl Fn(T) -> T + Send + Sync + 'static,
    ) -> Self {
        Self {
            key: key.into(),
            default,
            changes: vec![Arc::new(change)],
        }
    }

    /// Returns the new value with its JSON text.
    pub(crate) fn apply(&self, raw: Option<&str>) -> Result<(T, String), Error> {
        let stored = raw.map(|raw| json::decode(&self.key, raw)).transpose()?;
        let first = stored.unwrap_or_else(|| self.default.clone());
        let changed = self
            .changes
            .iter()
            .fold(first, |value, change| change(value));
        let raw = json::encode(&self.key, &changed)?;
        Ok((changed, raw))
    }
}

impl Updates {
    /// Returns the new JSON text of a value.
    pub(super) fn run(&self, raw: Option<&str>) -> Result<Option<String>, Error> {
        let mut current: Option<String> = None;
        for update in &self.0 {
            current = Some(update.run(current.as_deref().or(raw))?);
        }
        Ok(current)
    }

    /// Adds a later update. Updates of one type become one, which decodes and encodes the value once however many they
    /// are. Returns what is left of `later`, which may run code of the caller's when it is dropped.
    pub(super) fn append(&mut self, mut later: Self) -> Self {
        if let [update] = &*later.0
            && let Some(last) = self.0.last_mut().and_then(Arc::get_mut)
            && last.join(update.as_any())
        {
            return later;
        }
        self.0.append(&mut later.0);
        later
    }
}

impl<T> From<Update<T>> for Updates
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    fn from(update: Update<T>) -> Self {
        Self(vec![Arc::new(update)])
    }
}

/// An update of some type.
trait Run: Send + Sync {
    fn run(&self, raw: Option<&str>) -> Result<String, Error>;

    /// Adds the changes of `later` if it is of the same type.
    fn join(&mut self, later: &dyn Any) -> bool;

    fn as_any(&self) -> &dyn Any;
}

impl<T> Run for Update<T>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    fn run(&self, raw: Option<&str>) -> Result<String, Error> {
        Ok(self.apply(raw)?.1)
    }

    fn join(&mut self, later: &dyn Any) -> bool {
        let Some(later) = later.downcast_ref::<Self>() else {
            return false;
        };
        self.changes.extend(later.changes.iter().cloned());
        true
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(n: u64) -> Updates {
        Update::new("n", 0, move |value: u64| value + n).into()
    }

    #[test]
    fn a_million_updates_of_one_type_are_one() {
        let mut updates = add(1);
        for _ in 1..1_000_000 {
            updates.append(add(1));
        }
        assert_eq!(updates.0.len(), 1);
        assert_eq!(updates.run(Some("5")).unwrap().unwrap(), "1000005");
    }

    #[test]
    fn updates_run_in_order_whatever_their_types() {
        let mut updates = add(2);
        updates.append(Update::new("n", 0_i64, |n: i64| n * 10).into());
        updates.append(add(3));
        assert_eq!(updates.0.len(), 3);
        assert_eq!(updates.run(Some("1")).unwrap().unwrap(), "33");
        assert_eq!(updates.run(None).unwrap().unwrap(), "23");
    }

    #[test]
    fn a_value_of_another_type_is_an_error_that_names_the_key() {
        let error = add(1).run(Some("\"one\"")).unwrap_err();
        assert_eq!(
            (error.kind(), error.key()),
            (crate::ErrorKind::Decode, Some("n"))
        );
    }
}
