//! Sessions that end, or get another id, while a request goes on: what a save or a reload by hand makes of them.

use std::pin::pin;
use std::task::{Context, Waker};

use pollster::block_on;
use session_core::{Driver as _, ErrorKind, Outcome, Session};
use test_support::probe::Hold;

use super::save::{kind, reload, save, store_step};
use crate::common::{Call, HOUR, Service, id_of};

/// How a session ends for the requests that have opened it: a logout, and a login.
const ENDS: [fn(&Session); 2] = [
    |session| session.destroy().unwrap(),
    |session| session.regenerate().unwrap(),
];

/// Lets another request end the session.
fn elsewhere(service: &Service, token: &str, end: fn(&Session)) {
    let other = service.open(token);
    end(&other);
    service.commit(&other);
}

#[test]
fn a_session_that_ended_reads_as_empty_and_stores_nothing() {
    for end in ENDS {
        let service = Service::new();
        let token = service.login();
        let session = service.open(&token);
        elsewhere(&service, &token, end);
        assert!(!reload(&session));
        assert!(session.all().is_empty());
        session.put("late", 1).unwrap();
        save(&session);
        assert_eq!(service.commit(&session), Outcome::Keep);
        assert!(
            service
                .stored(id_of(&token))
                .is_none_or(|record| record.data().is_empty())
        );
    }
}

/// What is left to the next request takes room. Once the session has ended, there is nothing to leave.
#[test]
fn a_session_that_ended_leaves_no_flash_that_takes_room() {
    let finds_out: [fn(&Session); 3] = [
        |session| save(session),
        |session| assert!(!reload(session)),
        |session| {
            assert!(!reload(session));
            session.background();
        },
    ];
    for finds_out in finds_out {
        let service = Service::with(|builder| builder.max_bytes(1_000));
        let token = service.request(|session| session.flash("old", 1).unwrap());
        let session = service.open(&token);
        session.flash("new", 2).unwrap();
        save(&session);
        elsewhere(&service, &token, ENDS[0]);
        session.put("n", 1).unwrap();
        finds_out(&session);
        let fits = |size: &usize| session.put("text", "x".repeat(*size)).is_ok();
        assert!((0..1_000).rev().any(|size| fits(&size)));
        assert_eq!(service.commit(&session), Outcome::Keep);
    }
}

#[test]
fn a_session_that_ended_before_its_first_save_leaves_no_flash_that_takes_room() {
    let service = Service::with(|builder| builder.max_bytes(1_000));
    let token = service.request(|session| session.flash("old", "x".repeat(100)).unwrap());
    let session = service.open(&token);
    elsewhere(&service, &token, ENDS[0]);
    assert!(!reload(&session));
    session.background();
    let fits = |size: &usize| session.put("text", "x".repeat(*size)).is_ok();
    assert!((0..1_000).rev().any(|size| fits(&size)));
    assert_eq!(service.commit(&session), Outcome::Keep);
}

/// The store may hold the record all the same: another release may have a longer absolute lifetime.
#[test]
fn what_a_reload_found_to_have_ended_stays_as_it_is_stored() {
    let writes: [fn(&Session); 4] = [
        |_| {},
        |session| session.put("late", 1).unwrap(),
        |session| {
            session.put("late", 1).unwrap();
            save(session);
        },
        |session| session.background(),
    ];
    for write in writes {
        let long = Service::with(|builder| builder.absolute_lifetime(24 * HOUR).lifetime(2 * HOUR));
        let token = long.request(|session| {
            session.put("user", 7).unwrap();
            session.flash("notice", "hi").unwrap();
        });
        let short = long.rotated(|builder| builder.lifetime(HOUR).absolute_lifetime(HOUR));
        let session = short.open(&token);
        session.update("late", 0, |n: u32| n + 1).unwrap();
        short.clock.advance(HOUR);
        assert!(!reload(&session));
        assert!(session.all().is_empty() && session.all_flash().is_empty());
        write(&session);
        assert_eq!(short.commit(&session), Outcome::Keep);
        assert!(!reload(&session));
        assert_eq!(short.records(), 1);
        let next = long.open(&token);
        assert_eq!(next.get("user").unwrap(), Some(7));
        assert!(!next.has("late"));
        assert!(next.has_flash("notice"));
    }
}

#[test]
fn a_logout_after_a_reload_removes_what_has_ended() {
    let long = Service::with(|builder| builder.absolute_lifetime(24 * HOUR).lifetime(2 * HOUR));
    let token = long.login();
    let short = long.rotated(|builder| builder.lifetime(HOUR).absolute_lifetime(HOUR));
    let session = short.open(&token);
    short.clock.advance(HOUR);
    assert!(!reload(&session));
    session.destroy().unwrap();
    session.put("next", 1).unwrap();
    let next = short.save(&session);
    assert!(long.open(&token).is_new());
    assert_eq!(short.open(&next).get("next").unwrap(), Some(1));
}

