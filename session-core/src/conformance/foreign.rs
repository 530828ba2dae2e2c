//! A store that holds what is no record, and one that fails.

use std::time::{Duration, Instant};

use super::check::{Stop, expect, told};
use super::stage::{LONG, Store};
use super::threads::in_step;
use super::{Stage, Subject};
use crate::{Error, ErrorKind, Expected, Retired, Saved, SessionId, Version};

pub(super) fn what_is_no_record_is_no_session<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    planted(stage, |store, handle, _, _| {
        let loaded = store.load(handle);
        let loaded = loaded.map_err(|error| {
            Stop::broken("Ok(None) from a load of what is no record", told(&error))
        })?;
        expect(
            loaded.is_none(),
            "Ok(None) from a load of what is no record",
            &loaded,
        )
    })
}

pub(super) fn what_is_no_record_is_left_alone<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    planted(stage, |store, handle, id, version| {
        let record = stage.record_of(id, r#"{"a":1}"#)?;
        for expected in [Expected::Absent, Expected::Version(version)] {
            let saved = store.save(&record, expected, LONG);
            let saved = saved.map_err(|error| {
                Stop::broken(
                    "Saved::Conflict(None) from a save onto what is no record",
                    told(&error),
                )
            })?;
            expect(
                matches!(saved, Saved::Conflict(None)),
                "Saved::Conflict(None) from a save onto what is no record",
                &saved,
            )?;
        }
        let retired = store.retire(id, version)?;
        expect(
            matches!(retired, Retired::Gone),
            "Retired::Gone from what is no record",
            &retired,
        )?;
        store.expect_gone(handle, "of what is no record, after saves onto it")
    })
}

pub(super) fn a_store_that_is_down_is_an_error<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    down(stage, |method, _, end| match end {
        Err(error) if error.kind() == ErrorKind::Unavailable => Ok(()),
        Err(error) => Err(Stop::broken(
            format_args!("ErrorKind::Unavailable from {method}, the store being down"),
            told(error),
        )),
        Ok(()) => Err(Stop::broken(
            format_args!("an error from {method}, the store being down"),
            "Ok",
        )),
    })
}

pub(super) fn a_store_that_is_down_is_told_in_time<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    down(stage, |method, took, _| {
        expect(
            took <= IN_TIME,
            format_args!("an answer of {method} within {IN_TIME:?}, the store being down"),
            took,
        )
    })
}

/// Puts things that are no records of their id where a record was, and runs `act` for each with its handle, its id
/// and the version of the record.
fn planted<S: Subject>(
    stage: &Stage<'_, S>,
    act: impl Fn(&Store<'_, S>, &str, &SessionId, &Version) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let store = stage.store();
    let other = SessionId::random()?;
    let of_another_id = stage.record_of(&other, r#"{"stolen":true}"#)?.to_json();
    for text in [
        "not a record",
        "",
        "{}",
        "[1,2]",
        "\"text\"",
        r#"{"id":7,"data":{}}"#,
        &of_another_id,
    ] {
        let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
        let (id, version) = (stored.record.id(), store.loaded(&stored.handle)?.version);
        if !stage.subject.plant(id, text) {
            return Err(Stop::NotAsked("the subject cannot write past its driver"));
        }
        act(&store, &stored.handle, id, &version)?;
    }
    Ok(())
}

/// Takes the store down and asks everything of it at once. `judge` gets the method, how long it took and how it ended.
fn down<S: Subject>(
    stage: &Stage<'_, S>,
    judge: impl Fn(&str, Duration, &Result<(), Error>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let store = stage.store();
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    let (old, new) = (&stored.record, stage.record(r#"{"b":1}"#)?);
    let version = store.loaded(&stored.handle)?.version;
    if !stage.subject.take_down() {
        return Err(Stop::NotAsked("the subject cannot take its store down"));
    }
    let methods: [(&str, Ask<'_>); 5] = [
        ("load", &|| store.load(&stored.handle).map(drop)),
        ("save", &|| {
            store.save(old, Expected::Version(&version), LONG).map(drop)
        }),
        ("save", &|| {
            store.save(&new, Expected::Absent, LONG).map(drop)
        }),
        ("retire", &|| store.retire(old.id(), &version).map(drop)),
        ("destroy", &|| store.destroy(old.id())),
    ];
    let ends = in_step(&methods, 1, |_, _, (method, act)| {
        let start = Instant::now();
        let end = act();
        Ok((*method, start.elapsed(), end))
    })?;
    ends.iter()
        .flatten()
        .try_for_each(|(method, took, end)| judge(method, *took, end))
}

/// One call of a method.
type Ask<'a> = &'a (dyn Fn() -> Result<(), Error> + Sync);

/// "Two seconds or so."
const IN_TIME: Duration = Duration::from_secs(3);
