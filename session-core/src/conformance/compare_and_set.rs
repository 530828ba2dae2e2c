//! A save succeeds only if the store holds the expected version.

use super::check::{Stop, expect, expect_with};
use super::rig::{Connection, LONG, Stored, describe_end, same};
use super::{Rig, Subject};
use crate::{Expected, Loaded, Record, Saved, Touched, Version};

pub(super) fn existing_id_is_not_overwritten<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let stored = store.create(rig.record(r#"{"first":1}"#)?)?;
    let second = rig.record_of(stored.record.id(), r#"{"second":2}"#)?;
    let when = "Expected::Absent, although the record exists";
    let held = refused(other.save(&second, Expected::Absent, LONG)?, when)?;
    same(&stored.record, &held.record)?;
    store.expect_held(&stored.handle, &stored.record)?;
    Ok(())
}

pub(super) fn save_with_stale_version_changes_nothing<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let (stored, stale) = overtaken(rig, &store, &other)?;
    let before = store.loaded(&stored.handle)?;
    let late = rig.record_of(stored.record.id(), r#"{"late":true}"#)?;
    for version in wrong_versions(stale)? {
        let when = format!("{version:?}, although the store holds {:?}", before.version);
        let saved = store.save(
            &late.clone().expiring_at(rig.now() + LONG / 2),
            Expected::Version(&version),
            LONG / 2,
        )?;
        refused(saved, &when)?;
    }
    let after = store.expect_held(&stored.handle, &stored.record)?;
    expect_unchanged(rig, &before, &after, "the refused saves")
}

pub(super) fn touch_with_stale_version_changes_nothing<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let (stored, stale) = overtaken(rig, &store, &other)?;
    let before = store.loaded(&stored.handle)?;
    for version in wrong_versions(stale)? {
        let touched = store.touch(stored.record.id(), &version, LONG * 2)?;
        let held = &before.version;
        expect(
            touched == Touched::MustSave,
            format_args!(
                "Touched::MustSave from a touch with {version:?}, although the store holds {held:?}"
            ),
            touched,
        )?;
    }
    let after = store.expect_held(&stored.handle, &stored.record)?;
    expect_unchanged(rig, &before, &after, "the refused touches")
}

pub(super) fn conflict_returns_the_stored_record<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let (stored, stale) = overtaken(rig, &store, &other)?;
    let loaded = store.loaded(&stored.handle)?;
    let late = rig.record_of(stored.record.id(), r#"{"late":true}"#)?;
    let held = refused(
        store.save(&late, Expected::Version(&stale), LONG)?,
        "a stale version",
    )?;
    expect_as_loaded(&stored.record, &loaded, &held)?;
    rig.expect_live(Some(held.clone()), "in the conflict")?;
    // A save with the version in the conflict succeeds.
    store.saved(&late, Expected::Version(&held.version), LONG)?;
    store.expect_held(&stored.handle, &late)?;
    Ok(())
}

pub(super) fn touched_record_can_be_saved<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    other.touch(stored.record.id(), &version, LONG * 2)?;
    let changed = rig.record_of(stored.record.id(), r#"{"a":2}"#)?;
    let saved = store.save(&changed, Expected::Version(&version), LONG)?;
    let expected = "Saved::Done from a save with the version from before a touch";
    expect(matches!(saved, Saved::Done { .. }), expected, &saved)?;
    store.expect_held(&stored.handle, &changed)?;
    Ok(())
}

/// Creates a record that `other` has changed after `store` loaded it. Returns it with the version
/// that `store` knows.
pub(super) fn overtaken<S: Subject>(
    rig: &Rig<'_, S>,
    store: &Connection<'_, S>,
    other: &Connection<'_, S>,
) -> Result<(Stored, Version), Stop> {
    let Stored { record, handle } = store.create(rig.record(r#"{"n":1}"#)?)?;
    let stale = store.loaded(&handle)?.version;
    let record = rig.record_of(record.id(), r#"{"n":2}"#)?;
    other.saved(&record, Expected::Version(&stale), LONG)?;
    Ok((Stored { record, handle }, stale))
}

/// Stops the check unless the save was refused with the stored record.
pub(super) fn refused(saved: Saved, when: &str) -> Result<Loaded, Stop> {
    match saved {
        Saved::Conflict(Some(held)) => Ok(*held),
        other => Err(Stop::broken(
            format_args!("Saved::Conflict with the stored record, from a save with {when}"),
            format_args!("{other:?}"),
        )),
    }
}

/// Stops the check unless `held`, which came with a refusal, is what a load returns.
pub(super) fn expect_as_loaded(
    record: &Record,
    loaded: &Loaded,
    held: &Loaded,
) -> Result<(), Stop> {
    same(record, &held.record)?;
    let expected = format!("the version that a load returns, {:?}", loaded.version);
    expect(held.version == loaded.version, expected, &held.version)
}

/// Stops the check unless the record that lived for [`LONG`] has the same version and expiry as
/// before.
pub(super) fn expect_unchanged<S: Subject>(
    rig: &Rig<'_, S>,
    before: &Loaded,
    after: &Loaded,
    what: &str,
) -> Result<(), Stop> {
    let expected = format!("the version {:?}, as before {what}", before.version);
    expect(after.version == before.version, expected, &after.version)?;
    let (then, now) = (before.record.expires_at(), after.record.expires_at());
    let difference = then
        .zip(now)
        .map(|(then, now)| then.since(now).max(now.since(then)));
    expect_with(
        difference.is_some_and(|difference| difference <= LONG / 4),
        format!("the expiry from before {what}"),
        || describe_end(Some(after), rig.now()),
    )
}

/// Returns `stale` and versions that the store never gave to a record. Some drivers turn a version
/// that they cannot read into an empty one, like the last of these.
fn wrong_versions(stale: Version) -> Result<[Version; 5], Stop> {
    Ok([
        stale,
        Version::none(),
        Version::number(u64::MAX),
        Version::random()?,
        Version::bytes(&b""[..]),
    ])
}
