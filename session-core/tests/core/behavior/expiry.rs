//! When a session ends: after its idle lifetime, after its absolute lifetime, and independently of
//! the driver.

use std::time::Duration;

use session_core::{Clock, Outcome, Record, Timestamp};

use crate::common::{HOUR, LIFETIME, MILLI, MINUTE, Service, id_of};

/// Security checklist, statement 9.
#[test]
fn s09_an_idle_session_ends_to_the_millisecond() {
    let service = Service::with(|builder| builder.lifetime(10 * MINUTE));
    let token = service.login();
    let other = service.login();
    service.clock.advance(10 * MINUTE - MILLI);
    assert!(!service.open(&token).is_new());
    let unused = service.open(&other);
    drop(unused);
    service.clock.advance(10 * MINUTE);
    assert!(service.open(&token).is_new());
}

/// Security checklist, statements 9 and 11: the manager checks the expiry itself, because a driver
/// may keep records forever, as one does whose records live in cookies.
#[test]
fn s09_s11_an_expired_record_that_the_driver_returns_is_refused() {
    let service = Service::minimal(|builder| builder);
    let token = service.login();
    service.clock.advance(LIFETIME - MILLI);
    assert!(!service.open(&token).is_new());
    service.clock.advance(MILLI);
    let replayed = service.open(&token);
    assert!(replayed.is_new() && replayed.is_available());
    assert!(replayed.all().is_empty());
    assert_ne!(replayed.id().unwrap().as_str(), id_of(&token));
    assert_eq!(service.records(), 1, "only the driver removes it");
}

