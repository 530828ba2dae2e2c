//! Ending a session is final.

use super::check::{Stop, expect};
use super::expiry::{ending_in, pass_the_end};
use super::rig::{Connection, LONG, Stored};
use super::{Rig, Subject};
use crate::{Driver as _, Expected, Saved, SessionId, Touched, Version};

pub(super) fn destroying_an_unknown_id_is_ok<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    store.destroy(&SessionId::random()?)?;
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    store.destroy(stored.record.id())?;
    Ok(store.destroy(stored.record.id())?)
}

pub(super) fn can_revoke_is_accurate<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    store.destroy(stored.record.id())?;
    let (said, is_gone) = (
        store.driver.can_revoke(),
        store.load(&stored.handle)?.is_none(),
    );
    let expected = format!(
        "a record that is {} after destroy, as can_revoke() promises",
        there(!said)
    );
    expect(
        said == is_gone,
        expected,
        format_args!("it is {}", there(!is_gone)),
    )
}

pub(super) fn driver_can_revoke<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let said = rig.connect().driver.can_revoke();
    expect(
        said,
        "can_revoke() to return true, as the level requires",
        said,
    )
}

pub(super) fn destroyed_record_is_gone<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    // Both have seen it, so that the check notices if either caches it.
    store.loaded(&stored.handle)?;
    other.loaded(&stored.handle)?;
    other.destroy(stored.record.id())?;
    other.expect_gone(&stored.handle, "after destroy")?;
    store.expect_gone(&stored.handle, "after destroy through another connection")?;
    rig.connect()
        .expect_gone(&stored.handle, "after destroy, through a new connection")
}

pub(super) fn destroy_leaves_other_records<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let mut held = Vec::new();
    for n in 0..8 {
        held.push(store.create(rig.record(&format!(r#"{{"n":{n}}}"#))?)?);
    }
    let ended = held.swap_remove(3);
    store.destroy(ended.record.id())?;
    for stored in &held {
        store.expect_held(&stored.handle, &stored.record)?;
    }
    store.expect_gone(&ended.handle, "after destroy")
}

pub(super) fn strange_id_affects_no_other_record<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
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
        let touched = store.touch(&id, &version, LONG)?;
        let expected = "Touched::Gone or Touched::MustSave from a touch of an unknown id";
        expect(touched != Touched::Done, expected, touched)?;
        store.expect_held(&stored.handle, &stored.record)?;
    }
    Ok(())
}

pub(super) fn destroyed_id_can_be_stored_again<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let first = store.create(rig.record(r#"{"n":1}"#)?)?;
    store.destroy(first.record.id())?;
    let again = store.create(rig.record_of(first.record.id(), r#"{"n":2}"#)?)?;
    store.expect_held(&again.handle, &again.record)?;
    Ok(())
}

pub(super) fn late_save_does_not_resurrect<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    other.destroy(stored.record.id())?;
    let saved = store.save(&stored.record, Expected::Version(&version), LONG)?;
    expect(
        matches!(saved, Saved::Conflict(None)),
        "Saved::Conflict(None) from a save of a destroyed record",
        &saved,
    )?;
    store.expect_gone(&stored.handle, "after destroy and a late save")
}

pub(super) fn late_touch_does_not_resurrect<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    other.destroy(stored.record.id())?;
    let touched = store.touch(stored.record.id(), &version, LONG)?;
    expect(
        touched != Touched::Done,
        "Touched::Gone or Touched::MustSave from a touch of a destroyed record",
        touched,
    )?;
    store.expect_gone(&stored.handle, "after destroy and a late touch")
}

pub(super) fn late_save_does_not_resurrect_an_expired_record<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    expired(rig, |store, late, version| {
        let saved = store.save(&late.record, Expected::Version(version), LONG)?;
        expect(
            matches!(saved, Saved::Conflict(None)),
            "Saved::Conflict(None) from a save of an expired record",
            &saved,
        )?;
        store.expect_gone(&late.handle, "after the record expired and a late save")
    })
}

pub(super) fn late_touch_does_not_resurrect_an_expired_record<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    expired(rig, |store, late, version| {
        let touched = store.touch(late.record.id(), version, LONG)?;
        expect(
            touched != Touched::Done,
            "Touched::Gone or Touched::MustSave from a touch of an expired record",
            touched,
        )?;
        store.expect_gone(&late.handle, "after the record expired and a late touch")
    })
}

/// Runs `act` on a record that has expired and that no call has used since.
fn expired<S: Subject>(
    rig: &Rig<'_, S>,
    act: impl Fn(&Connection<'_, S>, &Stored, &Version) -> Result<(), Stop>,
) -> Result<(), Stop> {
    rig.paced(|store, grain| {
        let ttl = grain * 4;
        let save = || {
            let record = ending_in(rig, ttl)?;
            let handle = store.saved(&record, Expected::Absent, ttl)?;
            let version = rig
                .expect_live(store.load(&handle)?, "before it expires")?
                .version;
            Ok::<_, Stop>((Stored { record, handle }, version))
        };
        let (witness, _) = save()?;
        let (late, version) = save()?;
        pass_the_end(rig, ttl);
        if store.load(&witness.handle)?.is_some() {
            return Err(Stop::NotAsked(
                "the driver still returns expired records, which the manager refuses",
            ));
        }
        act(store, &late, &version)
    })
}

fn there(is_there: bool) -> &'static str {
    if is_there { "still stored" } else { "gone" }
}
