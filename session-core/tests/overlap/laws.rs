//! The laws of merging, one by one, each in every order of its requests.

use std::thread;

use pollster::block_on;
use session_core::{ErrorKind, Session};

use crate::common::{Op, Site, id_of};
use crate::orders::{Step, requests};

type Handler = fn(&Session);

/// Runs the handlers on one session, in this order, and returns what a last request finds.
fn run(first: Handler, handlers: &[Handler], order: &[Step]) -> Session {
    let site = Site::new();
    let token = site.request(first);
    let mut open: Vec<Option<Session>> = vec![None; handlers.len()];
    for step in order {
        if step.nth == 0 {
            open[step.actor] = Some(site.open(&token));
        } else {
            let session = open[step.actor].take().unwrap();
            handlers[step.actor](&session);
            site.commit(&session);
        }
    }
    site.open(&token)
}

fn in_every_order(first: Handler, handlers: &[Handler], check: impl Fn(&Session, &[Step])) {
    for order in requests(handlers.len()) {
        check(&run(first, handlers, &order), &order);
    }
}

/// Whether all have loaded before any commits.
fn overlaps(order: &[Step]) -> bool {
    order[..order.len() / 2].iter().all(|step| step.nth == 0)
}

/// Whether actor `a` made its step `a_nth` before `b` made its `b_nth`.
fn before(order: &[Step], a: (usize, usize), b: (usize, usize)) -> bool {
    let at = |(actor, nth)| order.iter().position(|step| *step == Step { actor, nth });
    at(a) < at(b)
}

#[test]
fn disjoint_keys_both_survive() {
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
fn of_two_puts_under_one_key_the_one_that_saves_last_wins() {
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
    // All load first, so the n-th to commit meets n - 1 changes that it has not seen.
    let (loads, commits) = ([0, 1, 2, 3, 4, 5], [3, 1, 5, 0, 4, 2]);
    let order: Vec<Step> = loads
        .map(|actor| Step { actor, nth: 0 })
        .into_iter()
        .chain(commits.map(|actor| Step { actor, nth: 1 }))
        .collect();
    let end = run(count, &[count; 6], &order);
    assert_eq!(end.get::<u32>("n").unwrap(), Some(7));
}

#[test]
fn a_counter_is_exact_while_eight_threads_make_requests() {
    let site = Site::new();
    let token = site.login();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let session = site.open(&token);
                    session.update("n", 0, |n: u32| n + 1).unwrap();
                    site.commit(&session);
                }
            });
        }
    });
    assert_eq!(site.open(&token).get::<u32>("n").unwrap(), Some(400));
}

/// Lets a faster request count before each of the next `times` saves.
fn beat(site: &Site, token: &str, times: usize) {
    for _ in 0..times {
        let (manager, token) = (site.manager.clone(), token.to_owned());
        site.store.before(Op::Save, move || {
            let fast = block_on(manager.open([&*token])).unwrap();
            fast.update("n", 0, |n: u32| n + 1).unwrap();
            block_on(manager.commit(&fast)).unwrap();
        });
    }
}

#[test]
fn a_request_that_is_beaten_while_it_merges_merges_again() {
    let site = Site::new();
    let token = site.login();
    let slow = site.open(&token);
    slow.update("n", 0, |n: u32| n + 1).unwrap();
    beat(&site, &token, 100);
    site.save(&slow);
    assert_eq!(site.open(&token).get::<u32>("n").unwrap(), Some(101));
}

#[test]
fn a_request_that_is_always_beaten_gives_up_and_changes_nothing() {
    let site = Site::new();
    let token = site.login();
    let slow = site.open(&token);
    slow.put("slow", 1).unwrap();
    beat(&site, &token, 1_000);
    let error = block_on(site.manager.commit(&slow)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let record = site.stored(id_of(&token)).unwrap();
    assert!(!record.data().contains("slow"));
    assert!(record.data().get::<u32>("n").unwrap() > Some(8));
}

#[test]
fn flash_consumed_by_both_is_gone_once() {
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
fn flash_added_by_either_survives() {
    in_every_order(
        |session| session.flash("old", 0).unwrap(),
        &[
            |session| session.flash("a", 1).unwrap(),
            |session| session.flash("b", 2).unwrap(),
        ],
        |end, order| {
            let flash = end.all_flash().to_json();
            match order.last().unwrap() {
                // The last to commit saw the other's flash if it loaded after that was committed.
                last if !overlaps(order) && before(order, (1 - last.actor, 1), (last.actor, 0)) => {
                    assert_eq!(end.all_flash().len(), 1, "{order:?}");
                }
                _ => assert_eq!(flash, r#"{"a":1,"b":2}"#, "{order:?}"),
            }
        },
    );
}

#[test]
fn the_same_text_flashed_by_both_under_one_name_survives() {
    let hi: Handler = |session| session.flash("notice", "hi").unwrap();
    // Also where the text is the very one that both have just consumed.
    in_every_order(hi, &[hi, hi, hi], |end, order| {
        assert_eq!(end.all_flash().to_json(), r#"{"notice":"hi"}"#, "{order:?}");
    });
}

#[test]
fn flash_that_a_request_reflashed_is_not_consumed_by_one_that_saw_it_before() {
    in_every_order(
        |session| session.flash("notice", "hi").unwrap(),
        &[
            |session| session.reflash().unwrap(),
            |session| session.put("a", 1).unwrap(),
        ],
        |end, order| {
            // Gone only where the other request loaded what was reflashed, or it was the first by far.
            let seen = before(order, (0, 1), (1, 0)) || before(order, (1, 1), (0, 0));
            assert_eq!(end.has_flash("notice"), !seen, "{order:?}");
        },
    );
}

/// After a merge the record holds flash from two versions. A third request saw one of them.
#[test]
fn a_third_request_after_a_merge_consumes_exactly_what_it_saw() {
    let site = Site::new();
    let token = site.login();
    let [first, second] = [site.open(&token), site.open(&token)];
    first.flash("early", 1).unwrap();
    site.commit(&first);
    let third = site.open(&token);
    assert_eq!(third.all_flash().to_json(), r#"{"early":1}"#);
    // Merged onto what `first` saved, so it carries `early` along, which it never saw.
    second.flash("late", 2).unwrap();
    site.commit(&second);
    third.put("a", 1).unwrap();
    site.commit(&third);
    let stored = site.stored(id_of(&token)).unwrap();
    assert_eq!(stored.flash_next().to_json(), r#"{"late":2}"#);
    assert_eq!(site.open(&token).all_flash().to_json(), r#"{"late":2}"#);
}

#[test]
fn a_flush_beats_what_it_saw_and_not_what_came_later() {
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
