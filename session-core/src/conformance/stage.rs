//! What a check works with.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Subject;
use super::check::{Stop, expect, expect_with};
use crate::{
    Driver, Error, Expected, Loaded, Record, Retired, Saved, Secret, SessionId, SessionManager,
    Timestamp, Touched, Version,
};

/// The subject at work.
pub(super) struct Stage<'a, S> {
    pub(super) subject: &'a S,
    /// The milliseconds that the check has let pass.
    passed: AtomicU64,
}

/// A driver of the subject's, its futures run to their end.
pub(super) struct Store<'a, S: Subject> {
    subject: &'a S,
    pub(super) driver: S::Driver,
}

/// A record in the store.
pub(super) struct Stored {
    pub(super) record: Record,
    pub(super) handle: String,
}

impl<'a, S: Subject> Stage<'a, S> {
    pub(super) const fn new(subject: &'a S) -> Self {
        let passed = AtomicU64::new(0);
        Self { subject, passed }
    }

    /// Another connection to the same store.
    pub(super) fn store(&self) -> Store<'a, S> {
        Store {
            subject: self.subject,
            driver: self.subject.driver(),
        }
    }

    /// As many connections.
    pub(super) fn stores(&self, number: usize) -> Vec<Store<'a, S>> {
        (0..number).map(|_| self.store()).collect()
    }

    /// A service on the same store, with a connection of its own and sessions that live for `lifetime`.
    pub(super) fn manager(&self, secret: &Secret, lifetime: Duration) -> SessionManager {
        SessionManager::builder(self.subject.driver(), secret.clone())
            .lifetime(lifetime)
            .clock(self.subject.clock())
            .build()
            .expect("these settings are possible")
    }

    pub(super) fn now(&self) -> Timestamp {
        self.subject.clock().now()
    }

    pub(super) fn pass(&self, time: Duration) {
        let passed = Timestamp::default() + time;
        self.passed.fetch_add(passed.as_millis(), Ordering::Relaxed);
        self.subject.pass(time);
    }

    /// A new record with these data, as JSON, that nobody has stored yet. It is to live for [`LONG`].
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

    /// Runs `act`, whose records live for some grains. If it found something wrong, but took a grain longer than the time
    /// that it let pass, a record may have ended because the machine is busy: then once more, with a longer grain.
    pub(super) fn paced(
        &self,
        act: impl Fn(&Store<'a, S>, Duration) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let store = self.store();
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

    /// Runs `act` at least once and then for a while: a race is lost once in many times only.
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

    /// Stops the check unless the record lives, as the manager sees it.
    pub(super) fn expect_live(&self, loaded: Option<Loaded>, when: &str) -> Result<Loaded, Stop> {
        let now = self.now();
        match loaded {
            Some(loaded) if is_live(&loaded, now) => Ok(loaded),
            other => {
                let came = shown(other.as_ref(), now);
                Err(Stop::broken(format_args!("a live record {when}"), came))
            }
        }
    }

    /// Stops the check if the record lives, as the manager sees it.
    pub(super) fn expect_ended(&self, loaded: Option<Loaded>, when: &str) -> Result<(), Stop> {
        let now = self.now();
        expect_with(
            !loaded.as_ref().is_some_and(|loaded| is_live(loaded, now)),
            format!("no record {when}, or one whose expires_at is past"),
            || shown(loaded.as_ref(), now),
        )
    }
}

impl<S: Subject> Store<'_, S> {
    /// Runs a future that uses the driver.
    pub(super) fn run<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        self.subject.block_on(future)
    }

    pub(super) fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        self.run(self.driver.load(handle))
    }

    /// Loads what must be there.
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
        self.run(self.driver.save(record, expected, ttl))
    }

    /// Stores what is not there yet, for [`LONG`].
    pub(super) fn create(&self, record: Record) -> Result<Stored, Stop> {
        let handle = self.saved(&record, Expected::Absent, LONG)?;
        Ok(Stored { record, handle })
    }

    /// Saves what nobody else touches, and returns its handle.
    pub(super) fn saved(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<String, Stop> {
        match self.save(record, expected, ttl)? {
            Saved::Done { handle } => Ok(handle),
            conflict @ Saved::Conflict(_) => {
                let when = match expected {
                    Expected::Absent => "of a record that is not there, with Expected::Absent",
                    Expected::Version(_) => "with the version that the store holds",
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

    pub(super) fn touch(&self, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        self.run(self.driver.touch(id, ttl))
    }

    pub(super) fn retire(&self, id: &SessionId, version: &Version) -> Result<Retired, Error> {
        self.run(self.driver.retire(id, version))
    }

    /// Stops the check unless there is no record under this handle.
    pub(super) fn expect_gone(&self, handle: &str, when: &str) -> Result<(), Stop> {
        let loaded = self.load(handle)?;
        expect(
            loaded.is_none(),
            format_args!("Ok(None) from a load {when}"),
            &loaded,
        )
    }

    /// Stops the check unless the store holds exactly this record under this handle.
    pub(super) fn expect_held(&self, handle: &str, record: &Record) -> Result<Loaded, Stop> {
        let loaded = self.loaded(handle)?;
        same(record, &loaded.record)?;
        Ok(loaded)
    }
}

/// Stops the check unless both are one record, its expiry aside, and says where they part.
pub(super) fn same(expected: &Record, came: &Record) -> Result<(), Stop> {
    expect(
        expected.id() == came.id(),
        format_args!("the record of {:?}", expected.id()),
        came.id(),
    )?;
    let [expected, came] = [expected, came].map(Record::to_json_without_expiry);
    if expected == came {
        return Ok(());
    }
    let at = expected
        .chars()
        .zip(came.chars())
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
        format_args!("the record as it was saved: {}", excerpt(&expected)),
        excerpt(&came),
    ))
}

/// Whether the manager would take it for a session.
pub(super) fn is_live(loaded: &Loaded, now: Timestamp) -> bool {
    loaded.record.expires_at().is_some_and(|end| now < end)
}

/// When a record ends, told as a distance.
pub(super) fn shown(loaded: Option<&Loaded>, now: Timestamp) -> String {
    match loaded.map(|loaded| loaded.record.expires_at()) {
        None => "Ok(None)".to_owned(),
        Some(None) => "a record without expires_at, which the manager refuses".to_owned(),
        Some(Some(end)) if end <= now => format!("a record that ended {:?} ago", now.since(end)),
        Some(Some(end)) => format!("a record that ends in {:?}", end.since(now)),
    }
}

/// The life of a record whose end the check does not wait for.
pub(super) const LONG: Duration = Duration::from_secs(60 * 60);
/// How many characters of a difference are shown.
const BEFORE: usize = 12;
const AFTER: usize = 24;
