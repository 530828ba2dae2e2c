//! What a reload changes for the rest of the request. The model found each of these.

use pollster::block_on;
use session_core::{ErrorKind, Outcome};

use super::save::reload;
use crate::common::{Service, token};

/// Flashes a notice from another request.
fn notify(service: &Service, token: &str, notice: &str) {
    let other = service.open(token);
    other.flash("notice", notice).unwrap();
    service.commit(&other);
}

fn notice(service: &Service, token: &str) -> Option<String> {
    service.open(token).get_flash("notice").unwrap()
}

#[test]
fn flash_that_was_seen_before_a_reload_is_not_stored_under_a_new_id() {
    let service = Service::new();
    let old = service.login();
    notify(&service, &old, "first");
    let session = service.open(&old);
    assert!(session.has_flash("notice"));
    assert!(reload(&session));
    session.regenerate().unwrap();
    let new = token(&service.commit(&session));
    assert_eq!(notice(&service, &new), None);
}

#[test]
fn a_flush_after_a_reload_removes_what_others_stored_meanwhile() {
    let service = Service::new();
    let token = service.login();
    let before = service.open(&token);
    before.put("a", 1).unwrap();
    service.commit(&before);
    let session = service.open(&token);
    session.flush().unwrap();
    let other = service.open(&token);
    other.put("cart", 1).unwrap();
    service.commit(&other);
    assert!(reload(&session) && session.has("cart"));
    session.flush().unwrap();
    let late = service.open(&token);
    late.put("late", 1).unwrap();
    service.commit(&late);
    service.commit(&session);
    assert_eq!(service.open(&token).keys(), ["late"], "it saw the cart");
}

#[test]
fn a_reload_of_a_session_that_has_ended_drops_its_new_id() {
    let service = Service::new();
    let old = service.login();
    let session = service.open(&old);
    session.regenerate().unwrap();
    session.put("user", 7).unwrap();
    let first = service.open(&old);
    first.regenerate().unwrap();
    let first = token(&service.commit(&first));
    assert!(!reload(&session), "it has another id");
    assert_eq!(service.commit(&session), Outcome::Keep);
    // Only what the first request stored, and the mark.
    assert_eq!(service.records(), 2);
    assert!(!service.open(&first).is_new());
    assert_eq!(
        session.peek_id(),
        None,
        "as if it had found the mark when it was opened"
    );
}

#[test]
fn a_reload_that_fails_does_not_let_the_commit_overwrite_anything() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.update("n", 0, |n: u32| n + 1).unwrap();
    let other = service.open(&token);
    other.put("n", "text").unwrap();
    service.commit(&other);
    let error = block_on(session.reload()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(session.get("n").unwrap(), Some(1));
    let error = block_on(service.manager.commit(&session)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(
        service.open(&token).get("n").unwrap(),
        Some("text".to_owned())
    );
}

#[test]
fn a_background_request_that_reloaded_leaves_the_flash_that_is_stored_now() {
    let service = Service::new();
    let token = service.login();
    notify(&service, &token, "first");
    let session = service.open(&token);
    // The next page shows the first notice and leaves another one.
    notify(&service, &token, "second");
    assert!(reload(&session));
    session.background();
    session.put("polled", true).unwrap();
    service.commit(&session);
    assert_eq!(notice(&service, &token), Some("second".to_owned()));
}
