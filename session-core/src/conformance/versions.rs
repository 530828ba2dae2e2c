//! A version names one state of a record, for ever.

use super::check::{Stop, expect_with};
use super::stage::LONG;
use super::threads::in_step;
use super::{Stage, Subject};
use crate::{Expected, Saved, Version};

pub(super) fn every_save_makes_a_new_version<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    // By turns, as the requests of one user come to several servers.
    let stores = stage.stores(2);
    let stored = stores[0].create(stage.record(r#"{"n":0}"#)?)?;
    let changed = stage.record_of(stored.record.id(), r#"{"n":1}"#)?;
    let mut seen = vec![stores[0].loaded(&stored.handle)?.version];
    // As it was, changed, and changed back.
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

pub(super) fn a_record_made_anew_has_a_new_version<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let record = stage.record(r#"{"n":0}"#)?;
    let mut seen: Vec<Version> = Vec::new();
    for turn in 0..8 {
        // As after a restart.
        let store = stage.store();
        let handle = store.create(record.clone())?.handle;
        if let Some(stale) = seen.last() {
            let saved = store.save(&record, Expected::Version(stale), LONG)?;
            expect_with(
                matches!(saved, Saved::Conflict(Some(_))),
                "Saved::Conflict from a save with the version of a record that was destroyed, onto one made anew under its id",
                || format!("{saved:?}"),
            )?;
        }
        let version = store.loaded(&handle)?.version;
        add(&mut seen, version.clone(), "a record made anew")?;
        if turn % 2 == 0 {
            store.destroy(record.id())?;
        } else {
            store.retire(record.id(), &version)?;
        }
    }
    Ok(())
}

pub(super) fn versions_of_parallel_saves_differ<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let stores = stage.stores(THREADS);
    stage.for_a_while(|| {
        let stored = stores[0].create(stage.record(r#"{"by":"nobody"}"#)?)?;
        let seen = in_step(&stores, ROUNDS, |round, number, store| {
            let data = format!(r#"{{"by":"{number} in {round}"}}"#);
            let version = store.loaded(&stored.handle)?.version;
            store.save(
                &stage.record_of(stored.record.id(), &data)?,
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
                    "one version for one state of a record",
                    || format!("{version:?} of two states, {before} and {data}"),
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
        format!("a version of {of} that the record did not have before"),
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
