//! What users see of a driver: sessions that a manager opens and commits.

use std::time::Duration;

use super::check::{Stop, expect};
use super::rig::LONG;
use super::threads::in_step;
use super::{Rig, Subject};
use crate::{Outcome, Secret, Session, SessionManager};

pub(super) fn session_continues_across_requests<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, LONG, 1)?;
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
        let fleet = Fleet::new(rig, grain * 10, 1)?;
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
    let fleet = Fleet::new(rig, grain * 2, 1)?;
    let token = fleet.begin(|session| session.put("user", 42))?;
    rig.pass(grain * 3 + Duration::from_millis(1));
    fleet.expect_new(0, &token, "after the session's lifetime")
}

pub(super) fn logout_is_final<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, LONG, 2)?;
    let token = fleet.begin(|session| session.put("user", 42))?;
    let slow = fleet.open(0, &token)?;
    fleet.log_out(1, &token)?;
    fleet.expect_new(1, &token, "after the logout")?;
    fleet.expect_new(0, &token, "after a logout on another server")?;
    slow.put("late", true)?;
    fleet.expect_dropped(0, &slow, "that ended after the logout")?;
    fleet.expect_new(0, &token, "after the logout and a late write")
}

pub(super) fn old_id_stays_invalid<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, LONG, 2)?;
    let guest = fleet.begin(|session| session.put("cart", 3))?;
    let slow = fleet.open(0, &guest)?;
    let login = fleet.open(1, &guest)?;
    login.regenerate()?;
    login.put("user", 42)?;
    let user = fleet
        .commit(1, &login)?
        .ok_or_else(|| Stop::broken("a cookie with the new id", "none"))?;
    fleet.expect_new(0, &guest, "under the old id")?;
    slow.put("late", true)?;
    fleet.expect_dropped(0, &slow, "under the old id")?;
    fleet.expect_new(1, &guest, "under the old id, after a late write")?;
    let session = fleet.open(0, &user)?;
    let seen = (
        session.get::<u8>("cart")?,
        session.get::<u8>("user")?,
        session.has("late"),
    );
    expect(
        seen == (Some(3), Some(42), false),
        "the cart and the user under the new id",
        seen,
    )
}

pub(super) fn overlapping_requests_are_merged<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, LONG, 2)?;
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
    let fleet = Fleet::new(rig, LONG, 2)?;
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
    let fleet = Fleet::new(rig, LONG, THREADS)?;
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
    let fleet = Fleet::new(rig, LONG, THREADS)?;
    rig.for_a_while(|| {
        let tokens = fleet.begin_each_round()?;
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

pub(super) fn regenerate_keeps_parallel_writes<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let fleet = Fleet::new(rig, LONG, 2)?;
    rig.for_a_while(|| {
        let tokens = fleet.begin_each_round()?;
        let ends = in_step(&[(); 2], ROUNDS, |round, number, ()| {
            let session = fleet.open(number, &tokens[round])?;
            match number {
                0 => session.regenerate()?,
                _ => session.put("written", true)?,
            }
            fleet.commit(number, &session)
        })?;
        for (guest, ends) in tokens.iter().zip(&ends) {
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
            // A request that came after the regenerate wrote to a new session, under the id in its
            // own cookie.
            let is_into_the_old = written
                .as_ref()
                .is_some_and(|token| id_of(token) == id_of(guest));
            let expected = "the acknowledged write under the new id";
            expect(
                !is_into_the_old || session.has("written"),
                expected,
                "a session without the write",
            )?;
        }
        Ok(())
    })
}

/// Several servers with the same store.
struct Fleet<'a, S> {
    rig: &'a Rig<'a, S>,
    servers: Vec<SessionManager>,
}

impl<'a, S: Subject> Fleet<'a, S> {
    fn new(rig: &'a Rig<'a, S>, lifetime: Duration, servers: usize) -> Result<Self, Stop> {
        let secret = Secret::generate()?;
        let servers = (0..servers)
            .map(|_| rig.manager(&secret, lifetime))
            .collect();
        Ok(Self { rig, servers })
    }

    /// Creates a session on the first server and returns its token.
    fn begin(
        &self,
        act: impl FnOnce(&Session) -> Result<(), crate::Error>,
    ) -> Result<String, Stop> {
        let session = self.rig.subject.block_on(self.servers[0].open(None))?;
        act(&session)?;
        let token = self.commit(0, &session)?;
        token.ok_or_else(|| Stop::broken("a cookie for a new session", "none"))
    }

    /// Creates a session for each round and returns the tokens.
    fn begin_each_round(&self) -> Result<Vec<String>, Stop> {
        (0..ROUNDS)
            .map(|_| self.begin(|session| session.put("user", 42)))
            .collect()
    }

    fn open(&self, server: usize, token: &str) -> Result<Session, Stop> {
        let session = self
            .rig
            .subject
            .block_on(self.servers[server].open([token]))?;
        expect(
            session.is_available(),
            "an available session, since the store is available",
            "an unavailable one",
        )?;
        Ok(session)
    }

    /// Commits a session and returns the token that the response sets.
    fn commit(&self, server: usize, session: &Session) -> Result<Option<String>, Stop> {
        let outcome = self
            .rig
            .subject
            .block_on(self.servers[server].commit(session))?;
        Ok(match outcome {
            Outcome::Set(token) => Some(token.as_str().to_owned()),
            Outcome::Keep | Outcome::Clear => None,
        })
    }

    fn log_out(&self, server: usize, token: &str) -> Result<(), Stop> {
        let session = self.open(server, token)?;
        expect(!session.is_new(), "a session to log out of", "a new one")?;
        session.destroy()?;
        self.commit(server, &session).map(drop)
    }

    fn expect_new(&self, server: usize, token: &str, when: &str) -> Result<(), Stop> {
        let is_new = self.open(server, token)?.is_new();
        expect(
            is_new,
            format_args!("a new session {when}"),
            "the old session",
        )
    }

    fn expect_dropped(&self, server: usize, slow: &Session, which: &str) -> Result<(), Stop> {
        let token = self.commit(server, slow)?;
        expect(
            token.is_none(),
            format_args!("no cookie from a request {which}"),
            "one",
        )
    }
}

/// Returns the handle, which is the id for a server-side store.
fn id_of(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(handle, _)| handle)
}

const THREADS: usize = 4;
const ROUNDS: usize = 16;
const MOST_REQUESTS: usize = 20;
