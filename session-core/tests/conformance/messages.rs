//! What a failing check says.

use std::future::pending;
use std::time::Duration;

use session_core::conformance::{Check, Failure, Level, Subject, checks};
use session_core::{Driver as _, Error, Expected, Loaded, Record, Saved, async_trait};

use crate::broken::Fault;
use crate::store::{Site, Store};

fn check<S: Subject>(name: &str) -> Check<S> {
    let mut checks = checks::<S>(Level::Concurrent).into_iter();
    checks.find(|check| check.name() == name).unwrap()
}

fn failure<F: Fault + Default>(name: &str) -> Failure {
    check(name).run(Site::<F>::new()).unwrap_err()
}

/// Stores what it is given, whatever is there.
#[derive(Default)]
struct Overwrites;

#[async_trait]
impl Fault for Overwrites {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        _: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        store.put(record, ttl).await
    }
}

#[test]
fn a_failure_says_which_promise_where_it_is_stated_what_was_expected_and_what_came() {
    let failure = failure::<Overwrites>("a_late_save_raises_nothing");
    assert_eq!(
        failure.to_string(),
        "the driver breaks a promise: a_late_save_raises_nothing\n  \
         stated in: Driver contract, rule 7: Nothing rises\n  \
         expected:  Saved::Conflict(None) from a save onto a destroyed record\n  \
         came:      Done"
    );
    assert_eq!(failure.check(), "a_late_save_raises_nothing");
    assert_eq!(
        (failure.rule().number(), failure.rule().title()),
        (7, "Nothing rises")
    );
    assert_eq!(
        failure.expected(),
        "Saved::Conflict(None) from a save onto a destroyed record"
    );
    assert_eq!(failure.came(), "Done");
}

#[derive(Default)]
struct Refuses;

#[async_trait]
impl Fault for Refuses {
    async fn load(&self, _: &Store, _: &str) -> Result<Option<Loaded>, Error> {
        Err(Error::unavailable("connection refused"))
    }
}

#[test]
fn an_error_of_the_drivers_is_told_with_its_cause() {
    let came = failure::<Refuses>("unicode_comes_back").came().to_owned();
    assert_eq!(
        came,
        "an error: the session store is unavailable: connection refused"
    );
}

/// Panics when it is second.
#[derive(Default)]
struct Panics;

#[async_trait]
impl Fault for Panics {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let saved = store.save(record, expected, ttl).await?;
        assert!(matches!(saved, Saved::Done { .. }), "1 row expected");
        Ok(saved)
    }
}

#[test]
fn a_panic_is_a_broken_promise_on_whatever_thread() {
    for name in [
        "an_id_is_taken_once",
        "of_parallel_saves_of_a_version_one_succeeds",
    ] {
        let failure = failure::<Panics>(name);
        assert_eq!(
            (failure.expected(), failure.came()),
            ("no panic", "a panic: 1 row expected"),
            "{name}"
        );
    }
}

#[derive(Default)]
struct Hangs;

#[async_trait]
impl Fault for Hangs {
    const PATIENCE: Duration = Duration::from_millis(50);

    async fn load(&self, _: &Store, _: &str) -> Result<Option<Loaded>, Error> {
        pending().await
    }
}

#[test]
fn a_driver_that_hangs_is_given_up() {
    let failure = failure::<Hangs>("a_dropped_load_leaves_no_lock");
    assert_eq!(failure.expected(), "an end within 50ms");
    assert_eq!(
        failure.came(),
        "none: the driver hangs, or waits for a lock that is never given back"
    );
}

/// A store so slow that every record has ended before anybody can look.
struct Slow(Site<Overwrites>);

impl Subject for Slow {
    type Driver = <Site<Overwrites> as Subject>::Driver;

    fn driver(&self) -> Self::Driver {
        self.0.driver()
    }

    fn clock(&self) -> std::sync::Arc<dyn session_core::Clock> {
        self.0.clock()
    }

    fn pass(&self, time: Duration) {
        self.0.pass(time * 10);
    }
}

#[test]
fn a_store_that_is_too_slow_for_its_grain_is_not_taken_for_one_that_forgets() {
    let failure = check("a_record_lives_for_its_ttl")
        .run(Slow(Site::new()))
        .unwrap_err();
    assert_eq!(
        failure.expected(),
        "answers within a fraction of the record's life"
    );
    assert!(
        failure.came().ends_with("give the subject a longer grain"),
        "{failure}"
    );
}

/// Keeps all but the middle of each text.
#[derive(Default)]
struct Loses;

#[async_trait]
impl Fault for Loses {
    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        let json = record.to_json().replace("Ada", "Eve");
        store.save(&Record::from_json(&json)?, expected, ttl).await
    }
}

#[test]
fn a_difference_between_two_records_is_shown_with_what_is_around_it() {
    let failure = failure::<Loses>("data_and_flash_come_back");
    let (expected, came) = (failure.expected(), failure.came());
    assert!(
        expected.starts_with("the record as it was saved: …")
            && expected.contains(r#""name":"Ada","#),
        "{failure}"
    );
    assert!(
        came.starts_with('…') && came.contains(r#""name":"Eve","#),
        "{failure}"
    );
}
