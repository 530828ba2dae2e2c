//! When a session ends: after a time without use, after a time at all, and whatever the driver says.

use std::time::Duration;

use session_core::{Clock, Outcome, Record, Timestamp};

use crate::common::{HOUR, LIFETIME, MINUTE, Site, id_of};

const MILLI: Duration = Duration::from_millis(1);

/// security.md 9.
#[test]
fn s09_a_session_that_is_not_used_ends_to_the_millisecond() {
    let site = Site::with(|builder| builder.lifetime(10 * MINUTE));
    let token = site.login();
    let other = site.login();
    site.clock.advance(10 * MINUTE - MILLI);
    assert!(!site.open(&token).is_new());
    let site_only_reads = site.open(&other);
    drop(site_only_reads);
    site.clock.advance(10 * MINUTE);
    assert!(site.open(&token).is_new());
}

/// security.md 9 and 11: the manager looks at the expiry itself, so that a driver that keeps everything for
/// ever, as one whose records live in the cookie does, still refuses what is past.
#[test]
fn s09_s11_an_expired_record_that_the_driver_returns_is_refused() {
    let site = Site::plain(|builder| builder);
    let token = site.login();
    site.clock.advance(LIFETIME - MILLI);
    assert!(!site.open(&token).is_new());
    site.clock.advance(MILLI);
    let replayed = site.open(&token);
    assert!(replayed.is_new() && replayed.is_available());
    assert!(replayed.all().is_empty());
    assert_ne!(replayed.id().unwrap().as_str(), id_of(&token));
    assert_eq!(site.store.len(), 1, "it is the driver's to sweep");
}

