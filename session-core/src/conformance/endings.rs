//! What ends a session ends it for good.

use super::check::{Stop, expect};
use super::expiry::{ending_in, pass_the_end};
use super::stage::{LONG, Store, Stored};
use super::{Stage, Subject};
use crate::{Driver as _, Expected, Retired, Saved, SessionId, Touched, Version};

pub(super) fn destroying_nothing_is_ok<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    store.destroy(&SessionId::random()?)?;
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    store.destroy(stored.record.id())?;
    Ok(store.destroy(stored.record.id())?)
}

pub(super) fn can_revoke_tells_the_truth<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    store.destroy(stored.record.id())?;
    let (said, is_gone) = (
        store.driver.can_revoke(),
        store.load(&stored.handle)?.is_none(),
    );
    let expected = format!(
        "a record that is {} after destroy, as can_revoke() says",
        there(!said)
    );
    expect(
        said == is_gone,
        expected,
        format_args!("it is {}", there(!is_gone)),
    )
}

pub(super) fn the_driver_can_revoke<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let said = stage.store().driver.can_revoke();
    expect(said, "can_revoke() to be true, as the level says", said)
}

pub(super) fn a_destroyed_record_is_gone<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    // Both have seen it, so that neither may remember it.
    store.loaded(&stored.handle)?;
    other.loaded(&stored.handle)?;
    other.destroy(stored.record.id())?;
    other.expect_gone(&stored.handle, "after destroy")?;
    store.expect_gone(&stored.handle, "after another connection's destroy")?;
    stage
        .store()
        .expect_gone(&stored.handle, "after destroy, by a new connection")
}

pub(super) fn destroying_one_record_leaves_the_others<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    let mut held = Vec::new();
    for n in 0..8 {
        held.push(store.create(stage.record(&format!(r#"{{"n":{n}}}"#))?)?);
    }
    let ended = held.swap_remove(3);
    store.destroy(ended.record.id())?;
    for stored in &held {
        store.expect_held(&stored.handle, &stored.record)?;
    }
    store.expect_gone(&ended.handle, "after destroy")
}

pub(super) fn a_strange_id_ends_nothing_else<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    let upper = stored.record.id().as_str().to_ascii_uppercase();
    for id in [
        "*",
        "%",
        "_",
        "?",
        "/",
        "..",
        "' OR '1'='1",
        "\0",
        upper.as_str(),
    ] {
        let Some(id) = SessionId::from_stored(id).filter(|id| id != stored.record.id()) else {
            continue;
        };
        store.destroy(&id)?;
        store.touch(&id, LONG)?;
        let retired = store.retire(&id, &version)?;
        expect(
            matches!(retired, Retired::Gone),
            "Retired::Gone for an id that names nothing",
            &retired,
        )?;
        store.expect_held(&stored.handle, &stored.record)?;
    }
    Ok(())
}

pub(super) fn a_destroyed_id_can_be_stored_anew<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    let first = store.create(stage.record(r#"{"n":1}"#)?)?;
    store.destroy(first.record.id())?;
    let again = store.create(stage.record_of(first.record.id(), r#"{"n":2}"#)?)?;
    store.expect_held(&again.handle, &again.record)?;
    Ok(())
}

pub(super) fn a_late_save_raises_nothing<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    other.destroy(stored.record.id())?;
    let saved = store.save(&stored.record, Expected::Version(&version), LONG)?;
    expect(
        matches!(saved, Saved::Conflict(None)),
        "Saved::Conflict(None) from a save onto a destroyed record",
        &saved,
    )?;
    store.expect_gone(&stored.handle, "after destroy and a late save")
}

pub(super) fn a_late_touch_raises_nothing<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    store.loaded(&stored.handle)?;
    other.destroy(stored.record.id())?;
    let touched = store.touch(stored.record.id(), LONG)?;
    expect(
        touched != Touched::Done,
        "Touched::Gone, or Touched::MustSave, from a touch of a destroyed record",
        touched,
    )?;
    store.expect_gone(&stored.handle, "after destroy and a late touch")
}

pub(super) fn a_late_save_raises_no_expired_record<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    expired(stage, |store, late, version| {
        let saved = store.save(&late.record, Expected::Version(version), LONG)?;
        expect(
            matches!(saved, Saved::Conflict(None)),
            "Saved::Conflict(None) from a save onto an expired record",
            &saved,
        )?;
        store.expect_gone(&late.handle, "after the record's end and a late save")
    })
}

pub(super) fn a_late_touch_raises_no_expired_record<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    expired(stage, |store, late, _| {
        let touched = store.touch(late.record.id(), LONG)?;
        expect(
            touched != Touched::Done,
            "Touched::Gone, or Touched::MustSave, from a touch of an expired record",
            touched,
        )?;
        store.expect_gone(&late.handle, "after the record's end and a late touch")
    })
}

pub(super) fn a_retired_record_is_gone<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    other.loaded(&stored.handle)?;
    let retired = store.retire(stored.record.id(), &version)?;
    expect(
        matches!(retired, Retired::Done),
        "Retired::Done for a record that nobody changed",
        &retired,
    )?;
    store.expect_gone(&stored.handle, "after retire")?;
    other.expect_gone(&stored.handle, "after another connection's retire")?;
    let saved = other.save(&stored.record, Expected::Version(&version), LONG)?;
    expect(
        matches!(saved, Saved::Conflict(None)),
        "Saved::Conflict(None) from a save onto a retired record",
        &saved,
    )?;
    other.expect_gone(&stored.handle, "after retire and a late save")
}

pub(super) fn retiring_what_is_gone_is_told<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    store.destroy(stored.record.id())?;
    let retired = store.retire(stored.record.id(), &version)?;
    expect(
        matches!(retired, Retired::Gone),
        "Retired::Gone for a record that was destroyed",
        &retired,
    )
}

/// Runs `act` on a record that the driver has forgotten at its end, and that nobody has asked for since.
fn expired<S: Subject>(
    stage: &Stage<'_, S>,
    act: impl Fn(&Store<'_, S>, &Stored, &Version) -> Result<(), Stop>,
) -> Result<(), Stop> {
    stage.paced(|store, grain| {
        let ttl = grain * 4;
        let save = || {
            let record = ending_in(stage, ttl)?;
            let handle = store.saved(&record, Expected::Absent, ttl)?;
            let version = stage
                .expect_live(store.load(&handle)?, "before its end")?
                .version;
            Ok::<_, Stop>((Stored { record, handle }, version))
        };
        let (witness, _) = save()?;
        let (late, version) = save()?;
        pass_the_end(stage, ttl);
        if store.load(&witness.handle)?.is_some() {
            return Err(Stop::NotAsked(
                "the driver leaves it to the manager to refuse expired records",
            ));
        }
        act(store, &late, &version)
    })
}

fn there(is_there: bool) -> &'static str {
    if is_there { "still there" } else { "gone" }
}
