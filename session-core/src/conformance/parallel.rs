//! Simultaneous operations on one record, on real threads.

use super::check::{Stop, expect, expect_with};
use super::rig::{Connection, LONG, Stored, describe_end, same};
use super::threads::in_step;
use super::{Rig, Subject};
use crate::{Expected, Record, Saved, SessionId, Touched, Version};

pub(super) fn no_update_is_lost<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let stores = rig.connections(THREADS);
    rig.for_a_while(|| {
        let stored = stores[0].create(rig.record(r#"{"n":0}"#)?)?;
        in_step(&stores, 1, |_, _, store| {
            (0..ROUNDS).try_for_each(|_| increment(rig, store, &stored))
        })?;
        let n = stores[0]
            .loaded(&stored.handle)?
            .record
            .data()
            .get::<usize>("n")?;
        let expected = format!(
            "{} increments, since that many saves returned Saved::Done",
            THREADS * ROUNDS
        );
        expect(n == Some(THREADS * ROUNDS), expected, n)
    })
}

pub(super) fn one_of_parallel_creations_succeeds<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let stores = rig.connections(THREADS);
    rig.for_a_while(|| {
        let ids = (0..ROUNDS)
            .map(|_| SessionId::random())
            .collect::<Result<Vec<_>, _>>()?;
        let by = by_each(rig, ids.iter())?;
        let ends = in_step(&stores, ROUNDS, |round, number, store| {
            Ok(store.save(&by[round][number], Expected::Absent, LONG)?)
        })?;
        for (ends, by) in ends.iter().zip(&by) {
            let (winner, handle) = winner(ends, "one id")?;
            stores[0].expect_held(handle, &by[winner])?;
            for end in ends {
                match end {
                    Saved::Conflict(Some(held)) => same(&by[winner], &held.record)?,
                    Saved::Conflict(None) => {
                        let expected = "Saved::Conflict with the record that was stored first";
                        return Err(Stop::broken(expected, "Saved::Conflict(None)"));
                    }
                    Saved::Done { .. } => {}
                }
            }
        }
        Ok(())
    })
}

pub(super) fn one_of_parallel_saves_succeeds<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let stores = rig.connections(THREADS);
    rig.for_a_while(|| {
        let held = versioned(rig, &stores[0])?;
        let by = by_each(rig, held.iter().map(|(stored, _)| stored.record.id()))?;
        let ends = in_step(&stores, ROUNDS, |round, number, store| {
            Ok(store.save(&by[round][number], Expected::Version(&held[round].1), LONG)?)
        })?;
        for (round, ends) in ends.iter().enumerate() {
            let (winner, _) = winner(ends, "one version")?;
            stores[0].expect_held(&held[round].0.handle, &by[round][winner])?;
        }
        Ok(())
    })
}

pub(super) fn destroy_wins_against_parallel_saves<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let stores = rig.connections(THREADS);
    rig.for_a_while(|| {
        let held = versioned(rig, &stores[0])?;
        let by = by_each(rig, held.iter().map(|(stored, _)| stored.record.id()))?;
        in_step(&stores, ROUNDS, |round, number, store| {
            let (Stored { record, handle }, version) = &held[round];
            if number == 0 {
                return Ok(store.destroy(record.id())?);
            }
            // Save repeatedly until the record is gone. Once a save reports that it is gone, it
            // must stay gone.
            let mut next = version.clone();
            for _ in 0..SAVES {
                match store.save(&by[round][number], Expected::Version(&next), LONG)? {
                    Saved::Conflict(None) => {
                        return store.expect_gone(handle, "after Saved::Conflict(None)");
                    }
                    Saved::Conflict(Some(held)) => next = held.version,
                    Saved::Done { .. } => match store.load(handle)? {
                        Some(loaded) => next = loaded.version,
                        None => return Ok(()),
                    },
                }
            }
            Ok(())
        })?;
        let when = "after destroy and simultaneous saves";
        held.iter()
            .try_for_each(|(stored, _)| stores[0].expect_gone(&stored.handle, when))
    })
}

