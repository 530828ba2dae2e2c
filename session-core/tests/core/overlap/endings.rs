//! Logout, regenerate and expiry while other requests are running: ended sessions stay ended.

use session_core::{Outcome, Session};

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
            let outcome = scene.service.commit(&session);
            assert!(
                was_there || !scene.old_is_there(),
                "it was resurrected, in {order:?}"
            );
            scene.ended.push(Ended {
                actor: step.actor,
                was_live,
                outcome,
            });
        }
        scene
    }

    fn old_is_there(&self) -> bool {
        self.service.stored(id_of(&self.old)).is_some()
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
            if is_late && ended.was_live {
                assert_eq!(ended.outcome, Outcome::Keep, "{order:?}");
            } else {
                // It was in time, or it has a new session unrelated to the old one.
                let id = id_of(&token(&ended.outcome)).to_owned();
                assert_eq!(id == id_of(&scene.old), ended.was_live, "{order:?}");
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
            if is_late && ended.was_live {
                assert_eq!(ended.outcome, Outcome::Keep, "{order:?}");
            }
            let was_acknowledged = ended.was_live && ended.outcome != Outcome::Keep;
            assert_eq!(
                record.data().contains(&key(writer)),
                was_acknowledged,
                "{order:?}"
            );
        }
    }
}

#[test]
fn one_of_two_regenerations_survives() {
    for order in requests(3) {
        let scene = Scene::play(&[Act::Regenerate, Act::Regenerate, Act::Write], &order);
        assert!(!scene.old_is_there(), "{order:?}");
        // The slower of two overlapping ones is dropped: its client has the faster one's cookie.
        assert_eq!(scene.heirs().len(), 1, "{order:?}");
        let live = scene.ended.iter().filter(|ended| ended.was_live);
        for ended in live.filter(|ended| ended.outcome != Outcome::Keep) {
            let record = scene.service.stored(scene.heirs()[0]).unwrap();
            assert!(record.data().contains(&key(ended.actor)), "{order:?}");
        }
    }
}

#[test]
fn logout_and_regenerate_invalidate_the_old_id_in_every_order() {
    for order in requests(2) {
        let scene = Scene::play(&[Act::Destroy, Act::Regenerate], &order);
        assert!(!scene.old_is_there(), "{order:?}");
        if commit_of(&order, 0) < commit_of(&order, 1) {
            assert_eq!(scene.heirs(), [""; 0], "{order:?}");
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
                    assert_eq!(outcome == Outcome::Keep, was_live && has_expired);
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
