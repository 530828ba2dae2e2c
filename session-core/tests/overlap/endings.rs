//! Logout, a new id and expiry against requests that are still running: what has ended stays ended.

use session_core::{Outcome, Session};

use crate::common::{LIFETIME, Op, Site, id_of, token};
use crate::orders::{Step, orders, requests};

/// What a request does besides writing its own key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Write,
    Destroy,
    Regenerate,
}

/// What became of a request.
struct Ended {
    actor: usize,
    /// Whether it loaded the session, and not a new one in its place.
    was_live: bool,
    outcome: Outcome,
}

struct Scene {
    site: Site,
    old: String,
    ended: Vec<Ended>,
}

impl Scene {
    fn play(acts: &[Act], order: &[Step]) -> Self {
        let site = Site::new();
        let old = site.login();
        let mut scene = Self {
            site,
            old,
            ended: Vec::new(),
        };
        let mut open: Vec<Option<Session>> = vec![None; acts.len()];
        for step in order {
            if step.nth == 0 {
                open[step.actor] = Some(scene.site.open(&scene.old));
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
            let outcome = scene.site.commit(&session);
            assert!(was_there || !scene.old_is_there(), "it rose, in {order:?}");
            scene.ended.push(Ended {
                actor: step.actor,
                was_live,
                outcome,
            });
        }
        scene
    }

    fn old_is_there(&self) -> bool {
        self.site.stored(id_of(&self.old)).is_some()
    }

    /// The ids of the records that carry the login's data on, among those that a client was given.
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
            let record = self.site.stored(id);
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

/// security.md 8, for logout.
#[test]
fn s08_in_no_order_does_a_destroyed_record_come_back() {
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
                // In time, or a new session that has nothing to do with the old one.
                let id = id_of(&token(&ended.outcome)).to_owned();
                assert_eq!(id == id_of(&scene.old), ended.was_live, "{order:?}");
            }
        }
    }
}

/// security.md 8, for a new id.
#[test]
fn s08_after_regenerate_only_the_new_id_lives_and_no_acknowledged_write_is_lost() {
    for order in requests(3) {
        let scene = Scene::play(&[Act::Regenerate, Act::Write, Act::Write], &order);
        let new = token(&scene.of(0).outcome);
        assert!(!scene.old_is_there(), "{order:?}");
        assert_eq!(scene.heirs(), [id_of(&new)], "{order:?}");
        let record = scene.site.stored(id_of(&new)).unwrap();
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
fn of_two_regenerations_one_lives() {
    for order in requests(3) {
        let scene = Scene::play(&[Act::Regenerate, Act::Regenerate, Act::Write], &order);
        assert!(!scene.old_is_there(), "{order:?}");
        // The slower of two that overlap is dropped: its client has the faster one's cookie.
        assert_eq!(scene.heirs().len(), 1, "{order:?}");
        let live = scene.ended.iter().filter(|ended| ended.was_live);
        for ended in live.filter(|ended| ended.outcome != Outcome::Keep) {
            let record = scene.site.stored(scene.heirs()[0]).unwrap();
            assert!(record.data().contains(&key(ended.actor)), "{order:?}");
        }
    }
}

#[test]
fn a_logout_and_a_regeneration_leave_the_old_id_dead_in_every_order() {
    for order in requests(2) {
        let scene = Scene::play(&[Act::Destroy, Act::Regenerate], &order);
        assert!(!scene.old_is_there(), "{order:?}");
        if commit_of(&order, 0) < commit_of(&order, 1) {
            assert_eq!(scene.heirs(), [""; 0], "{order:?}");
        }
    }
}

#[test]
fn an_expired_record_does_not_come_back_in_any_order() {
    // The third actor's only step lets the time pass.
    for order in orders(&[2, 2, 1]) {
        let site = Site::new();
        let old = site.login();
        let mut open: [Option<Session>; 2] = [None, None];
        let mut has_expired = false;
        for Step { actor, nth } in order {
            match (actor, nth) {
                (2, _) => {
                    site.clock.advance(LIFETIME);
                    has_expired = true;
                }
                (_, 0) => open[actor] = Some(site.open(&old)),
                _ => {
                    let session = open[actor].take().unwrap();
                    let was_live = !session.is_new();
                    session.put("k", 1).unwrap();
                    let outcome = site.commit(&session);
                    assert_eq!(outcome == Outcome::Keep, was_live && has_expired);
                }
            }
        }
        assert_eq!(site.stored(id_of(&old)), None);
    }
}

/// `regenerate` stores the new record before it retires the old one: others can act in between.
#[test]
fn a_write_between_the_two_steps_of_regenerate_is_in_the_new_record() {
    let site = Site::new();
    let old = site.login();
    let (writer, session) = (site.open(&old), site.open(&old));
    writer.put("cart", 3).unwrap();
    session.regenerate().unwrap();
    let manager = site.manager.clone();
    site.store.before(Op::Retire, move || {
        let outcome = pollster::block_on(manager.commit(&writer)).unwrap();
        assert!(matches!(outcome, Outcome::Set(_)), "acknowledged");
    });
    let new = site.save(&session);
    let found = site.open(&new);
    assert_eq!(found.all().to_json(), r#"{"cart":3,"user":"ada"}"#);
    assert_eq!(site.store.len(), 1, "neither the old nor a half-made one");
}

#[test]
fn s08_a_logout_between_the_two_steps_of_regenerate_wins() {
    let site = Site::new();
    let old = site.login();
    let (logout, session) = (site.open(&old), site.open(&old));
    logout.destroy().unwrap();
    session.regenerate().unwrap();
    let manager = site.manager.clone();
    site.store.before(Op::Retire, move || {
        assert_eq!(
            pollster::block_on(manager.commit(&logout)).unwrap(),
            Outcome::Clear
        );
    });
    assert_eq!(site.commit(&session), Outcome::Keep);
    assert_eq!(site.store.len(), 0);
}
