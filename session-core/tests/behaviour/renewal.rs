//! When a session that is only read lives longer.

use std::time::Duration;

use session_core::{Outcome, Renewal};

use crate::common::{HOUR, LIFETIME, MINUTE, Op, Site, id_of};

const MILLI: Duration = Duration::from_millis(1);

/// How long the client is told that its cookie lives.
fn ttl(outcome: &Outcome) -> Duration {
    match outcome {
        Outcome::Set(token) => token.ttl(),
        other => panic!("no cookie is set: {other:?}"),
    }
}

#[test]
fn within_the_first_half_of_its_life_a_read_session_is_not_renewed() {
    let site = Site::new();
    let token = site.login();
    let end = site.now() + LIFETIME;
    site.clock.advance(LIFETIME / 2);
    site.store.calls();
    let session = site.open(&token);
    assert_eq!(site.commit(&session), Outcome::Keep);
    assert_eq!(site.store.calls(), [Op::Load]);
    let stored = site.stored(id_of(&token)).unwrap();
    assert_eq!(stored.expires_at(), Some(end));
}

#[test]
fn once_half_its_life_is_spent_a_read_session_is_renewed_and_the_cookie_set_again() {
    let site = Site::new();
    let token = site.login();
    site.clock.advance(LIFETIME / 2 + MILLI);
    let session = site.open(&token);
    let outcome = site.commit(&session);
    assert_eq!(ttl(&outcome), LIFETIME);
    let stored = site.stored(id_of(&token)).unwrap();
    assert_eq!(stored.expires_at(), Some(site.now() + LIFETIME));
    // And so on: an active user stays logged in.
    for _ in 0..10 {
        site.clock.advance(LIFETIME * 3 / 4);
        let session = site.open(&token);
        assert!(!session.is_new());
        assert!(!session.is_modified(), "renewal is not a change");
        site.commit(&session);
    }
}

#[test]
fn a_written_session_is_always_renewed() {
    let site = Site::new();
    let token = site.login();
    site.clock.advance(MINUTE);
    let session = site.open(&token);
    session.put("a", 1).unwrap();
    assert_eq!(ttl(&site.commit(&session)), LIFETIME);
    let stored = site.stored(id_of(&token)).unwrap();
    assert_eq!(stored.expires_at(), Some(site.now() + LIFETIME));
}

#[test]
fn with_renewal_on_write_reading_does_not_renew() {
    let site = Site::with(|builder| builder.renewal(Renewal::OnWrite));
    let token = site.login();
    site.clock.advance(LIFETIME - MILLI);
    let session = site.open(&token);
    assert!(!session.is_new());
    assert_eq!(site.commit(&session), Outcome::Keep);
    site.clock.advance(MILLI);
    assert!(site.open(&token).is_new());
}

#[test]
fn with_renewal_always_every_request_renews() {
    let site = Site::with(|builder| builder.renewal(Renewal::Always));
    let token = site.login();
    site.clock.advance(MILLI);
    let session = site.open(&token);
    assert_eq!(ttl(&site.commit(&session)), LIFETIME);
    let stored = site.stored(id_of(&token)).unwrap();
    assert_eq!(stored.expires_at(), Some(site.now() + LIFETIME));
}

/// A driver with the four required methods: the default `touch` asks for a save.
#[test]
fn a_driver_that_cannot_touch_is_saved_again() {
    for (renewal, after, renews) in [
        (Renewal::HalfLife, LIFETIME / 2, false),
        (Renewal::HalfLife, LIFETIME / 2 + MILLI, true),
        (Renewal::OnWrite, LIFETIME - MILLI, false),
        (Renewal::Always, MILLI, true),
    ] {
        let site = Site::plain(|builder| builder.renewal(renewal));
        let token = site.login();
        site.clock.advance(after);
        let session = site.open(&token);
        let outcome = site.commit(&session);
        assert_eq!(
            outcome != Outcome::Keep,
            renews,
            "{renewal:?} after {after:?}"
        );
        assert_eq!(site.store.saves(), 1 + usize::from(renews));
        if renews {
            let record = site.store.record(id_of(&token));
            assert_eq!(record.expires_at(), Some(site.now() + LIFETIME));
            assert_eq!(record.data().to_json(), r#"{"user":"ada"}"#);
        }
    }
}

#[test]
fn a_renewal_by_saving_again_does_not_undo_a_faster_write() {
    let site = Site::plain(|builder| builder);
    let token = site.login();
    site.clock.advance(LIFETIME * 2 / 3);
    let [reader, writer] = [site.open(&token), site.open(&token)];
    writer.put("a", 1).unwrap();
    writer.flash("notice", "hi").unwrap();
    site.save(&writer);
    site.save(&reader);
    let record = site.store.record(id_of(&token));
    assert_eq!(record.data().to_json(), r#"{"a":1,"user":"ada"}"#);
    assert_eq!(record.flash_next().to_json(), r#"{"notice":"hi"}"#);
}

#[test]
fn a_renewal_does_not_bring_a_destroyed_session_back() {
    let site = Site::plain(|builder| builder);
    let token = site.login();
    site.clock.advance(LIFETIME * 2 / 3);
    let [reader, logout] = [site.open(&token), site.open(&token)];
    logout.destroy().unwrap();
    assert_eq!(site.commit(&logout), Outcome::Clear);
    assert_eq!(site.commit(&reader), Outcome::Keep);
    assert_eq!(site.store.len(), 0);

    // Likewise where the record is touched, which an absolute lifetime leaves to the end of the request.
    let site = Site::with(|builder| builder.absolute_lifetime(20 * HOUR));
    let token = site.login();
    site.clock.advance(LIFETIME * 2 / 3);
    let [reader, logout] = [site.open(&token), site.open(&token)];
    logout.destroy().unwrap();
    site.commit(&logout);
    site.store.calls();
    assert_eq!(site.commit(&reader), Outcome::Keep);
    assert_eq!(site.store.calls(), [Op::Touch]);
    assert_eq!(site.store.len(), 0);
}
