//! Slow requests against the end of their session: 1,000 random interleavings, of which none may bring a record
//! back.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{Outcome, Session, SessionManager, Token};

use crate::common::{Server, ServerExt as _, ask, key_of, keys, open, stored, text};

/// One at a time: after every single step the store holds exactly the sessions that somebody was given and nobody
/// ended.
#[tokio::test(flavor = "multi_thread")]
async fn of_1000_interleavings_step_by_step_none_brings_a_record_back() {
    run(1_000, Pace::Steps).await;
}

/// The ends of all requests at once, so that they fall between the commands of a regenerate too. What remains
/// depends on who was faster; what must not remain does not.
#[tokio::test(flavor = "multi_thread")]
async fn of_1000_interleavings_all_at_once_none_brings_a_record_back() {
    run(1_000, Pace::AtOnce).await;
}

/// What a request, or somebody else, does to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Put,
    Flash,
    Update,
    Read,
    Destroy,
    Regenerate,
    RegenerateAndPut,
    DestroyAndPut,
    Del,
    Expire,
    FlushDb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Steps,
    AtOnce,
}

struct World {
    manager: SessionManager,
    client: Client,
    /// The session that all requests begin with.
    token: Token,
    /// Whose record must be there, by the answers that were given.
    live: BTreeSet<String>,
    /// Whether the first session has ended.
    has_ended: bool,
}

async fn run(interleavings: u64, pace: Pace) {
    let server = Server::start();
    let (manager, client) = (server.manager().await, server.client().await);
    let (mut ended, mut dropped) = (0, 0);
    for seed in 1..=interleavings {
        let mut random = Random::new(seed);
        let () = ask(&client, &["FLUSHALL"]).await;
        let token = stored(&manager, "user", 42).await;
        let mut world = World {
            manager: manager.clone(),
            client: client.clone(),
            live: BTreeSet::from([key_of(&token)]),
            token,
            has_ended: false,
        };
        // Two or three requests of which at least one is slow, and at least one end.
        let ends = match pace {
            Pace::Steps => &ENDS[..],
            // A record that a write reaches within its last millisecond lives on, and rightly so.
            Pace::AtOnce => &ENDS[1..],
        };
        let mut deeds = vec![random.one_of(&WRITES), random.one_of(ends)];
        match random.below(4) {
            0 => deeds.push(random.one_of(&WRITES)),
            1 => deeds.push(random.one_of(ends)),
            _ => {}
        }
        random.shuffle(&mut deeds);
        let what = format!("{pace:?}, seed {seed}: {deeds:?}");
        dropped += match pace {
            Pace::Steps => world.step_by_step(&deeds, &mut random, &what).await,
            Pace::AtOnce => world.at_once(&deeds, &what).await,
        };
        ended += u32::from(world.has_ended);
    }
    println!(
        "{interleavings} interleavings, {pace:?}: {ended} ended, {dropped} late writes dropped, 0 came back"
    );
    // Else the test would show nothing.
    assert!(u64::from(ended) == interleavings && u64::from(dropped) > interleavings / 4);
}

impl World {
    /// Opens and commits in any order, each request's commit after its opening.
    async fn step_by_step(&mut self, deeds: &[Deed], random: &mut Random, what: &str) -> u32 {
        let mut steps: Vec<usize> = (0..deeds.len()).flat_map(|n| [n, n]).collect();
        random.shuffle(&mut steps);
        let mut sessions: Vec<Option<(Session, bool)>> = vec![None; deeds.len()];
        let mut is_open = vec![false; deeds.len()];
        let mut dropped = 0;
        for n in steps {
            let deed = deeds[n];
            if !is_open[n] {
                is_open[n] = true;
                sessions[n] = self.begin(deed, what).await;
                continue;
            }
            let Some((session, was_new)) = sessions[n].take() else {
                self.end_from_outside(deed).await;
                assert_eq!(self.keys().await, self.live, "{what}");
                continue;
            };
            let outcome = self.manager.commit(&session).await.unwrap();
            dropped += self.judge(deed, was_new, &outcome, what);
            assert_eq!(self.keys().await, self.live, "after {deed:?}; {what}");
        }
        dropped
    }

    /// Opens all, then commits all at once.
    async fn at_once(&mut self, deeds: &[Deed], what: &str) -> u32 {
        let mut sessions = Vec::new();
        for &deed in deeds {
            sessions.push((deed, self.begin(deed, what).await));
        }
        let mut tasks = Vec::new();
        for (deed, session) in sessions {
            let (manager, client) = (self.manager.clone(), self.client.clone());
            let key = key_of(&self.token);
            tasks.push(tokio::spawn(async move {
                match session {
                    Some((session, _)) => Some(manager.commit(&session).await.unwrap()),
                    None => {
                        end(&client, &key, deed).await;
                        None
                    }
                }
            }));
        }
        let (mut dropped, mut issued, mut ends) = (0, BTreeSet::new(), 0);
        for (deed, task) in deeds.iter().zip(tasks) {
            match task.await.unwrap() {
                Some(Outcome::Set(token)) => {
                    issued.insert(key_of(&token));
                    ends += u32::from(*deed == Deed::DestroyAndPut);
                }
                Some(Outcome::Clear) | None => ends += 1,
                Some(Outcome::Keep) => dropped += u32::from(*deed != Deed::Read),
            }
        }
        let old = key_of(&self.token);
        let keys = self.keys().await;
        let is_replaced = issued.iter().any(|key| *key != old);
        self.has_ended = ends > 0 || is_replaced;
        assert!(self.has_ended, "{what}");
        assert!(!keys.contains(&old), "back again; {what}");
        assert!(keys.is_subset(&issued), "nobody has {keys:?}; {what}");
        if ends == 0 {
            assert_eq!(keys.len(), 1, "the login is lost; {what}");
        }
        dropped
    }

