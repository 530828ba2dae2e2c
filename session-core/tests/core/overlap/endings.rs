//! Logout, regenerate and expiry while other requests are running: ended sessions stay ended.

use pollster::block_on;
use session_core::{ErrorKind, Outcome, Session};

use super::orders::{Step, orders, requests};
use crate::common::{Call, LIFETIME, Service, id_of, token};

/// What a request does besides writing its own key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Write,
    Destroy,
    Regenerate,
}

/// The result of a request.
struct Ended {
    actor: usize,
    /// Whether it loaded the session, rather than getting a new one.
    was_live: bool,
    outcome: Outcome,
    /// Whether its logout failed, because the session had moved.
    has_failed: bool,
}

struct Scene {
    service: Service,
    old: String,
    ended: Vec<Ended>,
}

impl Scene {
    fn play(acts: &[Act], order: &[Step]) -> Self {
        let service = Service::new();
        let old = service.login();
        let mut scene = Self {
            service,
            old,
            ended: Vec::new(),
        };
        let mut open: Vec<Option<Session>> = vec![None; acts.len()];
        for step in order {
            if step.nth == 0 {
                open[step.actor] = Some(scene.service.open(&scene.old));
                continue;
            }
            let session = open[step.actor].take().unwrap();
            let was_live = !session.is_new();
            match acts[step.actor] {
                Act::Write => session.put(&key(step.actor), 1).unwrap(),
                Act::Destroy => session.destroy().unwrap(),
                Act::Regenerate => {
                    session.regenerate().unwrap();
                    session.put(&key(step.actor), 1).unwrap();
                }
            }
            let was_there = scene.old_is_there();
            let (outcome, has_failed) = match block_on(scene.service.manager.commit(&session)) {
                Ok(outcome) => (outcome, false),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Conflict);
                    assert!(acts[step.actor] == Act::Destroy);
                    (Outcome::Keep, true)
                }
            };
            assert!(
                was_there || !scene.old_is_there(),
                "it was resurrected, in {order:?}"
            );
            scene.ended.push(Ended {
                actor: step.actor,
                was_live,
                outcome,
                has_failed,
            });
        }
        scene
    }

    /// Returns `true` if the session is live under its old id.
    fn old_is_there(&self) -> bool {
        let record = self.service.stored(id_of(&self.old));
        record.is_some_and(|record| !record.is_moved())
    }

    /// Returns the ids, among those issued to a client, of the records that contain the login.
    fn heirs(&self) -> Vec<&str> {
        let mut ids = vec![id_of(&self.old)];
        for ended in &self.ended {
            if let Outcome::Set(token) = &ended.outcome {
                ids.push(id_of(token.as_str()));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| {
            let record = self.service.stored(id);
            record.is_some_and(|record| record.data().contains("user"))
        });
        ids
    }

    fn of(&self, actor: usize) -> &Ended {
        let found = self.ended.iter().find(|ended| ended.actor == actor);
        found.unwrap()
    }
}

fn key(actor: usize) -> String {
    format!("by-{actor}")
}

fn commit_of(order: &[Step], actor: usize) -> usize {
    let commit = Step { actor, nth: 1 };
    order.iter().position(|step| *step == commit).unwrap()
}

/// Security checklist, statement 8, for logout.
#[test]
fn s08_a_destroyed_record_stays_destroyed_in_every_order() {
    for order in requests(3) {
        let scene = Scene::play(&[Act::Destroy, Act::Write, Act::Write], &order);
        assert!(!scene.old_is_there(), "{order:?}");
        assert_eq!(scene.heirs(), [""; 0], "{order:?}");
        assert_eq!(scene.of(0).outcome, Outcome::Clear, "{order:?}");
        for writer in [1, 2] {
            let is_late = commit_of(&order, writer) > commit_of(&order, 0);
            let ended = scene.of(writer);
            assert!(ended.was_live || is_late, "{order:?}");
            if ended.was_live {
                // Saved or dropped, its client keeps the cookie.
                assert_eq!(ended.outcome, Outcome::Keep, "{order:?}");
            } else {
                let id = id_of(&token(&ended.outcome)).to_owned();
                assert_ne!(id, id_of(&scene.old), "{order:?}");
            }
        }
    }
}