/// The client's cookie, if it has one, belongs to another session.
#[test]
fn a_logout_of_a_session_that_a_save_began_leaves_the_clients_cookie_alone() {
    let service = Service::new();
    let visitor = service.visit();
    let guest = service.login();
    let (late, login) = (guest.clone(), service.open(&guest));
    login.regenerate().unwrap();
    let user = service.save(&login);
    let late = service.open(&late);
    assert!(late.is_new(), "the session has moved");
    for session in [visitor, late] {
        let records = service.records();
        session.regenerate().unwrap();
        save(&session);
        assert_eq!(service.records(), records + 1);
        session.destroy().unwrap();
        assert_eq!(service.commit(&session), Outcome::Keep);
        assert_eq!(service.records(), records);
    }
    assert!(!service.open(&user).is_new());
}

/// As after a request that finds that its session has moved or ended.
#[test]
fn a_login_after_the_end_begins_a_session_of_its_own() {
    let finds_out: [fn(&Session); 2] = [
        |session| assert!(!reload(session)),
        |session| {
            session.put("late", 1).unwrap();
            save(session);
        },
    ];
    let both = |end| finds_out.map(|finds_out| (end, finds_out));
    for (end, finds_out) in ENDS.into_iter().flat_map(both) {
        let service = Service::new();
        let token = service.request(|session| {
            session.put("secret", 1).unwrap();
            session.remember_for(40 * HOUR).unwrap();
            session.flash("old", 1).unwrap();
        });
        let session = service.open(&token);
        session.put("early", 1).unwrap();
        elsewhere(&service, &token, end);
        finds_out(&session);
        assert!(session.is_new() && session.all().is_empty() && session.all_flash().is_empty());
        assert_eq!(session.remembered_for(), None);
        session.put("cart", 2).unwrap();
        session.regenerate().unwrap();
        session.put("user", 7).unwrap();
        let next = service.open(&service.save(&session));
        assert_eq!(next.keys(), ["cart", "user"]);
        assert!(next.all_flash().is_empty());
        assert_eq!(next.remembered_for(), None);
        assert!(!service.open(&token).has("cart"));
    }
}

#[test]
fn what_a_save_dropped_stays_dropped() {
    for end in ENDS {
        let service = Service::new();
        let token = service.login();
        let session = service.open(&token);
        elsewhere(&service, &token, end);
        assert!(!reload(&session));
        for n in 0..2 {
            session.put("late", n).unwrap();
            session.remember_for(40 * HOUR).unwrap();
            save(&session);
            assert!(!session.has("late") && !session.is_modified(), "{n}");
            assert_eq!(session.remembered_for(), None);
        }
        session.regenerate().unwrap();
        let next = service.open(&service.save(&session));
        assert!(next.all().is_empty());
        assert_eq!(next.remembered_for(), None);
    }
}

/// Two logins of one guest: each has a session of its own, and only one of them has the client's cookie.
#[test]
fn a_logout_after_a_second_login_leaves_the_first_ones_cookie_alone() {
    let service = Service::new();
    let guest = service.login();
    let [first, second] = [service.open(&guest), service.open(&guest)];
    first.regenerate().unwrap();
    let user = service.save(&first);
    second.regenerate().unwrap();
    save(&second);
    second.destroy().unwrap();
    assert_eq!(service.commit(&second), Outcome::Keep);
    assert!(!service.open(&user).is_new());
}

#[test]
fn a_logout_of_a_session_that_has_moved_leaves_the_login_alone() {
    let service = Service::new();
    let guest = service.login();
    let late = service.open(&guest);
    let login = service.open(&guest);
    login.regenerate().unwrap();
    let user = service.save(&login);
    assert!(!reload(&late));
    // Longer than the mark is kept.
    service.clock.advance(HOUR);
    late.destroy().unwrap();
    assert_eq!(service.commit(&late), Outcome::Keep);
    assert!(!service.open(&user).is_new());
}

/// The answer to its first save was lost, and it was revoked during the second one.
#[test]
fn a_new_session_that_was_revoked_does_not_come_back_under_its_id() {
    let service = Service::new();
    let session = service.visit();
    session.put("step", 1).unwrap();
    let id = session.id().unwrap();
    store_step(&service, &id);
    service.store.fail(&[Call::Save]);
    assert_eq!(kind(block_on(session.save())), ErrorKind::Unavailable);
    service.store.fail(&[]);

    service.store.hold(Hold::Save);
    let mut saving = pin!(session.save());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(saving.as_mut().poll(&mut cx).is_pending());
    block_on(service.store.driver.destroy(&id)).unwrap();
    service.store.hold(Hold::Nothing);
    block_on(saving).unwrap();
    assert!(session.all().is_empty());
    assert_eq!(service.commit(&session), Outcome::Keep);
    assert_eq!(service.records(), 0);
}
