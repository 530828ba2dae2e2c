//! What the checks use to control a subject.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Subject;
use super::check::{Stop, expect, expect_with};
use crate::{
    Driver, Error, Expected, Immediate, Loaded, Record, Saved, SessionId, Timestamp, Touched,
    Version,
};

/// A subject and the time that a check has let pass.
pub(super) struct Rig<'a, S> {
    pub(super) subject: &'a S,
    /// The time that the check has let pass, in milliseconds.
    passed: AtomicU64,
}

/// A driver of the subject, with blocking methods.
pub(super) struct Connection<'a, S: Subject> {
    subject: &'a S,
    pub(super) driver: S::Driver,
    /// How often [`load`](Self::load) and [`save`](Self::save) were called.
    calls: AtomicUsize,
}

/// A stored record.
pub(super) struct Stored {
    pub(super) record: Record,
    pub(super) handle: String,
}

impl<'a, S: Subject> Rig<'a, S> {
    pub(super) const fn new(subject: &'a S) -> Self {
        let passed = AtomicU64::new(0);
        Self { subject, passed }
    }

    /// Opens another connection to the same store.
    pub(super) fn connect(&self) -> Connection<'a, S> {
        Connection {
            subject: self.subject,
            driver: self.subject.driver(),
            calls: AtomicUsize::new(0),
        }
    }

    /// Opens several connections.
    pub(super) fn connections(&self, number: usize) -> Vec<Connection<'a, S>> {
        (0..number).map(|_| self.connect()).collect()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.subject.clock().now()
    }

    pub(super) fn pass(&self, time: Duration) {
        let passed = Timestamp::default() + time;
        self.passed.fetch_add(passed.as_millis(), Ordering::Relaxed);
        self.subject.pass(time);
    }

    /// Returns a new record with this data, given as JSON. It is not stored yet, and its ttl is
    /// [`LONG`].
    pub(super) fn record(&self, data: &str) -> Result<Record, Stop> {
        self.record_of(&SessionId::random()?, data)
    }

    pub(super) fn record_of(&self, id: &SessionId, data: &str) -> Result<Record, Stop> {
        let id = crate::record::json::escape(id.as_str());
        self.record_from(&format!(r#"{{"id":"{id}","data":{data}}}"#))
    }

    pub(super) fn record_from(&self, json: &str) -> Result<Record, Stop> {
        Ok(Record::from_json(json)?.expiring_at(self.now() + LONG))
    }

    /// Returns the record that `regenerate` stores under an old id.
    pub(super) fn moved(&self, id: &SessionId, ttl: Duration) -> Record {
        Record::moved(id.clone(), self.now() + ttl)
    }

    /// Runs `act`, whose records live for a few grains.
    ///
    /// If `act` fails and took a grain longer than the time that it let pass, a record may have
    /// expired because the machine is busy. In that case, this runs `act` again with a longer
    /// grain.
    pub(super) fn paced(
        &self,
        act: impl Fn(&Connection<'a, S>, Duration) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let store = self.connect();
        for factor in [1, 4, 16] {
            let grain = self.subject.grain() * factor;
            let (start, before) = (self.now(), self.passed.load(Ordering::Relaxed));
            let end = act(&store, grain);
            let passed = self.passed.load(Ordering::Relaxed) - before;
            let is_slow = self.now().since(start) >= grain + Duration::from_millis(passed);
            if !(is_slow && matches!(end, Err(Stop::Broken { .. }))) {
                return end;
            }
        }
        Err(Stop::TooSlow)
    }

    /// Runs `act` repeatedly for the subject's effort, at least once. Most attempts at a race miss
    /// it.
    pub(super) fn for_a_while(
        &self,
        mut act: impl FnMut() -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let start = Instant::now();
        loop {
            act()?;
            if start.elapsed() >= self.subject.effort() {
                return Ok(());
            }
        }
    }

    /// Stops the check unless the manager would accept the record.
    pub(super) fn expect_live(&self, loaded: Option<Loaded>, when: &str) -> Result<Loaded, Stop> {
        let now = self.now();
        match loaded {
            Some(loaded) if is_live(&loaded, now) => Ok(loaded),
            other => {
                let actual = describe_end(other.as_ref(), now);
                Err(Stop::broken(format_args!("a live record {when}"), actual))
            }
        }
    }

    /// Stops the check if the manager would accept the record.
    pub(super) fn expect_ended(&self, loaded: Option<Loaded>, when: &str) -> Result<(), Stop> {
        let now = self.now();
        expect_with(
            !loaded.as_ref().is_some_and(|loaded| is_live(loaded, now)),
            format!("no record {when}, or one whose expires_at() has passed"),
            || describe_end(loaded.as_ref(), now),
        )
    }
}

impl<S: Subject> Connection<'_, S> {
    /// Runs a future that uses the driver.
    pub(super) fn run<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.subject.block_on(future)
    }

    pub(super) fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        let Some((driver, turn)) = self.immediate() else {
            return self.run(self.driver.load(handle));
        };
        if turn.is_multiple_of(4)
            && let Some(json) = driver.json_in(handle)
        {
            let record = Record::from_json(json).ok();
            return Ok(record.map(|record| Loaded::new(record, Version::none())));
        }
        driver.load_now(handle)
    }

    /// Returns an immediate driver as one for every other call, so that each check asks all ways.
    fn immediate(&self) -> Option<(&dyn Immediate, usize)> {
        let turn = self.calls.fetch_add(1, Ordering::Relaxed);
        let driver = self.driver.immediate()?;
        turn.is_multiple_of(2).then_some((driver, turn))
    }

    /// Loads an existing record.
    pub(super) fn loaded(&self, handle: &str) -> Result<Loaded, Stop> {
        self.load(handle)?
            .ok_or_else(|| Stop::broken("the record that was saved", "Ok(None)"))
    }

    pub(super) fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        match self.immediate() {
            Some((driver, _)) => driver.save_now(record, expected, ttl),
            None => self.run(self.driver.save(record, expected, ttl)),
        }
    }

    /// Stores a new record for [`LONG`].
    pub(super) fn create(&self, record: Record) -> Result<Stored, Stop> {
        let handle = self.saved(&record, Expected::Absent, LONG)?;
        Ok(Stored { record, handle })
    }

    /// Saves a record that no other thread uses, and returns its handle.
    pub(super) fn saved(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<String, Stop> {
        match self.save(record, expected, ttl)? {
            Saved::Done { handle, .. } => Ok(handle),
            conflict @ Saved::Conflict(_) => {
                let when = match expected {
                    Expected::Absent => "of a new record with Expected::Absent",
                    Expected::Version(_) => "with the current version",
                };
                Err(Stop::broken(
                    format_args!("Saved::Done from a save {when}"),
                    format_args!("{conflict:?}"),
                ))
            }
        }
    }

    pub(super) fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.run(self.driver.destroy(id))
    }

    pub(super) fn touch(
        &self,
        id: &SessionId,
        version: &Version,
        ttl: Duration,
    ) -> Result<Touched, Error> {
        let record = Record::new(id.clone());
        self.run(self.driver.touch(&record, version, ttl))
    }

    /// Stops the check unless a load finds nothing.
    pub(super) fn expect_gone(&self, handle: &str, when: &str) -> Result<(), Stop> {
        let loaded = self.load(handle)?;
        expect(
            loaded.is_none(),
            format_args!("Ok(None) from a load {when}"),
            &loaded,
        )
    }

    /// Stops the check unless the store holds exactly this record.
    pub(super) fn expect_held(&self, handle: &str, record: &Record) -> Result<Loaded, Stop> {
        let loaded = self.loaded(handle)?;
        same(record, &loaded.record)?;
        Ok(loaded)
    }
}

