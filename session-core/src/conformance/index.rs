//! The index of owners misses no live session.

use super::check::{Stop, expect};
use super::fleet::Fleet;
use super::rig::{Connection, LONG};
use super::threads::in_step;
use super::{Rig, Subject};
use crate::{Driver as _, Expected, Record, Saved, SessionId, Touched};

pub(super) fn owned_record_is_listed<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let owner = new_owner()?;
    let records = [owned(rig, &owner)?, owned(rig, &owner)?];
    for record in &records {
        store.saved(record, Expected::Absent, LONG)?;
    }
    expect_listed(&other, &owner, &records, "after their saves")
}

pub(super) fn owner_may_be_any_text<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let unique = new_owner()?;
    let long = "x".repeat(100_000);
    let texts = [
        "", " ", "a:b", "{a}", "%_*?", "'\"\\`", "\r\n\0", "é😀", &long,
    ];
    let owners = texts.map(|text| format!("{text}{unique}{text}"));
    let mut records = Vec::new();
    for owner in &owners {
        let record = owned(rig, owner)?;
        store.saved(&record, Expected::Absent, LONG)?;
        records.push(record);
    }
    // The empty text, which nothing makes unique.
    let empty = owned(rig, "")?;
    store.saved(&empty, Expected::Absent, LONG)?;
    expect_listed(&store, "", &[empty], "of the empty owner")?;
    for (record, owner) in records.into_iter().zip(&owners) {
        let when = format!("of an owner with {} bytes", owner.len());
        expect_listed(&store, owner, &[record], &when)?;
        // Owners are compared exactly.
        let other = format!("{owner} ");
        let listed = list(&store, &other)?;
        expect(
            listed.is_empty(),
            "no sessions of an owner without any",
            &listed,
        )?;
    }
    Ok(())
}

pub(super) fn changed_owner_is_listed<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let (first, second) = (new_owner()?, new_owner()?);
    let stored = store.create(rig.record("{}")?)?;
    for owner in [&first, &second] {
        let version = store.loaded(&stored.handle)?.version;
        let record = stored.record.clone().with_owner(Some(owner));
        store.saved(&record, Expected::Version(&version), LONG)?;
        expect_listed(&store, owner, &[record], "after its owner changed")?;
    }
    Ok(())
}

pub(super) fn extended_record_stays_listed<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    rig.paced(|store, grain| {
        let owner = new_owner()?;
        let short = grain * 4;
        let records = [owned(rig, &owner)?, owned(rig, &owner)?];
        for (number, record) in records.iter().enumerate() {
            let saved = store.save(record, Expected::Absent, short)?;
            let Saved::Done { version, .. } = saved else {
                return Err(Stop::broken(
                    "Saved::Done for a new id",
                    format!("{saved:?}"),
                ));
            };
            let is_touched = number == 0
                && store.run(store.driver.touch(record, &version, LONG))? == Touched::Done;
            if !is_touched {
                store.saved(record, Expected::Version(&version), LONG)?;
            }
        }
        rig.pass(short + grain);
        // A driver may tidy up whenever it saves.
        let another = owned(rig, &owner)?;
        store.saved(&another, Expected::Absent, LONG)?;
        expect_listed(
            store,
            &owner,
            &records,
            "after a touch and a save extended their lives",
        )
    })
}

pub(super) fn destroy_leaves_other_records_listed<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let owner = new_owner()?;
    let (kept, ended) = (owned(rig, &owner)?, owned(rig, &owner)?);
    for record in [&kept, &ended] {
        store.saved(record, Expected::Absent, LONG)?;
    }
    store.destroy(ended.id())?;
    let kept = [kept];
    expect_listed(&other, &owner, &kept, "after another one was destroyed")?;
    store.saved(&ended, Expected::Absent, LONG)?;
    expect_listed(&other, &owner, &kept, "after another one was stored again")?;
    expect_listed(&other, &owner, &[ended], "after it was stored again")
}

