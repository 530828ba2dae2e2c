//! Saving and reloading by hand.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pollster::block_on;
use session_core::{Driver as _, ErrorKind, Expected, Outcome, Record, Saved, Session};
use test_support::probe::Hold;

use crate::common::{Call, HOUR, Service, id_of, token};

pub(super) fn save(session: &Session) {
    block_on(session.save()).unwrap();
}

fn reload(session: &Session) -> bool {
    block_on(session.reload()).unwrap()
}

pub(super) fn kind(result: Result<(), session_core::Error>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn a_handler_saves_and_goes_on_writing() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.put("step", 1).unwrap();
    save(&session);
    assert_eq!(service.open(&token).get("step").unwrap(), Some(1));
    assert!(!session.is_modified());
    session.update("step", 0, |step: u32| step + 1).unwrap();
    service.store.calls();
    service.commit(&session);
    assert_eq!(service.store.calls(), [Call::Save], "the version is known");
    assert_eq!(service.open(&token).get("step").unwrap(), Some(2));
}

#[test]
fn a_session_that_begins_with_a_save_gets_its_cookie_with_the_response() {
    let service = Service::new();
    let session = service.visit();
    session.put("step", 1).unwrap();
    save(&session);
    assert_eq!(service.records(), 1);
    assert!(!session.is_new());
    let token = token(&service.commit(&session));
    assert_eq!(service.open(&token).get("step").unwrap(), Some(1));
    assert_eq!(service.records(), 1);
}

#[test]
fn a_new_session_whose_save_lost_its_answer_is_saved_again() {
    for is_stored in [true, false] {
        let service = Service::new();
        let session = service.visit();
        session.put("step", 1).unwrap();
        let id = session.id().unwrap();
        if is_stored {
            let json = format!(r#"{{"id":"{}","data":{{"step":1}}}}"#, id.as_str());
            let record = Record::from_json(json).unwrap();
            let saved = service.store.driver.save(&record, Expected::Absent, HOUR);
            assert!(matches!(block_on(saved).unwrap(), Saved::Done { .. }));
        }
        service.store.fail(&[Call::Save]);
        assert_eq!(kind(block_on(session.save())), ErrorKind::Unavailable);
        service.store.fail(&[]);
        session.put("more", 2).unwrap();
        save(&session);
        let token = token(&service.commit(&session));
        assert_eq!(id_of(&token), id.as_str());
        let session = service.open(&token);
        assert_eq!(session.all().to_json(), r#"{"more":2,"step":1}"#);
        assert_eq!(service.records(), 1);
    }
}

#[test]
fn a_regenerated_or_ended_session_that_was_saved_gets_its_cookie_with_the_response() {
    let service = Service::new();
    let old = service.login();
    let session = service.open(&old);
    session.regenerate().unwrap();
    save(&session);
    session.put("more", 1).unwrap();
    let new = token(&service.commit(&session));
    assert_ne!(id_of(&old), id_of(&new));
    assert_eq!(service.open(&new).get("more").unwrap(), Some(1));

    let session = service.open(&new);
    session.destroy().unwrap();
    save(&session);
    assert!(service.stored(id_of(&new)).is_none());
    assert_eq!(service.commit(&session), Outcome::Clear);
}

#[test]
fn what_others_stored_is_merged_and_visible() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    let other = service.open(&token);
    other.put("theirs", 1).unwrap();
    other.flash("notice", "hi").unwrap();
    service.commit(&other);
    session.put("ours", 2).unwrap();
    assert!(reload(&session));
    assert_eq!(
        session.all().to_json(),
        r#"{"ours":2,"theirs":1,"user":"ada"}"#
    );
    assert_eq!(
        service.open(&token).get::<u32>("ours").unwrap(),
        None,
        "a reload saves nothing"
    );

    let other = service.open(&token);
    other.background();
    other.put("theirs", 2).unwrap();
    service.commit(&other);
    save(&session);
    assert_eq!(
        session.all().to_json(),
        r#"{"ours":2,"theirs":2,"user":"ada"}"#
    );
    service.commit(&session);
    let next = service.open(&token);
    assert!(next.has_flash("notice"), "no page has seen it");
    assert_eq!(next.all(), session.all());
}

#[test]
fn a_reload_does_not_bring_back_flash_that_this_request_has_seen() {
    let service = Service::new();
    let token = service.request(|session| session.flash("notice", "hi").unwrap());
    let session = service.open(&token);
    let other = service.open(&token);
    other.background();
    other.put("theirs", 1).unwrap();
    service.commit(&other);
    assert!(reload(&session));
    assert!(session.has_flash("notice"));
    service.commit(&session);
    assert!(!service.open(&token).has_flash("notice"));
    assert_eq!(service.open(&token).get("theirs").unwrap(), Some(1));
}

#[test]
fn a_session_that_ended_reads_as_empty_and_stores_nothing() {
    for ends in [
        |session: &Session| session.destroy().unwrap(),
        |session: &Session| session.regenerate().unwrap(),
    ] {
        let service = Service::new();
        let token = service.login();
        let session = service.open(&token);
        let other = service.open(&token);
        ends(&other);
        service.commit(&other);
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

#[test]
fn a_failed_save_loses_nothing_and_counts_nothing_twice() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.update("count", 0, |n: u32| n + 1).unwrap();
    session.put("a", 1).unwrap();
    service.store.fail(&[Call::Save]);
    assert_eq!(kind(block_on(session.save())), ErrorKind::Unavailable);
    service.store.fail(&[]);
    session.update("count", 0, |n: u32| n + 1).unwrap();
    session.forget("a").unwrap();
    session.flash("notice", "hi").unwrap();

    // Another request changes the count meanwhile, so the updates run again.
    let other = service.open(&token);
    other.put("count", 10).unwrap();
    other.put("a", 5).unwrap();
    service.commit(&other);
    save(&session);
    service.commit(&session);
    let next = service.open(&token);
    assert_eq!(next.get("count").unwrap(), Some(12));
    assert!(!next.has("a"));
    assert!(next.has_flash("notice"));
}

#[test]
fn a_save_that_is_dropped_halfway_keeps_what_was_written() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.put("a", 1).unwrap();
    service.store.hold(Hold::Save);
    {
        let mut saving = pin!(session.save());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(saving.as_mut().poll(&mut cx).is_pending());
        // Meanwhile the session can be read and written, but its id cannot change, and a commit waits.
        session.put("b", 2).unwrap();
        assert_eq!(kind(session.regenerate()), ErrorKind::Conflict);
        assert_eq!(kind(session.destroy()), ErrorKind::Conflict);
        let mut commit = pin!(service.manager.commit(&session));
        assert!(matches!(commit.as_mut().poll(&mut cx), Poll::Pending));
    }
    service.store.hold(Hold::Nothing);
    service.commit(&session);
    let next = service.open(&token);
    assert_eq!(
        (next.get("a").unwrap(), next.get("b").unwrap()),
        (Some(1), Some(2))
    );
}

#[test]
fn what_is_written_during_a_save_is_saved_by_the_next_one() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.update("count", 0, |n: u32| n + 1).unwrap();
    service.store.hold(Hold::Save);
    let mut saving = pin!(session.save());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(saving.as_mut().poll(&mut cx).is_pending());
    session.update("count", 0, |n: u32| n + 1).unwrap();
    service.store.hold(Hold::Nothing);
    block_on(saving).unwrap();
    assert_eq!(service.open(&token).get("count").unwrap(), Some(1));
    service.commit(&session);
    assert_eq!(service.open(&token).get("count").unwrap(), Some(2));
}

