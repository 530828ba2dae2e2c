//! A store that contains foreign data, and a store that fails.

use std::time::{Duration, Instant};

use super::check::{Stop, describe, expect};
use super::rig::{Connection, LONG};
use super::threads::in_step;
use super::{Rig, Subject};
use crate::{Driver as _, Error, ErrorKind, Expected, Saved, SessionId, Touched, Version};

pub(super) fn foreign_data_loads_nothing<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    planted(rig, |store, handle, _, _| {
        let loaded = store.load(handle);
        let loaded = loaded.map_err(|error| {
            Stop::broken("Ok(None) from a load of foreign data", describe(&error))
        })?;
        expect(
            loaded.is_none(),
            "Ok(None) from a load of foreign data",
            &loaded,
        )
    })
}

pub(super) fn foreign_data_is_not_overwritten<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    planted(rig, |store, handle, id, version| {
        let record = rig.record_of(id, r#"{"a":1}"#)?;
        for expected in [Expected::Absent, Expected::Version(version)] {
            let saved = store.save(&record, expected, LONG);
            let saved = saved.map_err(|error| {
                Stop::broken(
                    "Saved::Conflict(None) from a save over foreign data",
                    describe(&error),
                )
            })?;
            expect(
                matches!(saved, Saved::Conflict(None)),
                "Saved::Conflict(None) from a save over foreign data",
                &saved,
            )?;
        }
        let touched = store.touch(id, version, LONG)?;
        expect(
            touched != Touched::Done,
            "Touched::Gone or Touched::MustSave from a touch of foreign data",
            touched,
        )?;
        store.expect_gone(handle, "of foreign data, after saves over it")
    })
}

pub(super) fn unavailable_store_is_an_error<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let could_revoke = rig.connect().driver.can_revoke();
    let store = down(rig, |method, _, end| match end {
        Err(error) if error.kind() == ErrorKind::Unavailable => Ok(()),
        Err(error) => Err(Stop::broken(
            format_args!("ErrorKind::Unavailable from {method} while the store is down"),
            describe(error),
        )),
        Ok(()) => Err(Stop::broken(
            format_args!("an error from {method} while the store is down"),
            "Ok",
        )),
    })?;
    // These do not ask the store, so an outage does not change them, or make them panic.
    let _ = (store.driver.capacity(), format!("{:?}", store.driver));
    let can_revoke = store.driver.can_revoke();
    let expected = format!("can_revoke() to return {could_revoke}, as before the store was down");
    expect(can_revoke == could_revoke, expected, can_revoke)
}

pub(super) fn unavailable_store_fails_in_time<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    down(rig, |method, took, _| {
        expect(
            took <= IN_TIME,
            format_args!("a result of {method} within {IN_TIME:?} while the store is down"),
            took,
        )
    })
    .map(drop)
}

/// Replaces records by foreign data and runs `act` for each with its handle, its id and the version
/// of the former record.
fn planted<S: Subject>(
    rig: &Rig<'_, S>,
    act: impl Fn(&Connection<'_, S>, &str, &SessionId, &Version) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let store = rig.connect();
    let other = SessionId::random()?;
    let of_another_id = rig.record_of(&other, r#"{"stolen":true}"#)?.to_json();
    for text in [
        "not a record",
        "",
        "{}",
        "[1,2]",
        "\"text\"",
        r#"{"id":7,"data":{}}"#,
        &of_another_id,
    ] {
        let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
        let (id, version) = (stored.record.id(), store.loaded(&stored.handle)?.version);
        if !rig.subject.plant(id, text) {
            return Err(Stop::NotAsked("Subject::plant is not implemented"));
        }
        act(&store, &stored.handle, id, &version)?;
    }
    Ok(())
}

/// Takes the store down and calls every method twice, all at once. `judge` receives the method, its
/// duration and its result. Calls nothing of the subject afterwards that
/// [`Subject::take_down`] does not mention.
fn down<'a, S: Subject>(
    rig: &Rig<'a, S>,
    judge: impl Fn(&str, Duration, &Result<(), Error>) -> Result<(), Stop>,
) -> Result<Connection<'a, S>, Stop> {
    let store = rig.connect();
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    let (old, new) = (&stored.record, rig.record(r#"{"b":1}"#)?);
    let version = store.loaded(&stored.handle)?.version;
    let can_touch = store.touch(old.id(), &version, LONG)? == Touched::Done;
    if !rig.subject.take_down() {
        return Err(Stop::NotAsked("Subject::take_down is not implemented"));
    }
    let methods: [(&str, Ask<'_>); 5] = [
        ("load", &|| store.load(&stored.handle).map(drop)),
        ("save", &|| {
            store.save(old, Expected::Version(&version), LONG).map(drop)
        }),
        ("save", &|| {
            store.save(&new, Expected::Absent, LONG).map(drop)
        }),
        ("destroy", &|| store.destroy(old.id())),
        ("touch", &|| store.touch(old.id(), &version, LONG).map(drop)),
    ];
    // Without a touch of its own, a driver does not ask the store.
    let methods = &methods[..methods.len() - usize::from(!can_touch)];
    let ends = in_step(methods, 2, |_, _, (method, act)| {
        let start = Instant::now();
        let end = act();
        Ok((*method, start.elapsed(), end))
    })?;
    ends.iter()
        .flatten()
        .try_for_each(|(method, took, end)| judge(method, *took, end))?;
    Ok(store)
}

/// One call of a method.
type Ask<'a> = &'a (dyn Fn() -> Result<(), Error> + Sync);

/// The contract says "about two seconds".
const IN_TIME: Duration = Duration::from_secs(3);