pub(super) fn move_and_save_exclude_each_other<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let stores = rig.connections(2);
    rig.for_a_while(|| {
        let held = versioned(rig, &stores[0])?;
        let one = |(stored, _): &(Stored, Version)| {
            let id = stored.record.id();
            Ok([rig.moved(id, LONG), rig.record_of(id, r#"{"n":-1}"#)?])
        };
        let records = held.iter().map(one).collect::<Result<Vec<_>, Stop>>()?;
        let ends = in_step(&stores, ROUNDS, |round, number, store| {
            Ok(store.save(
                &records[round][number],
                Expected::Version(&held[round].1),
                LONG,
            )?)
        })?;
        for (round, ends) in ends.iter().enumerate() {
            let (winner, handle) = winner(ends, "one version, one of a moved record")?;
            let record = &records[round][winner];
            stores[0].expect_held(handle, record)?;
            match &ends[1 - winner] {
                Saved::Conflict(Some(held)) => same(record, &held.record)?,
                other => {
                    let expected = "Saved::Conflict with the record that was stored first";
                    return Err(Stop::broken(expected, format_args!("{other:?}")));
                }
            }
        }
        Ok(())
    })
}

pub(super) fn move_wins_against_a_parallel_touch<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let stores = rig.connections(2);
    rig.for_a_while(|| {
        let held = versioned(rig, &stores[0])?;
        let moved: Vec<_> = held
            .iter()
            .map(|(stored, _)| rig.moved(stored.record.id(), LONG))
            .collect();
        in_step(&stores, ROUNDS, |round, number, store| {
            let version = &held[round].1;
            if number == 0 {
                let saved = store.save(&moved[round], Expected::Version(version), LONG)?;
                let expected = "Saved::Done from a move during a touch, which keeps the version";
                return expect(matches!(saved, Saved::Done { .. }), expected, &saved);
            }
            Ok(store
                .touch(moved[round].id(), version, LONG * 2)
                .map(drop)?)
        })?;
        for ((stored, _), moved) in held.iter().zip(&moved) {
            let loaded = stores[0].expect_held(&stored.handle, moved)?;
            let end = loaded.record.expires_at();
            expect_with(
                end.is_some_and(|end| end <= rig.now() + LONG + LONG / 2),
                "a moved record that ends after its own ttl, despite a simultaneous touch",
                || describe_end(Some(&loaded), rig.now()),
            )?;
        }
        Ok(())
    })
}

pub(super) fn touch_and_save_exclude_each_other<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let stores = rig.connections(2);
    rig.for_a_while(|| {
        let held = versioned(rig, &stores[0])?;
        let changed = by_each(rig, held.iter().map(|(stored, _)| stored.record.id()))?;
        in_step(&stores, ROUNDS, |round, number, store| {
            let (stored, version) = &held[round];
            if number == 0 {
                let touched = store.touch(stored.record.id(), version, LONG * 2)?;
                return expect(
                    touched != Touched::Gone,
                    "no Touched::Gone for a live record",
                    touched,
                );
            }
            let saved = store.save(&changed[round][1], Expected::Version(version), LONG)?;
            let expected = "Saved::Done from a save during a touch, which keeps the version";
            expect(matches!(saved, Saved::Done { .. }), expected, &saved)
        })?;
        for ((stored, before), changed) in held.iter().zip(&changed) {
            let version = stores[0].expect_held(&stored.handle, &changed[1])?.version;
            let expected = "another version after a save during a touch";
            expect(version != *before, expected, &version)?;
        }
        Ok(())
    })
}

pub(super) fn destroy_wins_against_a_parallel_touch<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let stores = rig.connections(2);
    rig.for_a_while(|| {
        let held = versioned(rig, &stores[0])?;
        in_step(&stores, ROUNDS, |round, number, store| {
            let (stored, version) = &held[round];
            let id = stored.record.id();
            if number == 0 {
                return Ok(store.destroy(id)?);
            }
            Ok(store.touch(id, version, LONG * 2).map(drop)?)
        })?;
        let when = "after destroy and a simultaneous touch";
        held.iter()
            .try_for_each(|(stored, _)| stores[0].expect_gone(&stored.handle, when))
    })
}

/// Adds one to the record's `n`, and tries again after every conflict.
fn increment<S: Subject>(
    rig: &Rig<'_, S>,
    store: &Connection<'_, S>,
    stored: &Stored,
) -> Result<(), Stop> {
    // Every refused attempt means that another thread has made progress.
    for _ in 0..=THREADS * ROUNDS {
        let loaded = store.loaded(&stored.handle)?;
        let n = loaded.record.data().get::<usize>("n")?.unwrap_or_default();
        let next = rig.record_of(stored.record.id(), &format!(r#"{{"n":{}}}"#, n + 1))?;
        if let Saved::Done { .. } = store.save(&next, Expected::Version(&loaded.version), LONG)? {
            return Ok(());
        }
    }
    Err(Stop::broken(
        "a save that succeeds after all others are done",
        "Saved::Conflict every time",
    ))
}

/// Creates a record for each round and returns it with its version.
fn versioned<S: Subject>(
    rig: &Rig<'_, S>,
    store: &Connection<'_, S>,
) -> Result<Vec<(Stored, Version)>, Stop> {
    let one = |n| {
        let stored = store.create(rig.record(&format!(r#"{{"n":{n}}}"#))?)?;
        let version = store.loaded(&stored.handle)?.version;
        Ok((stored, version))
    };
    (0..ROUNDS).map(one).collect()
}

/// Returns, for each id, one record per thread. They are created in advance, so that a round
/// consists of nothing but the store's work.
fn by_each<'a, S: Subject>(
    rig: &Rig<'_, S>,
    ids: impl Iterator<Item = &'a SessionId>,
) -> Result<Vec<Vec<Record>>, Stop> {
    let by = |id, number| rig.record_of(id, &format!(r#"{{"by":{number}}}"#));
    ids.map(|id| (0..THREADS).map(|number| by(id, number)).collect())
        .collect()
}

/// Returns the only thread whose save succeeded, with the handle. Stops the check unless it is
/// exactly one.
fn winner<'a>(ends: &'a [Saved], of: &str) -> Result<(usize, &'a str), Stop> {
    let done = |(number, end): (usize, &'a Saved)| match end {
        Saved::Done { handle, .. } => Some((number, handle.as_str())),
        Saved::Conflict(_) => None,
    };
    let winners: Vec<_> = ends.iter().enumerate().filter_map(done).collect();
    expect_with(
        winners.len() == 1,
        format!(
            "Saved::Done for exactly one of {} simultaneous saves of {of}",
            ends.len()
        ),
        || format!("Saved::Done for {}", winners.len()),
    )?;
    Ok(winners[0])
}

const THREADS: usize = 4;
const ROUNDS: usize = 16;
/// More saves than fit into the time of one destroy.
const SAVES: usize = 40;