#[test]
fn an_unavailable_session_is_neither_saved_nor_reloaded() {
    let service = Service::new();
    let token = service.login();
    service.store.break_loads(true);
    let session = service.open(&token);
    assert_eq!(kind(block_on(session.save())), ErrorKind::Unavailable);
    assert_eq!(
        block_on(session.reload()).unwrap_err().kind(),
        ErrorKind::Unavailable
    );
}

/// Otherwise both would store the same update, and the one that conflicts would count it again.
#[test]
fn a_save_by_hand_waits_for_a_commit() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    save(&session);
    session.update("count", 0, |n: u32| n + 1).unwrap();
    service.store.hold(Hold::Save);
    let mut commit = pin!(service.manager.commit(&session));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(commit.as_mut().poll(&mut cx).is_pending());
    session.put("beside", 1).unwrap();
    let mut saving = pin!(session.save());
    assert!(saving.as_mut().poll(&mut cx).is_pending());
    service.store.hold(Hold::Nothing);
    block_on(commit).unwrap();
    block_on(saving).unwrap();
    let next = service.open(&token);
    assert_eq!(
        (next.get("count").unwrap(), next.get("beside").unwrap()),
        (Some(1), Some(1))
    );
}

/// The function of an update may use the session.
#[test]
fn a_reload_runs_updates_while_the_session_is_not_locked() {
    crate::common::without_deadlock(|| {
        let service = Service::new();
        let token = service.login();
        let session = service.open(&token);
        session.put("step", 5).unwrap();
        let step = || Session::current().unwrap().get_or("step", 1).unwrap();
        session.scope_sync(|| {
            session
                .update("count", 0, move |n: u32| n + step())
                .unwrap()
        });
        let scope = session.clone();
        block_on(scope.scope(async {
            assert!(session.reload().await.unwrap());
            session.save().await.unwrap();
        }));
        assert_eq!(service.open(&token).get("count").unwrap(), Some(5));
    });
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
        let other = service.open(&token);
        other.destroy().unwrap();
        service.commit(&other);
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
    let other = service.open(&token);
    other.destroy().unwrap();
    service.commit(&other);
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
    let next = crate::common::token(&short.commit(&session));
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
    let ends: [fn(&Session); 2] = [
        |session| session.destroy().unwrap(),
        |session| session.regenerate().unwrap(),
    ];
    let finds_out: [fn(&Session); 2] = [
        |session| assert!(!reload(session)),
        |session| {
            session.put("late", 1).unwrap();
            save(session);
        },
    ];
    for (end, finds_out) in ends
        .into_iter()
        .flat_map(|end| finds_out.map(|find| (end, find)))
    {
        let service = Service::new();
        let token = service.request(|session| {
            session.put("secret", 1).unwrap();
            session.remember_for(40 * HOUR).unwrap();
            session.flash("old", 1).unwrap();
        });
        let session = service.open(&token);
        session.put("early", 1).unwrap();
        let other = service.open(&token);
        end(&other);
        service.commit(&other);
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
    let ends: [fn(&Session); 2] = [
        |session| session.destroy().unwrap(),
        |session| session.regenerate().unwrap(),
    ];
    for end in ends {
        let service = Service::new();
        let token = service.login();
        let session = service.open(&token);
        let other = service.open(&token);
        end(&other);
        service.commit(&other);
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
    let json = format!(r#"{{"id":"{}","data":{{"step":1}}}}"#, id.as_str());
    let record = Record::from_json(json).unwrap();
    let saved = service.store.driver.save(&record, Expected::Absent, HOUR);
    assert!(matches!(block_on(saved).unwrap(), Saved::Done { .. }));
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
