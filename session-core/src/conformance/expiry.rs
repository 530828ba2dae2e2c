//! Records end when their time is over, not before.

use std::time::Duration;

use super::check::{Stop, expect, expect_with};
use super::stage::{LONG, Store, shown};
use super::{Stage, Subject};
use crate::{Expected, Loaded, Record, SessionId, Timestamp, Touched};

pub(super) fn a_record_lives_for_its_ttl<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    stage.paced(|store, grain| {
        let record = ending_in(stage, grain * 6)?;
        let handle = store.saved(&record, Expected::Absent, grain * 6)?;
        stage.pass(grain * 3);
        stage
            .expect_live(store.load(&handle)?, "after half its ttl")
            .map(drop)
    })
}

pub(super) fn a_record_ends_after_its_ttl<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, ttl) = (stage.store(), stage.subject.grain() * 2);
    let record = ending_in(stage, ttl)?;
    let handle = store.saved(&record, Expected::Absent, ttl)?;
    pass_the_end(stage, ttl);
    stage.expect_ended(store.load(&handle)?, "after its ttl")?;
    stage.expect_ended(
        stage.store().load(&handle)?,
        "after its ttl, by another connection",
    )
}

pub(super) fn a_live_record_tells_its_end<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    for ttl in [LONG, LONG * 24 * 30] {
        let since = stage.now();
        let record = ending_in(stage, ttl)?;
        let handle = store.saved(&record, Expected::Absent, ttl)?;
        expect_end(stage, &store.loaded(&handle)?, (since, ttl), "after a save")?;
    }
    Ok(())
}

pub(super) fn a_save_lengthens_a_life<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    stage.paced(|store, grain| {
        let record = ending_in(stage, grain * 4)?;
        let handle = store.saved(&record, Expected::Absent, grain * 4)?;
        stage.pass(grain * 2);
        let version = stage
            .expect_live(store.load(&handle)?, "before its end")?
            .version;
        let record = record.expiring_at(stage.now() + grain * 8);
        let handle = store.saved(&record, Expected::Version(&version), grain * 8)?;
        stage.pass(grain * 4);
        stage
            .expect_live(store.load(&handle)?, "that was saved again for longer")
            .map(drop)
    })
}

pub(super) fn a_save_shortens_a_life<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, ttl) = (stage.store(), stage.subject.grain() * 2);
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    let version = store.loaded(&stored.handle)?.version;
    let record = stored.record.expiring_at(stage.now() + ttl);
    let handle = store.saved(&record, Expected::Version(&version), ttl)?;
    pass_the_end(stage, ttl);
    stage.expect_ended(
        store.load(&handle)?,
        "that was saved again for less time, after that",
    )
}

/// As when a request ends after the session's absolute lifetime.
pub(super) fn a_ttl_of_zero_is_no_error<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let store = stage.store();
    let record = ending_in(stage, Duration::ZERO)?;
    let handle = store.saved(&record, Expected::Absent, Duration::ZERO)?;
    pass_the_end(stage, Duration::ZERO);
    stage.expect_ended(store.load(&handle)?, "after a ttl of zero")
}

pub(super) fn a_ttl_of_fifty_years_is_no_error<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let (store, since) = (stage.store(), stage.now());
    let record = ending_in(stage, YEARS)?;
    let handle = store.saved(&record, Expected::Absent, YEARS)?;
    expect_end(
        stage,
        &store.loaded(&handle)?,
        (since, YEARS),
        "after a save",
    )
}

pub(super) fn a_touch_of_nothing_is_no_success<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let touched = stage.store().touch(&SessionId::random()?, LONG)?;
    let expected = "Touched::Gone, or Touched::MustSave, from a touch of what is not there";
    expect(touched != Touched::Done, expected, touched)
}

pub(super) fn a_touch_lengthens_a_life<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    stage.paced(|store, grain| {
        let record = ending_in(stage, grain * 4)?;
        let handle = store.saved(&record, Expected::Absent, grain * 4)?;
        stage.pass(grain * 2);
        stage.expect_live(store.load(&handle)?, "before its end")?;
        let (since, ttl) = (stage.now(), grain * 8);
        touched(store, record.id(), ttl)?;
        let loaded = stage.expect_live(store.load(&handle)?, "after a touch")?;
        expect_end(stage, &loaded, (since, ttl), "after a touch")?;
        stage.pass(grain * 4);
        let loaded = store.load(&handle)?;
        stage
            .expect_live(loaded, "that was touched, after its first ttl")
            .map(drop)
    })
}

pub(super) fn a_touch_shortens_a_life<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, ttl) = (stage.store(), stage.subject.grain() * 2);
    let stored = store.create(stage.record(r#"{"a":1}"#)?)?;
    touched(&store, stored.record.id(), ttl)?;
    pass_the_end(stage, ttl);
    stage.expect_ended(store.load(&stored.handle)?, "after the ttl of its touch")
}

pub(super) fn a_touch_changes_the_expiry_only<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    let stored = store.create(stage.record(r#"{"a":1.0,"b":"\ud800"}"#)?)?;
    let before = store.loaded(&stored.handle)?;
    // Whatever it answers: what asks for a save instead has changed nothing either.
    store.touch(stored.record.id(), LONG * 2)?;
    let after = store.expect_held(&stored.handle, &stored.record)?;
    let expected = format!("the version of before the touch, {:?}", before.version);
    expect(after.version == before.version, expected, after.version)
}

/// A record that ends in so long.
pub(super) fn ending_in<S: Subject>(stage: &Stage<'_, S>, ttl: Duration) -> Result<Record, Stop> {
    Ok(stage.record(r#"{"a":1}"#)?.expiring_at(stage.now() + ttl))
}

/// Waits until a record that was saved just now for `ttl` must have ended.
pub(super) fn pass_the_end<S: Subject>(stage: &Stage<'_, S>, ttl: Duration) {
    stage.pass(ttl + stage.subject.grain() + Duration::from_millis(1));
}

/// Touches what is there, unless the driver would rather save it again.
fn touched<S: Subject>(store: &Store<'_, S>, id: &SessionId, ttl: Duration) -> Result<(), Stop> {
    match store.touch(id, ttl)? {
        Touched::Done => Ok(()),
        Touched::MustSave => Err(Stop::NotAsked("the driver answers Touched::MustSave")),
        Touched::Gone => Err(Stop::broken(
            "Touched::Done from a touch of a live record",
            "Touched::Gone",
        )),
    }
}

/// Stops the check unless the record says that it ends `ttl` after it was saved or touched, which was after `since`.
fn expect_end<S: Subject>(
    stage: &Stage<'_, S>,
    loaded: &Loaded,
    (since, ttl): (Timestamp, Duration),
    when: &str,
) -> Result<(), Stop> {
    let (now, grain) = (stage.now(), stage.subject.grain());
    let is_true = |end: Timestamp| since + ttl <= end + grain && end <= now + ttl + grain;
    expect_with(
        loaded.record.expires_at().is_some_and(is_true),
        format!("expires_at() {when}: {ttl:?} from then, give or take {grain:?}"),
        || shown(Some(loaded), now),
    )
}

const YEARS: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);
