//! Saving and reloading by hand.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use pollster::block_on;
use session_core::{Driver as _, ErrorKind, Expected, Outcome, Record, Saved, Session, SessionId};
use test_support::probe::Hold;

use crate::common::{Call, HOUR, Service, id_of, token};

pub(super) fn save(session: &Session) {
    block_on(session.save()).unwrap();
}

pub(super) fn reload(session: &Session) -> bool {
    block_on(session.reload()).unwrap()
}

pub(super) fn kind(result: Result<(), session_core::Error>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// Stores what a session with the data `step: 1` stores, as when only the answer to its first save is lost.
pub(super) fn store_step(service: &Service, id: &SessionId) {
    let json = format!(r#"{{"id":"{}","data":{{"step":1}}}}"#, id.as_str());
    let record = Record::from_json(json).unwrap();
    let saved = service.store.driver.save(&record, Expected::Absent, HOUR);
    assert!(matches!(block_on(saved).unwrap(), Saved::Done { .. }));
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
            store_step(&service, &id);
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
