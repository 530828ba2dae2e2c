//! A session's own idle lifetime.

use std::time::Duration;

use session_core::{CookieOptions, ErrorKind, Outcome};

use crate::common::{HOUR, LIFETIME, Service, id_of, token};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A service whose cookies end with the browser.
fn service() -> Service {
    Service::with(|builder| builder.cookie(CookieOptions::default().persistent(false)))
}

fn set_cookie(service: &Service, outcome: &Outcome) -> String {
    let line = service.manager.set_cookie(outcome).unwrap();
    let attributes = line.split_once(';').unwrap().1;
    attributes.trim_start().to_owned()
}

#[test]
fn a_remembered_session_lives_for_its_own_lifetime_in_a_cookie_that_outlives_the_browser() {
    let service = service();
    let session = service.visit();
    session.put("user", "ada").unwrap();
    session.remember_for(MONTH).unwrap();
    let outcome = service.commit(&session);
    assert_eq!(
        set_cookie(&service, &outcome),
        "Path=/; SameSite=Lax; HttpOnly; Secure; Max-Age=2592000"
    );
    let token = token(&outcome);
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.expires_at(), Some(service.now() + MONTH));
    assert!(stored.to_json().contains(r#""remember":2592000000"#));

    // It is renewed by its own lifetime, once a tenth of that is spent.
    service.clock.advance(2 * DAY);
    assert_eq!(service.commit(&service.open(&token)), Outcome::Keep);
    service.clock.advance(DAY);
    let session = service.open(&token);
    assert_eq!(session.remembered_for(), Some(MONTH));
    let renewed = service.commit(&session);
    assert!(set_cookie(&service, &renewed).ends_with("Max-Age=2592000"));
    service.clock.advance(MONTH);
    assert!(service.open(&token).is_new());
}

#[test]
fn forgetting_brings_the_defaults_back() {
    let service = service();
    let token = service.request(|session| session.remember_for(MONTH).unwrap());
    let session = service.open(&token);
    session.forget_me().unwrap();
    let outcome = service.commit(&session);
    assert_eq!(
        set_cookie(&service, &outcome),
        "Path=/; SameSite=Lax; HttpOnly; Secure"
    );
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.expires_at(), Some(service.now() + LIFETIME));
    assert_eq!(stored.remembered_for(), None);

    let session = service.open(&token);
    session.forget_me().unwrap();
    assert!(!session.is_modified(), "there is nothing to forget");
}

#[test]
fn another_id_keeps_the_lifetime_and_a_logout_ends_it() {
    let service = service();
    let first = service.request(|session| session.remember_for(MONTH).unwrap());
    let session = service.open(&first);
    session.regenerate().unwrap();
    let second = token(&service.commit(&session));
    let stored = service.stored(id_of(&second)).unwrap();
    assert_eq!(stored.remembered_for(), Some(MONTH));

    let session = service.open(&second);
    session.destroy().unwrap();
    session.put("theme", "dark").unwrap();
    let outcome = service.commit(&session);
    assert_eq!(
        set_cookie(&service, &outcome),
        "Path=/; SameSite=Lax; HttpOnly; Secure"
    );
    assert_eq!(
        service
            .stored(id_of(&token(&outcome)))
            .unwrap()
            .remembered_for(),
        None
    );
}

/// Security checklist, statement 10: the absolute timeout holds despite `remember_for`.
#[test]
fn s10_the_absolute_lifetime_caps_a_remembered_session() {
    let service = Service::with(|builder| builder.absolute_lifetime(DAY));
    let token = service.request(|session| {
        session.put("user", "ada").unwrap();
        session.remember_for(MONTH).unwrap();
    });
    assert_eq!(service.open(&token).expires_at(), Some(service.now() + DAY));
    service.clock.advance(DAY);
    assert!(service.open(&token).is_new());
}

#[test]
fn a_lifetime_under_a_second_is_an_error() {
    let service = service();
    let session = service.visit();
    for lifetime in [Duration::ZERO, Duration::from_millis(999)] {
        let error = session.remember_for(lifetime).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    assert!(!session.is_modified());
    session.put("a", 1).unwrap();
    session.remember_for(Duration::MAX).unwrap();
    let token = token(&service.commit(&session));
    service.clock.advance(100 * MONTH);
    assert!(!service.open(&token).is_new());
}

#[test]
fn overlapping_requests_merge_the_lifetime() {
    let service = service();
    let token = service.login();
    let (remembering, writing) = (service.open(&token), service.open(&token));
    remembering.remember_for(MONTH).unwrap();
    writing.put("theme", "dark").unwrap();
    service.commit(&remembering);
    service.commit(&writing);
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.remembered_for(), Some(MONTH));
    assert_eq!(stored.expires_at(), Some(service.now() + MONTH));

    let (writing, forgetting) = (service.open(&token), service.open(&token));
    writing.put("theme", "light").unwrap();
    forgetting.forget_me().unwrap();
    service.commit(&writing);
    service.clock.advance(HOUR);
    service.commit(&forgetting);
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.remembered_for(), None);
    assert_eq!(stored.expires_at(), Some(service.now() + LIFETIME));
    assert_eq!(
        stored.data().get::<String>("theme").unwrap().unwrap(),
        "light"
    );
}
