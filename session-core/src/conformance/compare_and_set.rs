//! A save takes place only onto what it expects.

use super::check::{Stop, expect, expect_with};
use super::stage::{LONG, Store, Stored, same, shown};
use super::{Stage, Subject};
use crate::{Expected, Loaded, Retired, Saved, Version};

pub(super) fn an_id_is_taken_once<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let stored = store.create(stage.record(r#"{"first":1}"#)?)?;
    let second = stage.record_of(stored.record.id(), r#"{"second":2}"#)?;
    let when = "Expected::Absent, onto a record that is there";
    let held = refused(other.save(&second, Expected::Absent, LONG)?, when)?;
    same(&stored.record, &held.record)?;
    store.expect_held(&stored.handle, &stored.record)?;
    Ok(())
}

pub(super) fn a_save_of_another_version_changes_nothing<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let (stored, stale) = overtaken(stage, &store, &other)?;
    let before = store.loaded(&stored.handle)?;
    let late = stage.record_of(stored.record.id(), r#"{"late":true}"#)?;
    // The last of them is what some drivers make of a version that they cannot read.
    let strange = [
        Version::none(),
        Version::number(u64::MAX),
        Version::random()?,
        Version::bytes(&b""[..]),
    ];
    for version in [stale].into_iter().chain(strange) {
        let when = format!("{version:?}, onto {:?}", before.version);
        let saved = store.save(
            &late.clone().expiring_at(stage.now() + LONG / 2),
            Expected::Version(&version),
            LONG / 2,
        )?;
        refused(saved, &when)?;
    }
    let after = store.expect_held(&stored.handle, &stored.record)?;
    expect(
        after.version == before.version,
        format_args!("{:?}, as before the refused saves", before.version),
        &after.version,
    )?;
    let (then, now) = (before.record.expires_at(), after.record.expires_at());
    let moved = then.zip(now).map(|(then, now)| then.since(now));
    expect_with(
        moved.is_some_and(|moved| moved <= LONG / 4),
        "an expiry that the refused saves, whose ttl was shorter, did not change",
        || shown(Some(&after), stage.now()),
    )
}

pub(super) fn a_conflict_brings_what_the_store_holds<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let (stored, stale) = overtaken(stage, &store, &other)?;
    let loaded = store.loaded(&stored.handle)?;
    let late = stage.record_of(stored.record.id(), r#"{"late":true}"#)?;
    let held = refused(
        store.save(&late, Expected::Version(&stale), LONG)?,
        "a version that is no more",
    )?;
    joined(&stored, &loaded, &held)?;
    stage.expect_live(Some(held.clone()), "with the conflict")?;
    // Merged with that, it is stored.
    store.saved(&late, Expected::Version(&held.version), LONG)?;
    store.expect_held(&stored.handle, &late)?;
    Ok(())
}

pub(super) fn a_touched_record_can_be_saved<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    other.touch(stored.record.id(), LONG * 2)?;
    let changed = stage.record_of(stored.record.id(), r#"{"a":2}"#)?;
    let saved = store.save(&changed, Expected::Version(&version), LONG)?;
    let expected = "Saved::Done with the version of before a touch";
    expect(matches!(saved, Saved::Done { .. }), expected, &saved)?;
    store.expect_held(&stored.handle, &changed)?;
    Ok(())
}

pub(super) fn retiring_another_version_leaves_the_record<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let (stored, stale) = overtaken(stage, &store, &other)?;
    let loaded = store.loaded(&stored.handle)?;
    match store.retire(stored.record.id(), &stale)? {
        Retired::Changed(held) => joined(&stored, &loaded, &held)?,
        other => {
            return Err(Stop::broken(
                "Retired::Changed, with what another request wrote meanwhile",
                format_args!("{other:?}"),
            ));
        }
    }
    store.expect_held(&stored.handle, &stored.record)?;
    Ok(())
}

/// A record that `other` changed after `store` had loaded it, and the version that `store` knows.
fn overtaken<S: Subject>(
    stage: &Stage<'_, S>,
    store: &Store<'_, S>,
    other: &Store<'_, S>,
) -> Result<(Stored, Version), Stop> {
    let Stored { record, handle } = store.create(stage.record(r#"{"n":1}"#)?)?;
    let stale = store.loaded(&handle)?.version;
    let record = stage.record_of(record.id(), r#"{"n":2}"#)?;
    other.saved(&record, Expected::Version(&stale), LONG)?;
    Ok((Stored { record, handle }, stale))
}

/// Stops the check unless the save was refused with what is there.
fn refused(saved: Saved, when: &str) -> Result<Loaded, Stop> {
    match saved {
        Saved::Conflict(Some(held)) => Ok(*held),
        other => Err(Stop::broken(
            format_args!("Saved::Conflict, with what the store holds, from a save with {when}"),
            format_args!("{other:?}"),
        )),
    }
}

/// Stops the check unless `held`, which came with a refusal, is what a load gives.
fn joined(stored: &Stored, loaded: &Loaded, held: &Loaded) -> Result<(), Stop> {
    same(&stored.record, &held.record)?;
    let expected = format!("the version that a load gives, {:?}", loaded.version);
    expect(held.version == loaded.version, expected, &held.version)
}
