//! The laws of merging, each in every order of its requests.

use pollster::block_on;
use session_core::{ErrorKind, Session};

use super::orders::{Step, requests};
use crate::common::{Call, Service, id_of};

type Handler = fn(&Session);

/// Runs the handlers on one session in this order and returns what another request then finds.
fn run(first: Handler, handlers: &[Handler], order: &[Step]) -> Session {
    let service = Service::new();
    let token = service.request(first);
    let mut open: Vec<Option<Session>> = vec![None; handlers.len()];
    for step in order {
        if step.nth == 0 {
            open[step.actor] = Some(service.open(&token));
        } else {
            let session = open[step.actor].take().unwrap();
            handlers[step.actor](&session);
            service.commit(&session);
        }
    }
    service.open(&token)
}

fn in_every_order(first: Handler, handlers: &[Handler], check: impl Fn(&Session, &[Step])) {
    for order in requests(handlers.len()) {
        check(&run(first, handlers, &order), &order);
    }
}

/// Returns `true` if all requests load before the first commit.
fn overlaps(order: &[Step]) -> bool {
    order[..order.len() / 2].iter().all(|step| step.nth == 0)
}

/// Returns `true` if actor `a` makes its step `a_nth` before actor `b` makes its step `b_nth`.
fn before(order: &[Step], a: (usize, usize), b: (usize, usize)) -> bool {
    let at = |(actor, nth)| order.iter().position(|step| *step == Step { actor, nth });
    at(a) < at(b)
}