#[test]
fn a_record_without_an_expiry_is_refused() {
    let site = Site::plain(|builder| builder);
    let token = site.login();
    site.store.insert(
        id_of(&token),
        &format!(r#"{{"id":"{}","data":{{"user":"eve"}}}}"#, id_of(&token)),
    );
    assert!(site.open(&token).is_new());
}

#[test]
fn with_the_migration_option_it_is_accepted_once_and_given_one() {
    let site = Site::plain(|builder| builder.accept_without_expiry(true));
    let token = site.login();
    site.store.insert(
        id_of(&token),
        &format!(r#"{{"id":"{}","data":{{"user":"bob"}}}}"#, id_of(&token)),
    );
    let session = site.open(&token);
    assert_eq!(session.get::<String>("user").unwrap().unwrap(), "bob");
    assert_eq!(session.expires_at(), None);
    site.save(&session);
    let record = site.store.record(id_of(&token));
    assert_eq!(record.expires_at(), Some(site.now() + LIFETIME));
    assert_eq!(record.data().to_json(), r#"{"user":"bob"}"#);
}

/// security.md 10.
#[test]
fn s10_the_absolute_lifetime_holds_despite_activity() {
    let site = Site::with(|builder| builder.absolute_lifetime(5 * HOUR));
    let token = site.login();
    let began = site.now();
    for n in 0..9 {
        site.clock.advance(HOUR / 2);
        let session = site.open(&token);
        assert!(!session.is_new(), "after {n} half hours");
        // Half of the requests write and half only read.
        if n % 2 == 0 {
            session.put("n", n).unwrap();
        }
        if let Outcome::Set(token) = site.commit(&session) {
            assert!(site.now() + token.ttl() <= began + 5 * HOUR);
        }
        let record = site.stored(id_of(&token)).unwrap();
        assert_eq!(record.created_at(), Some(began));
        assert!(record.expires_at().unwrap() <= began + 5 * HOUR);
    }
    site.clock.advance(HOUR / 2 - MILLI);
    assert!(!site.open(&token).is_new());
    site.clock.advance(MILLI);
    assert!(site.open(&token).is_new());
}

/// security.md 10: with a driver that keeps everything, whatever expiry its record claims.
#[test]
fn s10_a_record_past_its_absolute_end_is_refused_whatever_its_expiry() {
    let site = Site::plain(|builder| builder.absolute_lifetime(5 * HOUR));
    let token = site.login();
    let id = id_of(&token);
    let record = |began: Timestamp| {
        let (exp, iat) = ((site.now() + HOUR).as_millis(), began.as_millis());
        format!(r#"{{"id":"{id}","data":{{}},"flash_next":{{}},"exp":{exp},"iat":{iat}}}"#)
    };
    let now = site.now().as_millis();
    let five_hours = 5 * 60 * 60 * 1000;
    site.store
        .insert(id, &record(Timestamp::from_millis(now - five_hours + 1)));
    assert!(!site.open(&token).is_new());
    site.store
        .insert(id, &record(Timestamp::from_millis(now - five_hours)));
    assert!(site.open(&token).is_new());
}

/// security.md 10: a new id is not a new beginning.
#[test]
fn s10_regenerate_keeps_the_beginning() {
    let site = Site::with(|builder| builder.absolute_lifetime(5 * HOUR));
    let mut token = site.login();
    let began = site.now();
    for _ in 0..4 {
        site.clock.advance(HOUR);
        let session = site.open(&token);
        session.regenerate().unwrap();
        token = site.save(&session);
        let record = site.stored(id_of(&token)).unwrap();
        assert_eq!(record.created_at(), Some(began));
    }
    site.clock.advance(HOUR);
    assert!(site.open(&token).is_new());
}

#[test]
fn what_is_written_after_a_logout_begins_anew() {
    let site = Site::with(|builder| builder.absolute_lifetime(5 * HOUR));
    let token = site.login();
    site.clock.advance(HOUR);
    let session = site.open(&token);
    session.destroy().unwrap();
    session.put("cart", 1).unwrap();
    let record = site.stored(id_of(&site.save(&session))).unwrap();
    assert_eq!(record.created_at(), Some(site.now()));
}

#[test]
fn a_record_from_before_there_was_an_absolute_lifetime_gets_its_beginning_when_it_is_seen() {
    let site = Site::plain(|builder| builder.absolute_lifetime(5 * HOUR));
    let token = site.login();
    let id = id_of(&token);
    let exp = (site.now() + HOUR).as_millis();
    site.store.insert(
        id,
        &format!(r#"{{"id":"{id}","data":{{"a":1}},"exp":{exp}}}"#),
    );
    let session = site.open(&token);
    assert!(!session.is_modified(), "the request only reads");
    site.save(&session);
    let record = site.store.record(id);
    assert_eq!(record.created_at(), Some(site.now()));
    assert_eq!(record.data().to_json(), r#"{"a":1}"#);
}

/// Without an absolute lifetime nothing says when a session began: the seed's records have no such field.
#[test]
fn without_an_absolute_lifetime_no_beginning_is_recorded() {
    let site = Site::plain(|builder| builder);
    let json = site.store.json(id_of(&site.login())).unwrap();
    assert!(!json.contains("iat"), "{json}");
}

/// security.md 12.
#[test]
fn s12_a_browser_session_cookie_still_ends_on_the_server() {
    let cookie = session_core::CookieOptions::default().persistent(false);
    let site = Site::with(|builder| builder.cookie(cookie));
    let session = site.visit();
    session.put("user", "ada").unwrap();
    let outcome = site.commit(&session);
    let line = site.manager.set_cookie(&outcome).unwrap();
    assert!(
        !line.contains("Max-Age") && !line.contains("Expires"),
        "{line}"
    );
    let token = crate::common::token(&outcome);
    let record: Record = site.stored(id_of(&token)).unwrap();
    assert_eq!(record.expires_at(), Some(site.clock.now() + LIFETIME));
    site.clock.advance(LIFETIME);
    assert!(site.open(&token).is_new());
}

#[test]
fn no_lifetime_overflows() {
    let site = Site::with(|builder| {
        builder
            .lifetime(Duration::MAX)
            .absolute_lifetime(Duration::MAX)
    });
    let token = site.login();
    site.clock.advance(1_000_000 * HOUR);
    assert!(!site.open(&token).is_new());
}
