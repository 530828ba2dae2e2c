//! What users see of a driver: sessions that a manager opens and commits.

use std::time::Duration;

use super::check::{Stop, expect};
use super::stage::LONG;
use super::threads::in_step;
use super::{Stage, Subject};
use crate::{Outcome, Secret, Session, SessionManager};

pub(super) fn a_session_goes_on_from_request_to_request<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let site = Site::new(stage, LONG, 1)?;
    let token = site.begin(|session| {
        session.put("name", "Zoë 🦀")?;
        session.flash("notice", "Saved!")
    })?;
    let second = site.open(0, &token)?;
    let seen = (
        second.get::<String>("name")?,
        second.get_flash::<String>("notice")?,
    );
    expect(
        seen == (Some("Zoë 🦀".to_owned()), Some("Saved!".to_owned())),
        "what was put and flashed",
        &seen,
    )?;
    // Flash ages, so that this request sets a cookie, or changes what the old one stands for.
    let token = site.commit(0, &second)?.unwrap_or(token);
    let third = site.open(0, &token)?;
    let seen = (third.get::<String>("name")?, third.has_flash("notice"));
    expect(
        seen == (Some("Zoë 🦀".to_owned()), false),
        "what was put, and no flash any more",
        &seen,
    )
}

pub(super) fn a_session_that_is_only_read_is_renewed<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    stage.paced(|_, grain| {
        let site = Site::new(stage, grain * 10, 1)?;
        let token = site.begin(|session| session.put("user", 42))?;
        stage.pass(grain * 6);
        let reader = site.open(0, &token)?;
        expect(
            !reader.is_new(),
            "a session that lives after half its lifetime",
            "a new one",
        )?;
        let token = site.commit(0, &reader)?.ok_or_else(|| {
            Stop::broken(
                "a cookie for a session that was read in the second half of its life",
                "none",
            )
        })?;
        stage.pass(grain * 6);
        let session = site.open(0, &token)?;
        expect(
            session.get::<u8>("user")? == Some(42),
            "a session that was renewed by reading",
            "a new one",
        )
    })
}

pub(super) fn a_session_ends_after_its_lifetime<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let grain = stage.subject.grain();
    let site = Site::new(stage, grain * 2, 1)?;
    let token = site.begin(|session| session.put("user", 42))?;
    stage.pass(grain * 3 + Duration::from_millis(1));
    site.expect_new(0, &token, "after the session's lifetime")
}

pub(super) fn a_logout_is_final<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let site = Site::new(stage, LONG, 2)?;
    let token = site.begin(|session| session.put("user", 42))?;
    let slow = site.open(0, &token)?;
    site.log_out(1, &token)?;
    site.expect_new(1, &token, "after the logout")?;
    site.expect_new(0, &token, "after the logout on another server")?;
    slow.put("late", true)?;
    site.expect_dropped(0, &slow, "that ended after the logout")?;
    site.expect_new(0, &token, "after the logout and a late write")
}

pub(super) fn an_old_id_is_final<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let site = Site::new(stage, LONG, 2)?;
    let guest = site.begin(|session| session.put("cart", 3))?;
    let slow = site.open(0, &guest)?;
    let login = site.open(1, &guest)?;
    login.regenerate()?;
    login.put("user", 42)?;
    let user = site
        .commit(1, &login)?
        .ok_or_else(|| Stop::broken("a cookie with the new id", "none"))?;
    site.expect_new(0, &guest, "under the old id")?;
    slow.put("late", true)?;
    site.expect_dropped(0, &slow, "under the old id")?;
    site.expect_new(1, &guest, "under the old id, after a late write")?;
    let session = site.open(0, &user)?;
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

pub(super) fn overlapping_requests_are_merged<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let site = Site::new(stage, LONG, 2)?;
    let token = site.begin(|session| session.put("n", 0))?;
    let requests = [site.open(0, &token)?, site.open(1, &token)?];
    for (request, key) in requests.iter().zip(["a", "b"]) {
        request.put(key, 1)?;
        request.update("n", 0, |n: u8| n + 1)?;
    }
    site.commit(0, &requests[0])?;
    site.commit(1, &requests[1])?;
    let session = site.open(0, &token)?;
    let seen = (
        session.get::<u8>("a")?,
        session.get::<u8>("b")?,
        session.get::<u8>("n")?,
    );
    expect(
        seen == (Some(1), Some(1), Some(2)),
        "what both of two overlapping requests wrote",
        seen,
    )
}

/// Both see the flash and use it up; one of them flashes the same again.
pub(super) fn flash_of_an_overlapping_request_survives<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let site = Site::new(stage, LONG, 2)?;
    let token = site.begin(|session| session.flash("notice", "Saved!"))?;
    let (first, second) = (site.open(0, &token)?, site.open(1, &token)?);
    first.flash("notice", "Saved!")?;
    site.commit(0, &first)?;
    site.commit(1, &second)?;
    let seen = site.open(0, &token)?.get_flash::<String>("notice")?;
    expect(
        seen.is_some(),
        "the flash of a request that another one overlapped",
        &seen,
    )
}

