//! Records expire on time, and not before.

use std::time::Duration;

use super::check::{Stop, expect, expect_with};
use super::rig::{Connection, LONG, describe_end};
use super::{Rig, Subject};
use crate::{Expected, Loaded, Record, SessionId, Timestamp, Touched, Version};

pub(super) fn record_lives_for_its_ttl<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    rig.paced(|store, grain| {
        let record = ending_in(rig, grain * 6)?;
        let handle = store.saved(&record, Expected::Absent, grain * 6)?;
        rig.pass(grain * 3);
        rig.expect_live(store.load(&handle)?, "after half its ttl")
            .map(drop)
    })
}

pub(super) fn record_ends_after_its_ttl<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, ttl) = (rig.connect(), rig.subject.grain() * 2);
    let record = ending_in(rig, ttl)?;
    let handle = store.saved(&record, Expected::Absent, ttl)?;
    pass_the_end(rig, ttl);
    rig.expect_ended(store.load(&handle)?, "after its ttl")?;
    rig.expect_ended(
        rig.connect().load(&handle)?,
        "after its ttl, through another connection",
    )
}

pub(super) fn loaded_record_reports_its_expiry<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    for ttl in [LONG, LONG * 24 * 30] {
        let since = rig.now();
        let record = ending_in(rig, ttl)?;
        let handle = store.saved(&record, Expected::Absent, ttl)?;
        expect_end(rig, &store.loaded(&handle)?, (since, ttl), "after a save")?;
    }
    Ok(())
}

pub(super) fn save_extends_the_ttl<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    rig.paced(|store, grain| {
        let record = ending_in(rig, grain * 4)?;
        let handle = store.saved(&record, Expected::Absent, grain * 4)?;
        rig.pass(grain * 2);
        let version = rig
            .expect_live(store.load(&handle)?, "before it expires")?
            .version;
        let record = record.expiring_at(rig.now() + grain * 8);
        let handle = store.saved(&record, Expected::Version(&version), grain * 8)?;
        rig.pass(grain * 4);
        rig.expect_live(
            store.load(&handle)?,
            "that was saved again with a longer ttl",
        )
        .map(drop)
    })
}

pub(super) fn save_shortens_the_ttl<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, ttl) = (rig.connect(), rig.subject.grain() * 2);
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    let record = stored.record.expiring_at(rig.now() + ttl);
    let handle = store.saved(&record, Expected::Version(&version), ttl)?;
    pass_the_end(rig, ttl);
    rig.expect_ended(
        store.load(&handle)?,
        "that was saved again with a shorter ttl, after that ttl",
    )
}

/// This happens when a request ends after the session's absolute lifetime.
pub(super) fn zero_ttl_is_accepted<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let record = ending_in(rig, Duration::ZERO)?;
    let handle = store.saved(&record, Expected::Absent, Duration::ZERO)?;
    pass_the_end(rig, Duration::ZERO);
    rig.expect_ended(store.load(&handle)?, "after a ttl of zero")
}

pub(super) fn fifty_year_ttl_is_accepted<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, since) = (rig.connect(), rig.now());
    let record = ending_in(rig, YEARS)?;
    let handle = store.saved(&record, Expected::Absent, YEARS)?;
    expect_end(rig, &store.loaded(&handle)?, (since, YEARS), "after a save")
}

pub(super) fn touching_an_unknown_id_does_not_succeed<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let store = rig.connect();
    // The version of another record, so that the driver can read it.
    let version = store
        .loaded(&store.create(rig.record("{}")?)?.handle)?
        .version;
    let touched = store.touch(&SessionId::random()?, &version, LONG)?;
    let expected = "Touched::Gone or Touched::MustSave from a touch of an unknown id";
    expect(touched != Touched::Done, expected, touched)
}

pub(super) fn touch_extends_the_ttl<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    rig.paced(|store, grain| {
        let record = ending_in(rig, grain * 4)?;
        let handle = store.saved(&record, Expected::Absent, grain * 4)?;
        rig.pass(grain * 2);
        let version = rig
            .expect_live(store.load(&handle)?, "before it expires")?
            .version;
        let (since, ttl) = (rig.now(), grain * 8);
        touched(store, record.id(), &version, ttl)?;
        let loaded = rig.expect_live(store.load(&handle)?, "after a touch")?;
        expect_end(rig, &loaded, (since, ttl), "after a touch")?;
        rig.pass(grain * 4);
        let loaded = store.load(&handle)?;
        rig.expect_live(loaded, "that was touched, after its first ttl")
            .map(drop)
    })
}

pub(super) fn touch_shortens_the_ttl<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, ttl) = (rig.connect(), rig.subject.grain() * 2);
    let stored = store.create(rig.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    touched(&store, stored.record.id(), &version, ttl)?;
    pass_the_end(rig, ttl);
    rig.expect_ended(store.load(&stored.handle)?, "after the ttl of its touch")
}

pub(super) fn touch_changes_only_the_expiry<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let stored = store.create(rig.record(r#"{"a":1.0,"b":"\ud800"}"#)?)?;
    let before = store.loaded(&stored.handle)?;
    // The result does not matter: `MustSave` must not change anything either.
    store.touch(stored.record.id(), &before.version, LONG * 2)?;
    let after = store.expect_held(&stored.handle, &stored.record)?;
    let expected = format!("the version from before the touch, {:?}", before.version);
    expect(after.version == before.version, expected, after.version)
}

/// Returns a record that expires after `ttl`.
pub(super) fn ending_in<S: Subject>(rig: &Rig<'_, S>, ttl: Duration) -> Result<Record, Stop> {
    Ok(rig.record(r#"{"a":1}"#)?.expiring_at(rig.now() + ttl))
}

/// Waits until a record that was just saved with `ttl` must have expired.
pub(super) fn pass_the_end<S: Subject>(rig: &Rig<'_, S>, ttl: Duration) {
    rig.pass(ttl + rig.subject.grain() + Duration::from_millis(1));
}

/// Touches an existing record, unless the driver prefers a save.
fn touched<S: Subject>(
    store: &Connection<'_, S>,
    id: &SessionId,
    version: &Version,
    ttl: Duration,
) -> Result<(), Stop> {
    match store.touch(id, version, ttl)? {
        Touched::Done => Ok(()),
        Touched::MustSave => Err(Stop::NotAsked("the driver returns Touched::MustSave")),
        Touched::Gone => Err(Stop::broken(
            "Touched::Done from a touch of a live record",
            "Touched::Gone",
        )),
    }
}

/// Stops the check unless the record expires `ttl` after it was saved or touched, which happened
/// after `since`.
pub(super) fn expect_end<S: Subject>(
    rig: &Rig<'_, S>,
    loaded: &Loaded,
    (since, ttl): (Timestamp, Duration),
    when: &str,
) -> Result<(), Stop> {
    let (now, grain) = (rig.now(), rig.subject.grain());
    let is_true = |end: Timestamp| since + ttl <= end + grain && end <= now + ttl + grain;
    expect_with(
        loaded.record.expires_at().is_some_and(is_true),
        format!("expires_at() {when} in {ttl:?}, give or take {grain:?}"),
        || describe_end(Some(loaded), now),
    )
}

const YEARS: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);
