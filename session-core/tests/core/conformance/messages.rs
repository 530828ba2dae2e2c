//! The messages of failing checks.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use session_core::conformance::{Check, Failure, Level, Subject, checks};
use session_core::{Clock, Driver as _, Error, Loaded, Record, Saved, async_trait};

use super::broken::{Fault, Result, Save};
use super::reference::{BrokenSubject, Store};

fn check<S: Subject>(name: &str) -> Check<S> {
    let mut checks = checks::<S>(Level::Indexed).into_iter();
    checks.find(|check| check.name() == name).unwrap()
}

fn failure<F: Fault + Default>(name: &str) -> Failure {
    check(name).run(BrokenSubject::new::<F>()).unwrap_err()
}

/// Stores every record, whatever the store holds.
#[derive(Default)]
struct Overwrites;

#[async_trait]
impl Fault for Overwrites {
    async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
        store.put(save.record, save.ttl).await
    }
}

#[test]
fn a_failure_names_the_promise_the_rule_and_both_results() {
    let failure = failure::<Overwrites>("late_save_does_not_resurrect");
    assert_eq!(
        failure.to_string(),
        "the driver breaks a promise: late_save_does_not_resurrect\n  \
         rule:     Driver contract, rule 7: Ended sessions are never resurrected\n  \
         expected: Saved::Conflict(None) from a save of a destroyed record\n  \
         actual:   Done"
    );
    assert_eq!(failure.check(), "late_save_does_not_resurrect");
    let rule = failure.rule();
    assert_eq!(
        (rule.number(), rule.title()),
        (7, "Ended sessions are never resurrected")
    );
    assert_eq!(
        (failure.expected(), failure.actual()),
        (
            "Saved::Conflict(None) from a save of a destroyed record",
            "Done"
        )
    );
}

#[derive(Default)]
struct Refuses;

#[async_trait]
impl Fault for Refuses {
    async fn load(&self, _: &Store, _: &str) -> Result<Option<Loaded>> {
        Err(Error::unavailable("connection refused"))
    }
}

#[test]
fn an_error_of_the_driver_is_shown_with_its_cause() {
    let actual = failure::<Refuses>("unicode_round_trips")
        .actual()
        .to_owned();
    assert_eq!(
        actual,
        "an error: the session store is unavailable: connection refused"
    );
}

/// Panics on a conflict.
#[derive(Default)]
struct Panics;

#[async_trait]
impl Fault for Panics {
    async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
        let saved = store.apply(save).await?;
        assert!(matches!(saved, Saved::Done { .. }), "1 row expected");
        Ok(saved)
    }
}

#[test]
fn a_panic_on_any_thread_is_a_failure() {
    for name in [
        "existing_id_is_not_overwritten",
        "one_of_parallel_saves_succeeds",
    ] {
        let failure = failure::<Panics>(name);
        assert_eq!(
            (failure.expected(), failure.actual()),
            ("no panic", "a panic: 1 row expected"),
            "{name}"
        );
    }
}

#[derive(Default)]
struct Hangs;

#[async_trait]
impl Fault for Hangs {
    fn patience(&self) -> Duration {
        Duration::from_millis(50)
    }

    async fn load(&self, _: &Store, _: &str) -> Result<Option<Loaded>> {
        pending().await
    }
}

#[test]
fn a_driver_that_hangs_is_a_failure() {
    let failure = failure::<Hangs>("dropped_load_leaves_no_lock");
    assert_eq!(failure.expected(), "a result within 50ms");
    assert_eq!(
        failure.actual(),
        "none: the driver hangs, or waits for a lock that is never released"
    );
}

/// A store so slow that every record expires before the check can look at it.
struct Slow(BrokenSubject);

impl Subject for Slow {
    type Driver = <BrokenSubject as Subject>::Driver;

    fn driver(&self) -> Self::Driver {
        self.0.driver()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.0.clock()
    }

    fn pass(&self, time: Duration) {
        self.0.pass(time * 10);
    }
}

#[test]
fn a_slow_store_is_not_mistaken_for_a_forgetful_one() {
    let failure = check("record_lives_for_its_ttl")
        .run(Slow(BrokenSubject::new::<Overwrites>()))
        .unwrap_err();
    assert_eq!(
        failure.expected(),
        "a store that answers within a fraction of the record's ttl"
    );
    assert!(
        failure.actual().ends_with("return a longer Subject::grain"),
        "{failure}"
    );
}

/// Replaces a name in the middle of the JSON.
#[derive(Default)]
struct Loses;

#[async_trait]
impl Fault for Loses {
    async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
        let json = save.record.to_json().replace("Ada", "Eve");
        let record = Record::from_json(&json)?;
        store.save(&record, save.expected, save.ttl).await
    }
}

#[test]
fn a_difference_between_records_is_shown_in_context() {
    let failure = failure::<Loses>("data_and_flash_round_trip");
    let (expected, actual) = (failure.expected(), failure.actual());
    assert!(
        expected.starts_with("the saved record: …") && expected.contains(r#""name":"Ada","#),
        "{failure}"
    );
    assert!(
        actual.starts_with('…') && actual.contains(r#""name":"Eve","#),
        "{failure}"
    );
}