#[test]
fn writes_to_different_keys_all_survive() {
    in_every_order(
        |session| session.put("gone", 0).unwrap(),
        &[
            |session| session.put("a", 1).unwrap(),
            |session| session.put("b", 2).unwrap(),
            |session| assert!(session.forget("gone").unwrap()),
        ],
        |end, order| assert_eq!(end.all().to_json(), r#"{"a":1,"b":2}"#, "{order:?}"),
    );
}

#[test]
fn last_save_wins_for_one_key() {
    in_every_order(
        |session| session.put("k", 0).unwrap(),
        &[
            |session| session.put("k", 1).unwrap(),
            |session| session.put("k", 2).unwrap(),
        ],
        |end, order| {
            let last = order.last().unwrap().actor + 1;
            assert_eq!(end.get::<usize>("k").unwrap(), Some(last), "{order:?}");
        },
    );
}

#[test]
fn a_counter_is_exact_with_six_overlapping_requests() {
    let count: Handler = |session| {
        session.update("n", 0, |n: u32| n + 1).unwrap();
    };
    // All load first, so the n-th commit meets n - 1 unseen changes.
    let (loads, commits) = ([0, 1, 2, 3, 4, 5], [3, 1, 5, 0, 4, 2]);
    let order: Vec<Step> = loads
        .map(|actor| Step { actor, nth: 0 })
        .into_iter()
        .chain(commits.map(|actor| Step { actor, nth: 1 }))
        .collect();
    let end = run(count, &[count; 6], &order);
    assert_eq!(end.get::<u32>("n").unwrap(), Some(7));
}

/// Lets a faster request count before each of the next `times` saves.
fn overtake(service: &Service, token: &str, times: usize) {
    for _ in 0..times {
        let (manager, token) = (service.manager.clone(), token.to_owned());
        service.store.before(Call::Save, move || {
            let fast = block_on(manager.open([&*token])).unwrap();
            fast.update("n", 0, |n: u32| n + 1).unwrap();
            block_on(manager.commit(&fast)).unwrap();
        });
    }
}

#[test]
fn a_request_that_is_overtaken_while_merging_merges_again() {
    let service = Service::new();
    let token = service.login();
    let slow = service.open(&token);
    slow.update("n", 0, |n: u32| n + 1).unwrap();
    overtake(&service, &token, 100);
    service.save(&slow);
    assert_eq!(service.open(&token).get::<u32>("n").unwrap(), Some(101));
}

#[test]
fn a_request_that_is_always_overtaken_gives_up_and_changes_nothing() {
    let service = Service::new();
    let token = service.login();
    let slow = service.open(&token);
    slow.put("slow", 1).unwrap();
    overtake(&service, &token, 1_000);
    let error = block_on(service.manager.commit(&slow)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let record = service.stored(id_of(&token)).unwrap();
    assert!(!record.data().contains("slow"));
    assert!(record.data().get::<u32>("n").unwrap() > Some(8));
}

#[test]
fn flash_seen_by_all_is_consumed() {
    in_every_order(
        |session| session.flash("notice", "hi").unwrap(),
        &[
            |session| session.put("a", 1).unwrap(),
            |session| session.put("b", 2).unwrap(),
        ],
        |end, order| {
            assert!(end.all_flash().is_empty(), "{order:?}");
            assert_eq!(end.keys(), ["a", "b"]);
        },
    );
}

#[test]
fn flash_from_either_request_survives() {
    in_every_order(
        |session| session.flash("old", 0).unwrap(),
        &[
            |session| session.flash("a", 1).unwrap(),
            |session| session.flash("b", 2).unwrap(),
        ],
        |end, order| {
            let flash = end.all_flash().to_json();
            match order.last().unwrap() {
                // The last request saw the other's flash if it loaded after that commit.
                last if !overlaps(order) && before(order, (1 - last.actor, 1), (last.actor, 0)) => {
                    assert_eq!(end.all_flash().len(), 1, "{order:?}");
                }
                _ => assert_eq!(flash, r#"{"a":1,"b":2}"#, "{order:?}"),
            }
        },
    );
}

#[test]
fn the_same_flash_from_several_requests_survives() {
    let hi: Handler = |session| session.flash("notice", "hi").unwrap();
    // Even if all of them have just consumed the same text.
    in_every_order(hi, &[hi, hi, hi], |end, order| {
        assert_eq!(end.all_flash().to_json(), r#"{"notice":"hi"}"#, "{order:?}");
    });
}

#[test]
fn reflashed_flash_is_not_consumed_by_an_earlier_reader() {
    in_every_order(
        |session| session.flash("notice", "hi").unwrap(),
        &[
            |session| session.reflash().unwrap(),
            |session| session.put("a", 1).unwrap(),
        ],
        |end, order| {
            // It is consumed only if the other request loaded after the reflash, or committed
            // before the reflash was loaded.
            let seen = before(order, (0, 1), (1, 0)) || before(order, (1, 1), (0, 0));
            assert_eq!(end.has_flash("notice"), !seen, "{order:?}");
        },
    );
}

/// After a merge, the record contains flash from two versions. A third request saw one of them.
#[test]
fn after_a_merge_a_third_request_consumes_exactly_what_it_saw() {
    let service = Service::new();
    let token = service.login();
    let [first, second] = [service.open(&token), service.open(&token)];
    first.flash("early", 1).unwrap();
    service.commit(&first);
    let third = service.open(&token);
    assert_eq!(third.all_flash().to_json(), r#"{"early":1}"#);
    // The merge carries `early` along, which `second` never saw.
    second.flash("late", 2).unwrap();
    service.commit(&second);
    third.put("a", 1).unwrap();
    service.commit(&third);
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.flash_next().to_json(), r#"{"late":2}"#);
    assert_eq!(service.open(&token).all_flash().to_json(), r#"{"late":2}"#);
}

#[test]
fn flush_removes_what_it_saw_but_not_later_changes() {
    in_every_order(
        |session| {
            session.put("seen", 1).unwrap();
            session.put("changed", 1).unwrap();
        },
        &[
            |session| {
                session.put("own", 1).unwrap();
                session.flush().unwrap();
            },
            |session| {
                session.put("added", 2).unwrap();
                session.put("changed", 2).unwrap();
            },
        ],
        |end, order| {
            let saw_it_all = before(order, (1, 1), (0, 0));
            let expected = if saw_it_all {
                "{}"
            } else {
                r#"{"added":2,"changed":2}"#
            };
            assert_eq!(end.all().to_json(), expected, "{order:?}");
        },
    );
}
