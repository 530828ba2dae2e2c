//! A login is never undone: what users see when a request comes late with the id from before.

use std::time::Duration;

use super::check::{Stop, expect};
use super::expiry::pass_the_end;
use super::fleet::Fleet;
use super::threads::in_step;
use super::{Rig, Subject};

pub(super) fn straggler_does_not_undo_a_login<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, 2)?;
    let guest = fleet.begin(|session| session.put("cart", 3))?;
    let slow = fleet.open(0, &guest)?;
    let user = fleet.log_in(1, &fleet.open(1, &guest)?)?;
    slow.put("late", true)?;
    fleet.expect_dropped(0, &slow, "that began before a login and ended after it")?;
    for server in [0, 1] {
        fleet.expect_new(server, &guest, "under the old id")?;
        let straggler = fleet.open(server, &guest)?;
        let seen = straggler.keys();
        expect(seen.is_empty(), "no data under the old id", &seen)?;
        straggler.put("late", true)?;
        fleet.expect_dropped(server, &straggler, "that came with the old id")?;
    }
    let session = fleet.open(0, &user)?;
    let seen = (
        session.get::<u8>("cart")?,
        session.get::<u8>("user")?,
        session.has("late"),
    );
    expect(
        seen == (Some(3), Some(42), false),
        "the cart and the user under the new id, and no late write",
        seen,
    )
}

/// Two clicks on "log in" that overlap, and a third that comes later with the same cookie.
pub(super) fn second_login_gets_its_own_session<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, 2)?;
    let guest = fleet.begin(|session| session.put("cart", 3))?;
    let clicks = [fleet.open(0, &guest)?, fleet.open(1, &guest)?];
    let users = [
        fleet.log_in(0, &clicks[0])?,
        fleet.log_in(1, &clicks[1])?,
        fleet.log_in(1, &fleet.open(1, &guest)?)?,
    ];
    for (user, cart) in users.iter().zip([Some(3), Some(3), None]) {
        let session = fleet.open(0, user)?;
        let seen = (session.get::<u8>("user")?, session.get::<u8>("cart")?);
        expect(
            seen == (Some(42), cart),
            "a session of its own for each of three logins, the last without the guest's data",
            seen,
        )?;
    }
    let [first, second, third] = &users;
    expect(
        first != second && first != third && second != third,
        "three different sessions",
        "the same session twice",
    )
}

pub(super) fn old_id_is_unknown_after_the_grace<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let grace = MIN_GRACE.max(rig.subject.grain());
    let fleet = Fleet::with(rig, 1, |builder| builder.grace(grace))?;
    let guest = fleet.begin(|session| session.put("cart", 3))?;
    let user = fleet.log_in(0, &fleet.open(0, &guest)?)?;
    pass_the_end(rig, grace);
    let late = fleet.open(0, &guest)?;
    expect(late.is_new(), "a new session", "the old session")?;
    late.put("late", true)?;
    let token = fleet.commit(0, &late)?;
    expect(
        token.is_some_and(|token| token != guest && token != user),
        "a new session with a new id for the old id after the grace period",
        "no cookie, or one with an existing id",
    )
}

pub(super) fn regenerate_keeps_parallel_writes<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, 2)?;
    rig.for_a_while(|| {
        let guests = fleet.begin_each(ROUNDS)?;
        let ends = in_step(&[(); 2], ROUNDS, |round, number, ()| {
            let session = fleet.open(number, &guests[round])?;
            if number == 0 {
                return fleet.log_in(0, &session).map(Some);
            }
            session.put("written", true)?;
            fleet.commit(number, &session)
        })?;
        for (guest, ends) in guests.iter().zip(&ends) {
            let [Some(user), written] = &ends[..] else {
                return Err(Stop::broken("a cookie with the new id", "none"));
            };
            fleet.expect_new(0, guest, "under the old id")?;
            let session = fleet.open(1, user)?;
            expect(
                session.has("user"),
                "the data under the new id",
                "a session without data",
            )?;
            // Only an acknowledged write sets a cookie.
            expect(
                written.is_none() || session.has("written"),
                "the acknowledged write under the new id",
                "a session without the write",
            )?;
        }
        Ok(())
    })
}

/// A manager keeps a moved record for at least so long.
const MIN_GRACE: Duration = Duration::from_secs(1);
const ROUNDS: usize = 16;
