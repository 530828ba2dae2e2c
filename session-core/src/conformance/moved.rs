//! The record that `regenerate` leaves under an old id.

use std::time::Duration;

use super::check::{Stop, expect};
use super::compare_and_set::{expect_as_loaded, expect_unchanged, overtaken, refused};
use super::expiry::{expect_end, pass_the_end};
use super::rig::{Connection, LONG, Stored, same};
use super::{Rig, Subject};
use crate::{Expected, Saved, Touched, Version};

pub(super) fn moved_record_round_trips<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let (moved, _) = moved_away(rig, &store, LONG)?;
    store.expect_held(&moved.handle, &moved.record)?;
    let loaded = other.expect_held(&moved.handle, &moved.record)?;
    other.saved(&loaded.record, Expected::Version(&loaded.version), LONG)?;
    store.expect_held(&moved.handle, &moved.record)?;
    rig.connect().expect_held(&moved.handle, &moved.record)?;
    Ok(())
}

pub(super) fn moved_record_ends_after_its_ttl<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    rig.paced(|store, grain| {
        let (since, ttl) = (rig.now(), grain * 4);
        let (moved, _) = moved_away(rig, store, ttl)?;
        let loaded = rig.expect_live(store.load(&moved.handle)?, "after it moved")?;
        same(&moved.record, &loaded.record)?;
        expect_end(rig, &loaded, (since, ttl), "of a moved record")?;
        pass_the_end(rig, ttl);
        rig.expect_ended(store.load(&moved.handle)?, "after a moved record's ttl")?;
        let when = "after a moved record's ttl, through another connection";
        rig.expect_ended(rig.connect().load(&moved.handle)?, when)
    })
}

pub(super) fn late_save_conflicts_with_a_moved_record<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let (moved, stale) = moved_away(rig, &store, LONG)?;
    let before = store.loaded(&moved.handle)?;
    let late = rig.record_of(moved.record.id(), r#"{"late":true}"#)?;
    for expected in [Expected::Version(&stale), Expected::Absent] {
        let saved = other.save(&late, expected, LONG * 2)?;
        let held = refused(saved, "the version from before the record moved, or none")?;
        expect_as_loaded(&moved.record, &before, &held)?;
    }
    let after = store.expect_held(&moved.handle, &moved.record)?;
    expect_unchanged(rig, &before, &after, "the refused saves")
}

pub(super) fn late_touch_does_not_extend_a_moved_record<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let (moved, stale) = moved_away(rig, &store, LONG)?;
    let before = store.loaded(&moved.handle)?;
    let touched = other.touch(moved.record.id(), &stale, LONG * 2)?;
    expect(
        touched == Touched::MustSave,
        "Touched::MustSave from a touch with the version from before the record moved",
        touched,
    )?;
    let after = store.expect_held(&moved.handle, &moved.record)?;
    expect_unchanged(rig, &before, &after, "the late touch")
}

pub(super) fn late_move_stores_nothing<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let (stored, stale) = overtaken(rig, &store, &other)?;
    let before = other.loaded(&stored.handle)?;
    let moved = rig.moved(stored.record.id(), LONG);
    let late = || store.save(&moved, Expected::Version(&stale), LONG);
    let held = refused(late()?, "a moved record and a stale version")?;
    expect_as_loaded(&stored.record, &before, &held)?;
    store.expect_held(&stored.handle, &stored.record)?;

    other.destroy(stored.record.id())?;
    let saved = store.save(&moved, Expected::Version(&before.version), LONG)?;
    expect(
        matches!(saved, Saved::Conflict(None)),
        "Saved::Conflict(None) from a save of a moved record over a destroyed one",
        &saved,
    )?;
    store.expect_gone(&stored.handle, "after destroy and a late move")
}

pub(super) fn destroy_removes_a_moved_record<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let (moved, _) = moved_away(rig, &store, LONG)?;
    let version = other.loaded(&moved.handle)?.version;
    store.destroy(moved.record.id())?;
    for store in [&store, &other, &rig.connect()] {
        store.expect_gone(&moved.handle, "after destroy of a moved record")?;
    }
    let saved = other.save(&moved.record, Expected::Version(&version), LONG)?;
    expect(
        matches!(saved, Saved::Conflict(None)),
        "Saved::Conflict(None) from a save over a destroyed moved record",
        &saved,
    )
}

/// Stores a record for [`LONG`] and then a moved record over it, for `ttl`. Returns the moved
/// record with the version from before the move.
fn moved_away<S: Subject>(
    rig: &Rig<'_, S>,
    store: &Connection<'_, S>,
    ttl: Duration,
) -> Result<(Stored, Version), Stop> {
    let stored = store.create(rig.record(r#"{"cart":3}"#)?)?;
    let stale = store.loaded(&stored.handle)?.version;
    let record = rig.moved(stored.record.id(), ttl);
    let handle = store.saved(&record, Expected::Version(&stale), ttl)?;
    Ok((Stored { record, handle }, stale))
}
