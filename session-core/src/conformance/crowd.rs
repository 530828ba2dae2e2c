//! The index of owners in a crowd: many users who change their sessions at the same time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::check::{Stop, expect};
use super::fleet::Fleet;
use super::index::{new_owner, owned};
use super::threads::in_step;
use super::{Rig, Subject};
use crate::Expected;

/// Many users log in, log out and get new ids, and sessions end, while somebody lists those of their owner.
pub(super) fn list_misses_no_session_in_a_crowd<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::with(rig, 2, |builder| builder.owner_key("user"))?;
    let store = rig.connect();
    let owner = new_owner()?;
    let log_in = |number: Option<usize>| {
        fleet.begin(|session| {
            session.put("user", owner.as_str())?;
            session.put(NUMBER, number)
        })
    };
    let tokens = (0..CROWD)
        .map(|number| log_in(Some(number)))
        .collect::<Result<Vec<_>, _>>()?;
    let busy = AtomicUsize::new(CROWD);
    in_step(&[(); CROWD + 1], 1, |_, number, ()| {
        let Some(token) = tokens.get(number) else {
            // Once more after the last change.
            let mut is_over = false;
            while !std::mem::replace(&mut is_over, busy.load(Ordering::Acquire) == 0) {
                // Some of the brief ones end.
                rig.pass(BRIEF * 2);
                // Whoever got a new id meanwhile may be in the list twice.
                let found: BTreeSet<usize> = fleet.numbers_of(1, &owner, NUMBER)?;
                expect(
                    found.len() == CROWD,
                    format_args!("{CROWD} sessions that live all the time"),
                    found.len(),
                )?;
            }
            return Ok(());
        };
        let _done = Done(&busy);
        let mut token = token.clone();
        for _ in 0..CROWD_CHANGES {
            let brief = log_in(None)?;
            store.saved(&owned(rig, &owner)?, Expected::Absent, BRIEF)?;
            let session = fleet.open(0, &token)?;
            session.regenerate()?;
            token = fleet.commit(0, &session)?.unwrap_or(token);
            fleet.log_out(0, &brief)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// A crowd logs in, logs out and gets new ids, and sessions end, while all sessions of the owner are ended. What is left
/// logged in during the call.
pub(super) fn revoking_all_ends_every_session_in_a_crowd<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let fleet = Fleet::with(rig, 2, |builder| builder.owner_key("user"))?;
    let store = rig.connect();
    let owner = new_owner()?;
    let (numbers, logins) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let is_called = AtomicBool::new(false);
    let log_in = || {
        let mut login = Login {
            number: numbers.fetch_add(1, Ordering::Relaxed),
            ..Login::default()
        };
        login.tokens.push(fleet.begin(|session| {
            session.put("user", owner.as_str())?;
            session.put(NUMBER, login.number)
        })?);
        logins.fetch_add(1, Ordering::AcqRel);
        login.is_before = !is_called.load(Ordering::Acquire);
        Ok::<_, Stop>(login)
    };
    let firsts = (0..CROWD)
        .map(|_| log_in())
        .collect::<Result<Vec<_>, _>>()?;
    let busy = AtomicUsize::new(CROWD);
    let all = in_step(&[(); CROWD + 1], 1, |_, number, ()| {
        let Some(first) = firsts.get(number) else {
            // In the middle of the crowd. It ends early if users fail.
            while logins.load(Ordering::Acquire) < CROWD * 3 && busy.load(Ordering::Acquire) > 0 {
                thread::yield_now();
            }
            // Some of the brief ones end.
            rig.pass(BRIEF * 2);
            is_called.store(true, Ordering::Release);
            fleet.revoke_all_of(1, &owner)?;
            return Ok(Vec::new());
        };
        let _done = Done(&busy);
        let mut mine = vec![first.clone()];
        for _ in 0..CROWD_CHANGES {
            mine.push(log_in()?);
            let brief = log_in()?;
            store.saved(&owned(rig, &owner)?, Expected::Absent, BRIEF)?;
            let session = fleet.open(0, mine[0].token())?;
            if !session.is_new() {
                session.regenerate()?;
                mine[0].tokens.extend(fleet.commit(0, &session)?);
            }
            let session = fleet.open(0, brief.token())?;
            session.destroy()?;
            fleet.commit(0, &session)?;
        }
        Ok(mine)
    })?;
    let all: Vec<_> = all.into_iter().flatten().flatten().collect();
    for token in all
        .iter()
        .filter(|login| login.is_before)
        .flat_map(|login| &login.tokens)
    {
        fleet.expect_new(0, token, "after all sessions of its owner were ended")?;
    }
    let left = fleet.numbers_of(0, &owner, NUMBER)?;
    let younger = all.iter().filter(|login| !login.is_before);
    let younger = younger.map(|login| login.number).collect();
    let older = left.difference(&younger).count();
    expect(
        older == 0,
        "no session in the list that is older than the call",
        older,
    )
}

/// A session, with every token that it had.
#[derive(Clone, Default)]
struct Login {
    number: usize,
    tokens: Vec<String>,
    /// Whether it was acknowledged before all sessions were ended.
    is_before: bool,
}

impl Login {
    fn token(&self) -> &str {
        self.tokens.last().map_or("", String::as_str)
    }
}

/// Counts down when a user is done, even after a failure.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How many users change their sessions while somebody lists or ends them.
const CROWD: usize = 64;
const CROWD_CHANGES: usize = 3;
/// The key under which each of them has a number.
const NUMBER: &str = "number";
/// The life of a session that is left to expire.
const BRIEF: Duration = Duration::from_millis(5);