#[test]
fn a_record_without_an_expiry_is_refused() {
    let service = Service::minimal(|builder| builder);
    let token = service.login();
    service.store.insert(
        id_of(&token),
        &format!(r#"{{"id":"{}","data":{{"user":"eve"}}}}"#, id_of(&token)),
    );
    assert!(service.open(&token).is_new());
}

#[test]
fn accept_without_expiry_accepts_it_and_sets_an_expiry() {
    let service = Service::minimal(|builder| builder.accept_without_expiry(true));
    let token = service.login();
    service.store.insert(
        id_of(&token),
        &format!(r#"{{"id":"{}","data":{{"user":"bob"}}}}"#, id_of(&token)),
    );
    let session = service.open(&token);
    assert_eq!(session.get::<String>("user").unwrap().unwrap(), "bob");
    assert_eq!(session.expires_at(), None);
    service.save(&session);
    let record = service.store.record(id_of(&token));
    assert_eq!(record.expires_at(), Some(service.now() + LIFETIME));
    assert_eq!(record.data().to_json(), r#"{"user":"bob"}"#);
}

/// Security checklist, statement 10.
#[test]
fn s10_activity_does_not_extend_the_absolute_lifetime() {
    let service = Service::with(|builder| builder.absolute_lifetime(5 * HOUR));
    let token = service.login();
    let began = service.now();
    for n in 0..9 {
        service.clock.advance(HOUR / 2);
        let session = service.open(&token);
        assert!(!session.is_new(), "after {n} half hours");
        // Every other request only reads.
        if n % 2 == 0 {
            session.put("n", n).unwrap();
        }
        if let Outcome::Set(token) = service.commit(&session) {
            assert!(service.now() + token.ttl() <= began + 5 * HOUR);
        }
        let record = service.stored(id_of(&token)).unwrap();
        assert_eq!(record.created_at(), Some(began));
        assert!(record.expires_at().unwrap() <= began + 5 * HOUR);
    }
    service.clock.advance(HOUR / 2 - MILLI);
    assert!(!service.open(&token).is_new());
    service.clock.advance(MILLI);
    assert!(service.open(&token).is_new());
}

/// Security checklist, statement 10, with a driver that never forgets, and whatever expiry the
/// record claims.
#[test]
fn s10_a_record_past_its_absolute_end_is_refused_despite_its_expiry() {
    let service = Service::minimal(|builder| builder.absolute_lifetime(5 * HOUR));
    let token = service.login();
    let id = id_of(&token);
    let record = |began: Timestamp| {
        let (exp, iat) = ((service.now() + HOUR).as_millis(), began.as_millis());
        format!(r#"{{"id":"{id}","data":{{}},"flash_next":{{}},"exp":{exp},"iat":{iat}}}"#)
    };
    let now = service.now().as_millis();
    let five_hours = 5 * 60 * 60 * 1000;
    service
        .store
        .insert(id, &record(Timestamp::from_millis(now - five_hours + 1)));
    assert!(!service.open(&token).is_new());
    service
        .store
        .insert(id, &record(Timestamp::from_millis(now - five_hours)));
    assert!(service.open(&token).is_new());
}

/// Security checklist, statement 10: a new id does not restart the absolute lifetime.
#[test]
fn s10_regenerate_keeps_the_creation_time() {
    let service = Service::with(|builder| builder.absolute_lifetime(5 * HOUR));
    let mut token = service.login();
    let began = service.now();
    for _ in 0..4 {
        service.clock.advance(HOUR);
        let session = service.open(&token);
        session.regenerate().unwrap();
        token = service.save(&session);
        let record = service.stored(id_of(&token)).unwrap();
        assert_eq!(record.created_at(), Some(began));
    }
    service.clock.advance(HOUR);
    assert!(service.open(&token).is_new());
}

#[test]
fn a_logout_restarts_the_absolute_lifetime() {
    let service = Service::with(|builder| builder.absolute_lifetime(5 * HOUR));
    let token = service.login();
    service.clock.advance(HOUR);
    let session = service.open(&token);
    session.destroy().unwrap();
    session.put("cart", 1).unwrap();
    let record = service.stored(id_of(&service.save(&session))).unwrap();
    assert_eq!(record.created_at(), Some(service.now()));
}

#[test]
fn an_undated_record_gets_a_creation_time_when_it_is_read() {
    let service = Service::minimal(|builder| builder.absolute_lifetime(5 * HOUR));
    let token = service.login();
    let id = id_of(&token);
    let exp = (service.now() + HOUR).as_millis();
    service.store.insert(
        id,
        &format!(r#"{{"id":"{id}","data":{{"a":1}},"exp":{exp}}}"#),
    );
    let session = service.open(&token);
    assert!(!session.is_modified(), "the request only reads");
    service.save(&session);
    let record = service.store.record(id);
    assert_eq!(record.created_at(), Some(service.now()));
    assert_eq!(record.data().to_json(), r#"{"a":1}"#);
}

/// The records of `@rudderjs/session` have no creation time either.
#[test]
fn without_an_absolute_lifetime_no_creation_time_is_stored() {
    let service = Service::minimal(|builder| builder);
    let json = service.store.json(id_of(&service.login())).unwrap();
    assert!(!json.contains("iat"), "{json}");
}

/// Security checklist, statement 12.
#[test]
fn s12_a_browser_session_cookie_expires_on_the_server() {
    let cookie = session_core::CookieOptions::default().persistent(false);
    let service = Service::with(|builder| builder.cookie(cookie));
    let session = service.visit();
    session.put("user", "ada").unwrap();
    let outcome = service.commit(&session);
    let line = service.manager.set_cookie(&outcome).unwrap();
    assert!(
        !line.contains("Max-Age") && !line.contains("Expires"),
        "{line}"
    );
    let token = crate::common::token(&outcome);
    let record: Record = service.stored(id_of(&token)).unwrap();
    assert_eq!(record.expires_at(), Some(service.clock.now() + LIFETIME));
    service.clock.advance(LIFETIME);
    assert!(service.open(&token).is_new());
}

#[test]
fn the_longest_lifetimes_do_not_overflow() {
    let service = Service::with(|builder| {
        builder
            .lifetime(Duration::MAX)
            .absolute_lifetime(Duration::MAX)
    });
    let token = service.login();
    service.clock.advance(1_000_000 * HOUR);
    assert!(!service.open(&token).is_new());
}
