//! When reading renews a session.

use std::time::Duration;

use session_core::{Outcome, Renewal};

use crate::common::{Call, HOUR, LIFETIME, MILLI, MINUTE, Service, id_of};

/// Returns how long the client keeps the cookie.
fn ttl(outcome: &Outcome) -> Duration {
    match outcome {
        Outcome::Set(token) => token.ttl(),
        other => panic!("no cookie is set: {other:?}"),
    }
}

#[test]
fn a_tenth_of_the_lifetime_passes_before_a_renewal() {
    let service = Service::new();
    let token = service.login();
    let end = service.now() + LIFETIME;
    service.clock.advance(LIFETIME / 10 - MILLI);
    service.store.calls();
    let session = service.open(&token);
    assert_eq!(service.commit(&session), Outcome::Keep);
    assert_eq!(service.store.calls(), [Call::Load]);
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.expires_at(), Some(end));
}

#[test]
fn an_active_user_stays_logged_in() {
    let service = Service::new();
    let token = service.login();
    service.clock.advance(LIFETIME / 10);
    let session = service.open(&token);
    let outcome = service.commit(&session);
    assert_eq!(ttl(&outcome), LIFETIME);
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.expires_at(), Some(service.now() + LIFETIME));
    for _ in 0..10 {
        service.clock.advance(LIFETIME * 9 / 10 - MILLI);
        let session = service.open(&token);
        assert!(!session.is_new());
        assert!(!session.is_modified(), "a renewal is not a modification");
        service.commit(&session);
    }
}

#[test]
fn a_write_renews_once_a_tenth_of_the_lifetime_is_spent() {
    let service = Service::new();
    let token = service.login();
    let end = service.now() + LIFETIME;
    for (after, renews) in [(MINUTE, false), (LIFETIME / 10, true)] {
        service.clock.advance(after);
        let session = service.open(&token);
        session.put("a", 1).unwrap();
        let outcome = service.commit(&session);
        let stored = service.stored(id_of(&token)).unwrap();
        if renews {
            assert_eq!(ttl(&outcome), LIFETIME);
            assert_eq!(stored.expires_at(), Some(service.now() + LIFETIME));
        } else {
            assert_eq!(outcome, Outcome::Keep);
            assert_eq!(stored.expires_at(), Some(end));
        }
    }
}

/// The clock was stepped back, or the lifetime was shortened.
#[test]
fn the_lifetime_in_force_caps_what_is_left() {
    for renewal in [Renewal::OnUse, Renewal::OnWrite, Renewal::Always] {
        let service = Service::with(|builder| builder.renewal(renewal));
        let token = service.login();
        let shortened = service.rotated(|builder| builder.lifetime(HOUR).renewal(renewal));
        let session = shortened.open(&token);
        assert_eq!(ttl(&shortened.commit(&session)), HOUR, "{renewal:?}");
        let stored = service.stored(id_of(&token)).unwrap();
        assert_eq!(stored.expires_at(), Some(service.now() + HOUR));
    }
}

#[test]
fn renewal_on_write_ignores_reads() {
    let service = Service::with(|builder| builder.renewal(Renewal::OnWrite));
    let token = service.login();
    service.clock.advance(LIFETIME - MILLI);
    let session = service.open(&token);
    assert!(!session.is_new());
    assert_eq!(service.commit(&session), Outcome::Keep);
    service.clock.advance(MILLI);
    assert!(service.open(&token).is_new());
}

#[test]
fn renewal_always_renews_on_every_request() {
    let service = Service::with(|builder| builder.renewal(Renewal::Always));
    let token = service.login();
    let session = service.open(&token);
    assert_eq!(
        ttl(&service.commit(&session)),
        LIFETIME,
        "in the same millisecond"
    );
    service.clock.advance(MILLI);
    let session = service.open(&token);
    assert_eq!(ttl(&service.commit(&session)), LIFETIME);
    let stored = service.stored(id_of(&token)).unwrap();
    assert_eq!(stored.expires_at(), Some(service.now() + LIFETIME));
}

/// The default `touch` of a driver asks for a save.
#[test]
fn a_driver_without_touch_saves_to_renew() {
    for (renewal, after, renews) in [
        (Renewal::OnUse, LIFETIME / 10 - MILLI, false),
        (Renewal::OnUse, LIFETIME / 10, true),
        (Renewal::OnWrite, LIFETIME - MILLI, false),
        (Renewal::Always, MILLI, true),
    ] {
        let service = Service::minimal(|builder| builder.renewal(renewal));
        let token = service.login();
        service.clock.advance(after);
        let session = service.open(&token);
        let outcome = service.commit(&session);
        assert_eq!(
            outcome != Outcome::Keep,
            renews,
            "{renewal:?} after {after:?}"
        );
        assert_eq!(service.store.saves(), 1 + usize::from(renews));
        if renews {
            let record = service.store.record(id_of(&token));
            assert_eq!(record.expires_at(), Some(service.now() + LIFETIME));
            assert_eq!(record.data().to_json(), r#"{"user":"ada"}"#);
        }
    }
}

#[test]
fn a_renewal_by_saving_keeps_a_faster_write() {
    let service = Service::minimal(|builder| builder);
    let token = service.login();
    service.clock.advance(LIFETIME * 2 / 3);
    let [reader, writer] = [service.open(&token), service.open(&token)];
    writer.put("a", 1).unwrap();
    writer.flash("notice", "hi").unwrap();
    service.save(&writer);
    service.save(&reader);
    let record = service.store.record(id_of(&token));
    assert_eq!(record.data().to_json(), r#"{"a":1,"user":"ada"}"#);
    assert_eq!(record.flash_next().to_json(), r#"{"notice":"hi"}"#);
}

#[test]
fn a_renewal_does_not_resurrect_a_destroyed_session() {
    let service = Service::minimal(|builder| builder);
    let token = service.login();
    service.clock.advance(LIFETIME * 2 / 3);
    let [reader, logout] = [service.open(&token), service.open(&token)];
    logout.destroy().unwrap();
    assert_eq!(service.commit(&logout), Outcome::Clear);
    assert_eq!(service.commit(&reader), Outcome::Keep);
    assert_eq!(service.records(), 0);

    // The same with `touch`, which an absolute lifetime postpones until the commit.
    let service = Service::with(|builder| builder.absolute_lifetime(20 * HOUR));
    let token = service.login();
    service.clock.advance(LIFETIME * 2 / 3);
    let [reader, logout] = [service.open(&token), service.open(&token)];
    logout.destroy().unwrap();
    service.commit(&logout);
    service.store.calls();
    assert_eq!(service.commit(&reader), Outcome::Keep);
    assert_eq!(service.store.calls(), [Call::Touch]);
    assert_eq!(service.records(), 0);
}

/// A touch keeps the version, so the slow request finds no conflict.
#[test]
fn a_slow_write_does_not_shorten_a_life_that_another_request_extended() {
    for is_background in [false, true] {
        let service = Service::new();
        let token = service.login();
        let slow = service.open(&token);
        if is_background {
            slow.background();
        }
        service.clock.advance(HOUR);
        service.commit(&service.open(&token));
        let end = service.now() + LIFETIME;
        service.clock.advance(HOUR + MINUTE);
        slow.put("a", 1).unwrap();
        service.commit(&slow);
        let stored = service.stored(id_of(&token)).unwrap();
        assert!(stored.expires_at() >= Some(end), "{is_background}");
        assert_eq!(service.open(&token).get("a").unwrap(), Some(1));
    }
}