/// Stops the check unless the records are equal apart from their expiry. The failure shows where
/// they differ.
pub(super) fn same(expected: &Record, actual: &Record) -> Result<(), Stop> {
    expect(
        expected.id() == actual.id(),
        format_args!("the record of {:?}", expected.id()),
        actual.id(),
    )?;
    let [expected, actual] = [expected, actual].map(Record::to_json_without_expiry);
    if expected == actual {
        return Ok(());
    }
    let at = expected
        .chars()
        .zip(actual.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let excerpt = |text: &str| {
        let excerpt: String = text
            .chars()
            .skip(at.saturating_sub(BEFORE))
            .take(BEFORE + AFTER)
            .collect();
        format!("…{excerpt}… at character {at} of {}", text.chars().count())
    };
    Err(Stop::broken(
        format_args!("the saved record: {}", excerpt(&expected)),
        excerpt(&actual),
    ))
}

/// Returns `true` if the manager would accept the record.
pub(super) fn is_live(loaded: &Loaded, now: Timestamp) -> bool {
    loaded.record.expires_at().is_some_and(|end| now < end)
}

/// Describes when a record expires, relative to now.
pub(super) fn describe_end(loaded: Option<&Loaded>, now: Timestamp) -> String {
    match loaded.map(|loaded| loaded.record.expires_at()) {
        None => "Ok(None)".to_owned(),
        Some(None) => "a record without expires_at(), which the manager refuses".to_owned(),
        Some(Some(end)) if end <= now => format!("a record that expired {:?} ago", now.since(end)),
        Some(Some(end)) => format!("a record that expires in {:?}", end.since(now)),
    }
}

/// The ttl of a record whose end the check does not wait for.
pub(super) const LONG: Duration = Duration::from_secs(60 * 60);
/// How many characters are shown around a difference.
const BEFORE: usize = 12;
const AFTER: usize = 24;
