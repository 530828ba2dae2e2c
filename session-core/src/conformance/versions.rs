//! A version identifies one state of a record, forever.

use super::check::{Stop, expect_with};
use super::rig::LONG;
use super::threads::in_step;
use super::{Rig, Subject};
use crate::{Expected, Saved, Version};

pub(super) fn every_save_creates_a_new_version<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    // Alternately through two connections, as when one user's requests reach two servers.
    let stores = rig.connections(2);
    let stored = stores[0].create(rig.record(r#"{"n":0}"#)?)?;
    let changed = rig.record_of(stored.record.id(), r#"{"n":1}"#)?;
    let mut seen = vec![stores[0].loaded(&stored.handle)?.version];
    // Unchanged, changed, and changed back.
    for turn in 0..24 {
        let record = if turn % 3 == 1 {
            &changed
        } else {
            &stored.record
        };
        let store = &stores[turn / 2 % 2];
        store.saved(record, Expected::Version(&seen[turn]), LONG)?;
        add(&mut seen, store.loaded(&stored.handle)?.version, "a save")?;
    }
    Ok(())
}

pub(super) fn save_returns_the_stored_version<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let record = rig.record(r#"{"n":0}"#)?;
    let mut known: Option<Version> = None;
    for _ in 0..4 {
        let expected = known.as_ref().map_or(Expected::Absent, Expected::Version);
        let saved = store.save(&record, expected, LONG)?;
        let Saved::Done { handle, version } = saved else {
            let expected = "Saved::Done from a save with the version that the save before returned";
            return Err(Stop::broken(expected, format!("{saved:?}")));
        };
        let held = other.loaded(&handle)?.version;
        expect_with(
            version == held,
            "the version that the next load returns, from a save",
            || format!("{version:?} instead of {held:?}"),
        )?;
        known = Some(version);
    }
    Ok(())
}

pub(super) fn recreated_record_has_a_new_version<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let record = rig.record(r#"{"n":0}"#)?;
    let mut seen: Vec<Version> = Vec::new();
    for turn in 0..8 {
        // A new connection, as after a restart.
        let store = rig.connect();
        let handle = store.create(record.clone())?.handle;
        if let Some(stale) = seen.last() {
            let saved = store.save(&record, Expected::Version(stale), LONG)?;
            expect_with(
                matches!(saved, Saved::Conflict(Some(_))),
                "Saved::Conflict from a save of a recreated record with the version of its destroyed predecessor",
                || format!("{saved:?}"),
            )?;
        }
        let version = store.loaded(&handle)?.version;
        add(&mut seen, version.clone(), "a recreated record")?;
        if turn % 2 == 1 {
            let moved = rig.moved(record.id(), LONG);
            store.saved(&moved, Expected::Version(&version), LONG)?;
            add(&mut seen, store.loaded(&handle)?.version, "a moved record")?;
        }
        store.destroy(record.id())?;
    }
    Ok(())
}

pub(super) fn parallel_saves_have_different_versions<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let stores = rig.connections(THREADS);
    rig.for_a_while(|| {
        let stored = stores[0].create(rig.record(r#"{"by":"nobody"}"#)?)?;
        let seen = in_step(&stores, ROUNDS, |round, number, store| {
            let data = format!(r#"{{"by":"{number} in {round}"}}"#);
            let version = store.loaded(&stored.handle)?.version;
            store.save(
                &rig.record_of(stored.record.id(), &data)?,
                Expected::Version(&version),
                LONG,
            )?;
            let loaded = store.loaded(&stored.handle)?;
            Ok((loaded.version, loaded.record.data().to_json()))
        })?;
        let mut states: Vec<(Version, String)> = Vec::new();
        for (version, data) in seen.into_iter().flatten() {
            match states.iter().find(|state| state.0 == version) {
                None => states.push((version, data)),
                Some((_, before)) => expect_with(
                    *before == data,
                    "different versions for different states of a record",
                    || format!("{version:?} for two states, {before} and {data}"),
                )?,
            }
        }
        Ok(())
    })
}

fn add(seen: &mut Vec<Version>, version: Version, of: &str) -> Result<(), Stop> {
    let before = seen.iter().position(|earlier| *earlier == version);
    expect_with(
        before.is_none(),
        format!("a version after {of} that the record never had before"),
        || {
            format!(
                "{version:?}, which it had {} saves ago",
                seen.len() - before.unwrap_or(0)
            )
        },
    )?;
    seen.push(version);
    Ok(())
}

const THREADS: usize = 4;
const ROUNDS: usize = 16;
