//! Several servers with the same store.

use std::collections::BTreeSet;

use super::check::{Stop, expect};
use super::rig::LONG;
use super::{Rig, Subject};
use crate::{Builder, Error, ErrorKind, Outcome, Renewal, Secret, Session, SessionManager};

/// Several servers with the same store, each with its own connection.
///
/// Sessions and moved records live for [`LONG`], and every acknowledged write sets a cookie, so
/// that a dropped one shows.
pub(super) struct Fleet<'a, S> {
    pub(super) rig: &'a Rig<'a, S>,
    servers: Vec<SessionManager>,
}

impl<'a, S: Subject> Fleet<'a, S> {
    pub(super) fn new(rig: &'a Rig<'a, S>, servers: usize) -> Result<Self, Stop> {
        Self::with(rig, servers, |builder| builder)
    }

    /// Creates a fleet with other settings.
    pub(super) fn with(
        rig: &'a Rig<'a, S>,
        servers: usize,
        settings: impl Fn(Builder) -> Builder,
    ) -> Result<Self, Stop> {
        let secret = Secret::generate()?;
        let server = |_| {
            let builder = SessionManager::builder(rig.subject.driver(), secret.clone())
                .clock(rig.subject.clock())
                .renewal(Renewal::OnWrite)
                .lifetime(LONG)
                .grace(LONG);
            settings(builder).build().expect("the settings are valid")
        };
        let servers = (0..servers).map(server).collect();
        Ok(Self { rig, servers })
    }

    /// Creates a session on the first server and returns its token.
    pub(super) fn begin(
        &self,
        act: impl FnOnce(&Session) -> Result<(), Error>,
    ) -> Result<String, Stop> {
        let session = self.rig.subject.block_on(self.servers[0].open(None))?;
        act(&session)?;
        let token = self.commit(0, &session)?;
        token.ok_or_else(|| Stop::broken("a cookie for a new session", "none"))
    }

    /// Creates several sessions of user 42 and returns their tokens.
    pub(super) fn begin_each(&self, rounds: usize) -> Result<Vec<String>, Stop> {
        (0..rounds)
            .map(|_| self.begin(|session| session.put("user", 42)))
            .collect()
    }

    pub(super) fn open(&self, server: usize, token: &str) -> Result<Session, Stop> {
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
    pub(super) fn commit(&self, server: usize, session: &Session) -> Result<Option<String>, Stop> {
        let outcome = self
            .rig
            .subject
            .block_on(self.servers[server].commit(session))?;
        Ok(match outcome {
            Outcome::Set(token) => Some(token.as_str().to_owned()),
            Outcome::Keep | Outcome::Clear => None,
        })
    }

    /// Gives `session` a new id and a user. Returns the token of the response.
    pub(super) fn log_in(&self, server: usize, session: &Session) -> Result<String, Stop> {
        session.regenerate()?;
        session.put("user", 42)?;
        let token = self.commit(server, session)?;
        token.ok_or_else(|| Stop::broken("a cookie with the new id after a login", "none"))
    }

    pub(super) fn log_out(&self, server: usize, token: &str) -> Result<(), Stop> {
        let session = self.open(server, token)?;
        expect(!session.is_new(), "a session to log out of", "a new one")?;
        session.destroy()?;
        self.commit(server, &session).map(drop)
    }

    /// Returns how many sessions an owner has.
    pub(super) fn sessions_of(&self, server: usize, owner: &str) -> Result<usize, Stop> {
        let found = self.servers[server].sessions_of(owner);
        Ok(self.rig.subject.block_on(found)?.len())
    }

    /// Returns the numbers that an owner's sessions have under `key`.
    pub(super) fn numbers_of(
        &self,
        server: usize,
        owner: &str,
        key: &str,
    ) -> Result<BTreeSet<usize>, Stop> {
        let found = self.servers[server].sessions_of(owner);
        let mut numbers = BTreeSet::new();
        for record in self.rig.subject.block_on(found)? {
            numbers.extend(record.data().get::<Option<usize>>(key)?.flatten());
        }
        Ok(numbers)
    }

    /// Ends all sessions of an owner, in several calls if new ones keep coming.
    pub(super) fn revoke_all_of(&self, server: usize, owner: &str) -> Result<usize, Stop> {
        loop {
            let revoked = self.servers[server].revoke_all_of(owner, None);
            match self.rig.subject.block_on(revoked) {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                revoked => return Ok(revoked?),
            }
        }
    }

    pub(super) fn expect_new(&self, server: usize, token: &str, when: &str) -> Result<(), Stop> {
        let is_new = self.open(server, token)?.is_new();
        expect(
            is_new,
            format_args!("a new session {when}"),
            "the old session",
        )
    }

    pub(super) fn expect_dropped(
        &self,
        server: usize,
        slow: &Session,
        which: &str,
    ) -> Result<(), Stop> {
        let token = self.commit(server, slow)?;
        expect(
            token.is_none(),
            format_args!("no cookie from a request {which}"),
            "one",
        )
    }
}
