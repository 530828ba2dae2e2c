//! What users see of a driver: sessions that a manager opens and commits.

use std::time::Duration;

use super::check::{Stop, expect};
use super::fleet::Fleet;
use super::threads::in_step;
use super::{Rig, Subject};
use crate::Renewal;

pub(super) fn session_continues_across_requests<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, 1)?;
    let token = fleet.begin(|session| {
        session.put("name", "Zoë 🦀")?;
        session.flash("notice", "Saved!")
    })?;
    let second = fleet.open(0, &token)?;
    let seen = (
        second.get::<String>("name")?,
        second.get_flash::<String>("notice")?,
    );
    expect(
        seen == (Some("Zoë 🦀".to_owned()), Some("Saved!".to_owned())),
        "the data and the flash of the previous request",
        &seen,
    )?;
    // The flash is consumed, so this request either sets a cookie or changes the stored record.
    let token = fleet.commit(0, &second)?.unwrap_or(token);
    let third = fleet.open(0, &token)?;
    let seen = (third.get::<String>("name")?, third.has_flash("notice"));
    expect(
        seen == (Some("Zoë 🦀".to_owned()), false),
        "the data, and no flash",
        &seen,
    )
}

pub(super) fn reading_renews_a_session<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    rig.paced(|_, grain| {
        let fleet = Fleet::with(rig, 1, |builder| {
            builder.lifetime(grain * 10).renewal(Renewal::OnUse)
        })?;
        let token = fleet.begin(|session| session.put("user", 42))?;
        rig.pass(grain * 6);
        let reader = fleet.open(0, &token)?;
        expect(
            !reader.is_new(),
            "a live session after more than half its lifetime",
            "a new one",
        )?;
        let token = fleet.commit(0, &reader)?.ok_or_else(|| {
            Stop::broken(
                "a cookie for a session that was read after more than half its lifetime",
                "none",
            )
        })?;
        rig.pass(grain * 6);
        let session = fleet.open(0, &token)?;
        expect(
            session.get::<u8>("user")? == Some(42),
            "a session that was renewed by reading",
            "a new one",
        )
    })
}

pub(super) fn session_ends_after_its_lifetime<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let grain = rig.subject.grain();
    let fleet = Fleet::with(rig, 1, |builder| builder.lifetime(grain * 2))?;
    let token = fleet.begin(|session| session.put("user", 42))?;
    rig.pass(grain * 3 + Duration::from_millis(1));
    fleet.expect_new(0, &token, "after the session's lifetime")
}

pub(super) fn logout_is_final<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, 2)?;
    let token = fleet.begin(|session| session.put("user", 42))?;
    let slow = fleet.open(0, &token)?;
    fleet.log_out(1, &token)?;
    fleet.expect_new(1, &token, "after the logout")?;
    fleet.expect_new(0, &token, "after a logout on another server")?;
    slow.put("late", true)?;
    fleet.expect_dropped(0, &slow, "that ended after the logout")?;
    fleet.expect_new(0, &token, "after the logout and a late write")
}

pub(super) fn overlapping_requests_are_merged<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, 2)?;
    let token = fleet.begin(|session| session.put("n", 0))?;
    let requests = [fleet.open(0, &token)?, fleet.open(1, &token)?];
    for (request, key) in requests.iter().zip(["a", "b"]) {
        request.put(key, 1)?;
        request.update("n", 0, |n: u8| n + 1)?;
    }
    fleet.commit(0, &requests[0])?;
    fleet.commit(1, &requests[1])?;
    let session = fleet.open(0, &token)?;
    let seen = (
        session.get::<u8>("a")?,
        session.get::<u8>("b")?,
        session.get::<u8>("n")?,
    );
    expect(
        seen == (Some(1), Some(1), Some(2)),
        "the changes of both overlapping requests",
        seen,
    )
}

/// Both requests consume the flash. One of them flashes the same text again.
pub(super) fn flash_survives_an_overlapping_request<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, 2)?;
    let token = fleet.begin(|session| session.flash("notice", "Saved!"))?;
    let (first, second) = (fleet.open(0, &token)?, fleet.open(1, &token)?);
    first.flash("notice", "Saved!")?;
    fleet.commit(0, &first)?;
    fleet.commit(1, &second)?;
    let seen = fleet.open(0, &token)?.get_flash::<String>("notice")?;
    expect(
        seen.is_some(),
        "the flash of the first of two overlapping requests",
        &seen,
    )
}

pub(super) fn parallel_updates_of_a_counter_are_exact<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, THREADS)?;
    rig.for_a_while(|| {
        let token = fleet.begin(|session| session.put("n", 0))?;
        in_step(&[(); THREADS], ROUNDS, |_, number, ()| {
            let session = fleet.open(number, &token)?;
            session.update("n", 0, |n: usize| n + 1)?;
            fleet.commit(number, &session)
        })?;
        let n = fleet.open(0, &token)?.get::<usize>("n")?;
        expect(
            n == Some(THREADS * ROUNDS),
            format_args!("a counter of {} after as many requests", THREADS * ROUNDS),
            n,
        )
    })
}

pub(super) fn logout_wins_against_parallel_requests<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, THREADS)?;
    rig.for_a_while(|| {
        let tokens = fleet.begin_each(ROUNDS)?;
        in_step(&[(); THREADS], ROUNDS, |round, number, ()| {
            if number == 0 {
                return fleet.log_out(0, &tokens[round]);
            }
            for n in 0..MOST_REQUESTS {
                let session = fleet.open(number, &tokens[round])?;
                if session.is_new() {
                    break;
                }
                session.put("n", n)?;
                fleet.commit(number, &session)?;
            }
            Ok(())
        })?;
        let when = "after a logout and simultaneous writes";
        tokens
            .iter()
            .try_for_each(|token| fleet.expect_new(0, token, when))
    })
}

const THREADS: usize = 4;
const ROUNDS: usize = 16;
const MOST_REQUESTS: usize = 20;