    /// What comes before the commit, and whether there was no session to begin with. `None` where nobody commits.
    async fn begin(&self, deed: Deed, what: &str) -> Option<(Session, bool)> {
        if matches!(deed, Deed::Del | Deed::Expire | Deed::FlushDb) {
            return None;
        }
        let session = open(&self.manager, &self.token).await;
        let was_new = session.is_new();
        assert_eq!(was_new, self.has_ended, "{what}");
        match deed {
            Deed::Put => session.put("late", 1),
            Deed::Flash => session.flash("late", 1),
            Deed::Update => session.update("user", 0, |n: u32| n + 1).map(drop),
            Deed::Destroy => session.destroy(),
            Deed::Regenerate => session.regenerate(),
            Deed::RegenerateAndPut => session
                .regenerate()
                .and_then(|()| session.put("user", "ada")),
            Deed::DestroyAndPut => session.destroy().and_then(|()| session.put("guest", 1)),
            Deed::Read | Deed::Del | Deed::Expire | Deed::FlushDb => Ok(()),
        }
        .unwrap();
        Some((session, was_new))
    }

    /// Says what a commit's answer must be, and keeps the books. Returns 1 for a write that was dropped.
    fn judge(&mut self, deed: Deed, was_new: bool, outcome: &Outcome, what: &str) -> u32 {
        let old = key_of(&self.token);
        let issued = match outcome {
            Outcome::Set(token) => Some(key_of(token)),
            Outcome::Keep | Outcome::Clear => None,
        };
        match (deed, was_new) {
            // It saves where it was shown flash, which is gone then.
            (Deed::Read, _) => assert!(
                *outcome == Outcome::Keep || issued == Some(old) && !self.has_ended,
                "{outcome:?}; {what}"
            ),
            // It begins where there was nothing: a session of its own.
            (Deed::Put | Deed::Flash | Deed::Update, true)
            | (Deed::Regenerate | Deed::RegenerateAndPut, true)
            | (Deed::DestroyAndPut, _) => {
                let new = issued.unwrap_or_else(|| panic!("{deed:?}: {outcome:?}; {what}"));
                assert_ne!(new, old, "the old id again; {what}");
                if deed == Deed::DestroyAndPut && !was_new {
                    self.end_first();
                }
                self.live.insert(new);
            }
            (Deed::Destroy, _) => {
                assert_eq!(*outcome, Outcome::Clear, "{what}");
                if !was_new {
                    self.end_first();
                }
            }
            (_, false) if self.has_ended => {
                assert_eq!(*outcome, Outcome::Keep, "late {deed:?}; {what}");
                return 1;
            }
            (Deed::Put | Deed::Flash | Deed::Update, false) => {
                assert_eq!(issued, Some(old), "{what}");
            }
            (Deed::Regenerate | Deed::RegenerateAndPut, false) => {
                let new = issued.unwrap_or_else(|| panic!("{outcome:?}; {what}"));
                assert_ne!(new, old, "{what}");
                self.end_first();
                self.live.insert(new);
            }
            (Deed::Del | Deed::Expire | Deed::FlushDb, _) => unreachable!(),
        }
        0
    }

    async fn end_from_outside(&mut self, deed: Deed) {
        end(&self.client, &key_of(&self.token), deed).await;
        if deed == Deed::FlushDb {
            self.live.clear();
        }
        self.end_first();
    }

    fn end_first(&mut self) {
        self.live.remove(&key_of(&self.token));
        self.has_ended = true;
    }

    async fn keys(&self) -> BTreeSet<String> {
        keys(&self.client).await.into_iter().collect()
    }
}

/// Ends the record behind everybody's back.
async fn end(client: &Client, key: &str, deed: Deed) {
    match deed {
        Deed::Del => drop(ask::<Value>(client, &["DEL", key]).await),
        Deed::FlushDb => drop(ask::<Value>(client, &["FLUSHDB"]).await),
        Deed::Expire => {
            let _: i64 = ask(client, &["PEXPIRE", key, "1"]).await;
            let end = Instant::now() + Duration::from_secs(5);
            while text(client, key).await.is_some() {
                assert!(Instant::now() < end, "it does not expire");
            }
        }
        other => panic!("{other:?} is a request's"),
    }
}

/// Marsaglia's xorshift: the same steps for the same seed, on every machine.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Small seeds begin alike; some turns set them apart.
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        (0..8).for_each(|_| _ = random.below(2));
        random
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn one_of(&mut self, deeds: &[Deed]) -> Deed {
        deeds[self.below(deeds.len() as u64) as usize]
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for n in (1..items.len()).rev() {
            items.swap(n, self.below(n as u64 + 1) as usize);
        }
    }
}

const WRITES: [Deed; 4] = [Deed::Put, Deed::Flash, Deed::Update, Deed::Read];
const ENDS: [Deed; 7] = [
    Deed::Expire,
    Deed::Destroy,
    Deed::Regenerate,
    Deed::RegenerateAndPut,
    Deed::DestroyAndPut,
    Deed::Del,
    Deed::FlushDb,
];