/// Security checklist, statement 8, for regenerate.
#[test]
fn s08_regenerate_leaves_one_id_and_loses_no_acknowledged_write() {
    for order in requests(3) {
        let scene = Scene::play(&[Act::Regenerate, Act::Write, Act::Write], &order);
        let new = token(&scene.of(0).outcome);
        assert!(!scene.old_is_there(), "{order:?}");
        assert_eq!(scene.heirs(), [id_of(&new)], "{order:?}");
        let record = scene.service.stored(id_of(&new)).unwrap();
        for writer in [1, 2] {
            let is_late = commit_of(&order, writer) > commit_of(&order, 0);
            let ended = scene.of(writer);
            assert_eq!(ended.outcome, Outcome::Keep, "{order:?}");
            assert_eq!(
                record.data().contains(&key(writer)),
                ended.was_live && !is_late,
                "{order:?}"
            );
        }
    }
}

/// The second click on "log in": each gets a session that its client can use, whichever answer the client sees.
#[test]
fn s33_each_of_two_regenerations_stands() {
    for order in requests(3) {
        let scene = Scene::play(&[Act::Regenerate, Act::Regenerate, Act::Write], &order);
        assert!(!scene.old_is_there(), "{order:?}");
        for actor in [0, 1] {
            let ended = scene.of(actor);
            let new = token(&ended.outcome);
            let record = scene.service.stored(id_of(&new)).unwrap();
            assert!(record.data().contains(&key(actor)), "{order:?}");
            assert_eq!(record.data().contains("user"), ended.was_live, "{order:?}");
        }
    }
}

/// A logout that comes too late for the old id fails, and neither ends the login nor removes its cookie.
#[test]
fn s07_s33_a_logout_wins_or_fails_in_every_order() {
    for order in requests(2) {
        let scene = Scene::play(&[Act::Destroy, Act::Regenerate], &order);
        assert!(!scene.old_is_there(), "{order:?}");
        let is_first = commit_of(&order, 0) < commit_of(&order, 1);
        let logout = scene.of(0);
        if is_first {
            assert_eq!(logout.outcome, Outcome::Clear, "{order:?}");
            assert_eq!(scene.heirs(), [""; 0], "{order:?}");
        } else {
            assert_eq!(logout.outcome, Outcome::Keep, "{order:?}");
            assert_eq!(logout.has_failed, logout.was_live, "{order:?}");
            assert_eq!(scene.heirs().len(), 1, "{order:?}");
        }
    }
}

#[test]
fn an_expired_record_stays_expired_in_every_order() {
    // The only step of the third actor lets time pass.
    for order in orders(&[2, 2, 1]) {
        let service = Service::new();
        let old = service.login();
        let mut open: [Option<Session>; 2] = [None, None];
        let mut has_expired = false;
        for Step { actor, nth } in order {
            match (actor, nth) {
                (2, _) => {
                    service.clock.advance(LIFETIME);
                    has_expired = true;
                }
                (_, 0) => open[actor] = Some(service.open(&old)),
                _ => {
                    let session = open[actor].take().unwrap();
                    let was_live = !session.is_new();
                    session.put("k", 1).unwrap();
                    let outcome = service.commit(&session);
                    assert_eq!(outcome == Outcome::Keep, was_live);
                    assert!(was_live || has_expired);
                }
            }
        }
        assert_eq!(service.stored(id_of(&old)), None);
    }
}

/// Regenerate stores the new record before the old one moves. Other requests can act in
/// between.
#[test]
fn a_write_during_regenerate_is_kept() {
    let service = Service::new();
    let old = service.login();
    let (writer, session) = (service.open(&old), service.open(&old));
    writer.put("cart", 3).unwrap();
    session.regenerate().unwrap();
    let manager = service.manager.clone();
    service.store.before(Call::Move, move || {
        let outcome = pollster::block_on(manager.commit(&writer)).unwrap();
        assert_eq!(outcome, Outcome::Keep, "the client has its cookie");
    });
    let new = service.save(&session);
    let found = service.open(&new);
    assert_eq!(found.all().to_json(), r#"{"cart":3,"user":"ada"}"#);
    assert!(service.stored(id_of(&old)).unwrap().is_moved());
}

#[test]
fn s08_a_logout_during_regenerate_wins() {
    let service = Service::new();
    let old = service.login();
    let (logout, session) = (service.open(&old), service.open(&old));
    logout.destroy().unwrap();
    session.regenerate().unwrap();
    let manager = service.manager.clone();
    service.store.before(Call::Move, move || {
        assert_eq!(
            pollster::block_on(manager.commit(&logout)).unwrap(),
            Outcome::Clear
        );
    });
    assert_eq!(service.commit(&session), Outcome::Keep);
    assert_eq!(service.records(), 0);
}
