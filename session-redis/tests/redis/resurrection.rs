//! Slow requests against the end of their session, in 1,000 random interleavings: an ended session is
//! never resurrected.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fred::prelude::*;
use session_core::{ErrorKind, Outcome, Session, SessionManager, Token};

use crate::support::{TestRedis, ask, key_of, keys, open, store, value};

/// One step at a time. After every step, Redis holds exactly the sessions that a client was given
/// and that nobody ended.
#[tokio::test(flavor = "multi_thread")]
async fn no_interleaving_of_steps_resurrects_a_session() {
    run(1_000, Pace::Steps).await;
}

/// All requests end at once, also between the commands of a regenerate. What remains depends on who
/// was faster; what must not remain does not.
#[tokio::test(flavor = "multi_thread")]
async fn no_overlap_of_requests_resurrects_a_session() {
    run(1_000, Pace::AtOnce).await;
}

/// What a request, or an administrator, does to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
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
    /// The session that all requests open.
    token: Token,
    /// The keys that must exist, according to the responses so far.
    live: BTreeSet<String>,
    /// `true` if the session of `token` has ended.
    has_ended: bool,
}

async fn run(interleavings: u64, pace: Pace) {
    let redis = TestRedis::start().await;
    let (mut ended, mut dropped) = (0, 0);
    for seed in 1..=interleavings {
        let mut random = Random::new(seed);
        let () = ask(&redis.client, &["FLUSHALL"]).await;
        let token = store(&redis.manager, "user", 42).await;
        let mut world = World {
            manager: redis.manager.clone(),
            client: redis.client.clone(),
            live: BTreeSet::from([key_of(&token)]),
            token,
            has_ended: false,
        };
        // Two or three actions: at least one write and at least one end.
        let ends = match pace {
            Pace::Steps => &ENDS[..],
            // A write in the last millisecond before the expiry rightly keeps the session alive.
            Pace::AtOnce => &ENDS[1..],
        };
        let mut actions = vec![random.one_of(&WRITES), random.one_of(ends)];
        match random.below(4) {
            0 => actions.push(random.one_of(&WRITES)),
            1 => actions.push(random.one_of(ends)),
            _ => {}
        }
        random.shuffle(&mut actions);
        let what = format!("{pace:?}, seed {seed}: {actions:?}");
        dropped += match pace {
            Pace::Steps => world.step_by_step(&actions, &mut random, &what).await,
            Pace::AtOnce => world.at_once(&actions, &what).await,
        };
        ended += u32::from(world.has_ended);
    }
    println!(
        "{interleavings} interleavings, {pace:?}: {ended} ended, {dropped} late writes dropped, 0 resurrected"
    );
    // Otherwise the test shows nothing.
    assert!(u64::from(ended) == interleavings && u64::from(dropped) > interleavings / 4);
}

impl World {
    /// Opens and commits in random order, each commit after its own open.
    async fn step_by_step(&mut self, actions: &[Action], random: &mut Random, what: &str) -> u32 {
        let mut steps: Vec<usize> = (0..actions.len()).flat_map(|n| [n, n]).collect();
        random.shuffle(&mut steps);
        let mut sessions: Vec<Option<(Session, bool)>> = vec![None; actions.len()];
        let mut is_open = vec![false; actions.len()];
        let mut dropped = 0;
        for n in steps {
            let action = actions[n];
            if !is_open[n] {
                is_open[n] = true;
                sessions[n] = self.begin(action, what).await;
                continue;
            }
            let Some((session, was_new)) = sessions[n].take() else {
                self.end_from_outside(action).await;
                assert_eq!(self.keys().await, self.live, "{what}");
                continue;
            };
            let outcome = self.manager.commit(&session).await.unwrap();
            dropped += self.judge(action, was_new, &outcome, what);
            assert_eq!(self.keys().await, self.live, "after {action:?}; {what}");
        }
        dropped
    }

    /// Opens all sessions, then commits all at once.
    async fn at_once(&mut self, actions: &[Action], what: &str) -> u32 {
        let mut sessions = Vec::new();
        for &action in actions {
            sessions.push((action, self.begin(action, what).await));
        }
        let mut tasks = Vec::new();
        for (action, session) in sessions {
            let (manager, client) = (self.manager.clone(), self.client.clone());
            let key = key_of(&self.token);
            tasks.push(tokio::spawn(async move {
                match session {
                    Some((session, _)) => match manager.commit(&session).await {
                        // A logout that a login overtook has no effect, and its client is told so.
                        Err(error) if error.kind() == ErrorKind::Conflict => Some(Outcome::Keep),
                        outcome => Some(outcome.unwrap()),
                    },
                    None => {
                        end(&client, &key, action).await;
                        None
                    }
                }
            }));
        }
        let (mut dropped, mut issued, mut ends) = (0, BTreeSet::new(), 0);
        for (action, task) in actions.iter().zip(tasks) {
            match task.await.unwrap() {
                Some(Outcome::Set(token)) => {
                    issued.insert(key_of(&token));
                    ends += u32::from(*action == Action::DestroyAndPut);
                }
                Some(Outcome::Clear) | None => ends += 1,
                Some(Outcome::Keep) => dropped += u32::from(*action != Action::Read),
            }
        }
        let old = key_of(&self.token);
        let keys = self.keys().await;
        let is_replaced = issued.iter().any(|key| *key != old);
        self.has_ended = ends > 0 || is_replaced;
        assert!(self.has_ended, "{what}");
        assert!(!keys.contains(&old), "resurrected; {what}");
        assert!(keys.is_subset(&issued), "no client has {keys:?}; {what}");
        if ends == 0 {
            // Both of two logins may stand.
            assert!(!keys.is_empty(), "the login is lost; {what}");
        }
        dropped
    }