pub(super) fn many_sessions_are_listed<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let stores = rig.connections(THREADS);
    let owner = new_owner()?;
    in_step(&stores, 1, |_, _, store| {
        for _ in 0..MANY / THREADS {
            store.saved(&owned(rig, &owner)?, Expected::Absent, LONG)?;
        }
        Ok(())
    })?;
    let listed = list(&stores[0], &owner)?.len();
    expect(
        listed >= MANY,
        format_args!("{MANY} sessions of one owner"),
        listed,
    )
}

/// Users log in, log out and get new ids, while somebody lists the sessions of their owner.
pub(super) fn list_misses_no_session_that_changes<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let fleet = Fleet::with(rig, 2, |builder| builder.owner_key("user"))?;
    rig.for_a_while(|| {
        let owner = new_owner()?;
        let log_in = || fleet.begin(|session| session.put("user", owner.as_str()));
        let tokens = (0..WORKERS)
            .map(|_| log_in())
            .collect::<Result<Vec<_>, _>>()?;
        in_step(&[(); WORKERS + 1], 1, |_, number, ()| {
            let Some(token) = tokens.get(number) else {
                for _ in 0..CHANGES {
                    let found = fleet.sessions_of(1, &owner)?;
                    expect(
                        found >= WORKERS,
                        format_args!("{WORKERS} sessions that live all the time"),
                        found,
                    )?;
                }
                return Ok(());
            };
            let mut token = token.clone();
            for _ in 0..CHANGES {
                let brief = log_in()?;
                let session = fleet.open(0, &token)?;
                session.regenerate()?;
                token = fleet.commit(0, &session)?.unwrap_or(token);
                fleet.log_out(0, &brief)?;
            }
            Ok(())
        })?;
        Ok(())
    })
}

/// Sessions that get new ids meanwhile do not escape.
pub(super) fn revoking_all_ends_every_session<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::with(rig, 2, |builder| builder.owner_key("user"))?;
    rig.for_a_while(|| {
        let owner = new_owner()?;
        let log_in = || fleet.begin(|session| session.put("user", owner.as_str()));
        let tokens = (0..WORKERS)
            .map(|_| log_in())
            .collect::<Result<Vec<_>, _>>()?;
        let ends = in_step(&[(); WORKERS + 1], 1, |_, number, ()| {
            let Some(token) = tokens.get(number) else {
                fleet.revoke_all_of(1, &owner)?;
                return Ok(None);
            };
            let mut token = token.clone();
            for _ in 0..CHANGES {
                let session = fleet.open(0, &token)?;
                if session.is_new() {
                    break;
                }
                session.regenerate()?;
                match fleet.commit(0, &session)? {
                    Some(next) => token = next,
                    None => break,
                }
            }
            Ok(Some(token))
        })?;
        for token in ends.iter().flatten().flatten() {
            fleet.expect_new(0, token, "after all sessions of its owner were ended")?;
        }
        let left = fleet.sessions_of(0, &owner)?;
        expect(left == 0, "no session of the owner", left)
    })
}

pub(super) fn new_owner() -> Result<String, Stop> {
    Ok(format!("owner {}", SessionId::random()?.as_str()))
}

pub(super) fn owned<S: Subject>(rig: &Rig<'_, S>, owner: &str) -> Result<Record, Stop> {
    Ok(rig.record(r#"{"a":1}"#)?.with_owner(Some(owner)))
}

fn list<S: Subject>(store: &Connection<'_, S>, owner: &str) -> Result<Vec<SessionId>, Stop> {
    let listed = store.run(store.driver.owned_by(owner))?;
    listed.ok_or_else(|| Stop::broken("Ok(Some(…)) from owned_by", "Ok(None)"))
}

fn expect_listed<S: Subject>(
    store: &Connection<'_, S>,
    owner: &str,
    records: &[Record],
    when: &str,
) -> Result<(), Stop> {
    let listed = list(store, owner)?;
    let missing = records
        .iter()
        .filter(|record| !listed.contains(record.id()));
    let missing = missing.count();
    expect(
        missing == 0,
        format_args!("{} sessions in the list {when}", records.len()),
        format_args!("a list without {missing} of them"),
    )
}

const THREADS: usize = 10;
const MANY: usize = 10_000;
/// How many sessions live all the time.
const WORKERS: usize = 7;
const CHANGES: usize = 9;