pub(super) fn counters_of_parallel_requests_are_exact<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let site = Site::new(stage, LONG, THREADS)?;
    stage.for_a_while(|| {
        let token = site.begin(|session| session.put("n", 0))?;
        in_step(&[(); THREADS], ROUNDS, |_, number, ()| {
            let session = site.open(number, &token)?;
            session.update("n", 0, |n: usize| n + 1)?;
            site.commit(number, &session)
        })?;
        let n = site.open(0, &token)?.get::<usize>("n")?;
        expect(
            n == Some(THREADS * ROUNDS),
            format_args!("{} visits of as many requests", THREADS * ROUNDS),
            n,
        )
    })
}

pub(super) fn a_logout_beats_parallel_requests<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let site = Site::new(stage, LONG, THREADS)?;
    stage.for_a_while(|| {
        let tokens = site.begin_each_round()?;
        in_step(&[(); THREADS], ROUNDS, |round, number, ()| {
            if number == 0 {
                return site.log_out(0, &tokens[round]);
            }
            for n in 0..MOST_REQUESTS {
                let session = site.open(number, &tokens[round])?;
                if session.is_new() {
                    break;
                }
                session.put("n", n)?;
                site.commit(number, &session)?;
            }
            Ok(())
        })?;
        let when = "after a logout and writes at the same time";
        tokens
            .iter()
            .try_for_each(|token| site.expect_new(0, token, when))
    })
}

pub(super) fn a_new_id_loses_no_parallel_write<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let site = Site::new(stage, LONG, 2)?;
    stage.for_a_while(|| {
        let tokens = site.begin_each_round()?;
        let ends = in_step(&[(); 2], ROUNDS, |round, number, ()| {
            let session = site.open(number, &tokens[round])?;
            match number {
                0 => session.regenerate()?,
                _ => session.put("written", true)?,
            }
            site.commit(number, &session)
        })?;
        for (guest, ends) in tokens.iter().zip(&ends) {
            let [Some(user), written] = &ends[..] else {
                return Err(Stop::broken("a cookie with the new id", "none"));
            };
            site.expect_new(0, guest, "under the old id")?;
            let session = site.open(1, user)?;
            expect(
                session.has("user"),
                "the data under the new id",
                "a session without them",
            )?;
            // Who came after the new id wrote into a new session of its own: its cookie carries that.
            let is_into_the_old = written
                .as_ref()
                .is_some_and(|token| id_of(token) == id_of(guest));
            let expected = "under the new id, the write that was answered with a cookie";
            expect(
                !is_into_the_old || session.has("written"),
                expected,
                "a session without it",
            )?;
        }
        Ok(())
    })
}

/// A service of several servers on one store.
struct Site<'a, S> {
    stage: &'a Stage<'a, S>,
    servers: Vec<SessionManager>,
}

impl<'a, S: Subject> Site<'a, S> {
    fn new(stage: &'a Stage<'a, S>, lifetime: Duration, servers: usize) -> Result<Self, Stop> {
        let secret = Secret::generate()?;
        let servers = (0..servers)
            .map(|_| stage.manager(&secret, lifetime))
            .collect();
        Ok(Self { stage, servers })
    }

    /// The token of a session that the first server has begun.
    fn begin(
        &self,
        act: impl FnOnce(&Session) -> Result<(), crate::Error>,
    ) -> Result<String, Stop> {
        let session = self.stage.subject.block_on(self.servers[0].open(None))?;
        act(&session)?;
        let token = self.commit(0, &session)?;
        token.ok_or_else(|| Stop::broken("a cookie for a new session", "none"))
    }

    /// The tokens of as many sessions.
    fn begin_each_round(&self) -> Result<Vec<String>, Stop> {
        (0..ROUNDS)
            .map(|_| self.begin(|session| session.put("user", 42)))
            .collect()
    }

    fn open(&self, server: usize, token: &str) -> Result<Session, Stop> {
        let session = self
            .stage
            .subject
            .block_on(self.servers[server].open([token]))?;
        expect(
            session.is_available(),
            "a session that is loaded: the store is up",
            "the load failed",
        )?;
        Ok(session)
    }

    /// The token that the request's answer sets.
    fn commit(&self, server: usize, session: &Session) -> Result<Option<String>, Stop> {
        let outcome = self
            .stage
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
            "the old session, alive",
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

/// For a server-side store, the id.
fn id_of(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(handle, _)| handle)
}

const THREADS: usize = 4;
const ROUNDS: usize = 16;
const MOST_REQUESTS: usize = 20;