    /// Runs a request up to its commit. Returns its session, and `true` if that is new; `None` if
    /// there is nothing to commit.
    async fn begin(&self, action: Action, what: &str) -> Option<(Session, bool)> {
        if matches!(action, Action::Del | Action::Expire | Action::FlushDb) {
            return None;
        }
        let session = open(&self.manager, &self.token).await;
        let was_new = session.is_new();
        assert_eq!(was_new, self.has_ended, "{what}");
        match action {
            Action::Put => session.put("late", 1),
            Action::Flash => session.flash("late", 1),
            Action::Update => session.update("user", 0, |n: u32| n + 1).map(drop),
            Action::Destroy => session.destroy(),
            Action::Regenerate => session.regenerate(),
            Action::RegenerateAndPut => session
                .regenerate()
                .and_then(|()| session.put("user", "ada")),
            Action::DestroyAndPut => session.destroy().and_then(|()| session.put("guest", 1)),
            Action::Read | Action::Del | Action::Expire | Action::FlushDb => Ok(()),
        }
        .unwrap();
        Some((session, was_new))
    }

    /// Checks the outcome of a commit and updates the expected keys. Returns 1 for a dropped write.
    fn judge(&mut self, action: Action, was_new: bool, outcome: &Outcome, what: &str) -> u32 {
        let old = key_of(&self.token);
        let issued = match outcome {
            Outcome::Set(token) => Some(key_of(token)),
            Outcome::Keep | Outcome::Clear => None,
        };
        match (action, was_new) {
            // A read saves only if it consumed flash.
            (Action::Read, _) => assert!(
                *outcome == Outcome::Keep || issued == Some(old) && !self.has_ended,
                "{outcome:?}; {what}"
            ),
            // There was no session, so this is a new one.
            (Action::Put | Action::Flash | Action::Update, true)
            | (Action::Regenerate | Action::RegenerateAndPut, true)
            | (Action::DestroyAndPut, _) => {
                let new = issued.unwrap_or_else(|| panic!("{action:?}: {outcome:?}; {what}"));
                assert_ne!(new, old, "the old id is reused; {what}");
                if action == Action::DestroyAndPut && !was_new {
                    self.end_first();
                }
                self.live.insert(new);
            }
            (Action::Destroy, _) => {
                assert_eq!(*outcome, Outcome::Clear, "{what}");
                if !was_new {
                    self.end_first();
                }
            }
            (_, false) if self.has_ended => {
                assert_eq!(*outcome, Outcome::Keep, "late {action:?}; {what}");
                return 1;
            }
            (Action::Put | Action::Flash | Action::Update, false) => {
                assert_eq!(issued, Some(old), "{what}");
            }
            (Action::Regenerate | Action::RegenerateAndPut, false) => {
                let new = issued.unwrap_or_else(|| panic!("{outcome:?}; {what}"));
                assert_ne!(new, old, "{what}");
                self.end_first();
                self.live.insert(new);
            }
            (Action::Del | Action::Expire | Action::FlushDb, _) => unreachable!(),
        }
        0
    }

    async fn end_from_outside(&mut self, action: Action) {
        end(&self.client, &key_of(&self.token), action).await;
        if action == Action::FlushDb {
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

/// Ends the session in Redis, past the driver.
async fn end(client: &Client, key: &str, action: Action) {
    match action {
        Action::Del => drop(ask::<Value>(client, &["DEL", key]).await),
        Action::FlushDb => drop(ask::<Value>(client, &["FLUSHDB"]).await),
        Action::Expire => {
            let _: i64 = ask(client, &["PEXPIRE", key, "1"]).await;
            let end = Instant::now() + Duration::from_secs(5);
            while value(client, key).await.is_some() {
                assert!(Instant::now() < end, "it does not expire");
            }
        }
        other => panic!("{other:?} needs a request"),
    }
}

/// Marsaglia's xorshift: a seed gives the same steps on every machine.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Small seeds start alike; a few turns set them apart.
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

    fn one_of(&mut self, actions: &[Action]) -> Action {
        actions[self.below(actions.len() as u64) as usize]
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for n in (1..items.len()).rev() {
            items.swap(n, self.below(n as u64 + 1) as usize);
        }
    }
}

const WRITES: [Action; 4] = [Action::Put, Action::Flash, Action::Update, Action::Read];
const ENDS: [Action; 7] = [
    Action::Expire,
    Action::Destroy,
    Action::Regenerate,
    Action::RegenerateAndPut,
    Action::DestroyAndPut,
    Action::Del,
    Action::FlushDb,
];
