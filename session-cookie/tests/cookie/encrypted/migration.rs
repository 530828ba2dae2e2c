//! Turning encryption on and off while sessions live.

use session_cookie::CookieDriver;
use session_core::{KeyRing, ManualClock, Outcome, PlainRecords, SessionManager};
use session_sealed::Sealed;

use super::{encrypted, encrypted_with, handle, log_in, open, user};
use crate::common::{clock, commit, keys, minutes, payload, token};
use crate::{SECRET, START, manager};

fn with(keys: &KeyRing, clock: &ManualClock, plain_records: PlainRecords) -> SessionManager {
    encrypted_with(keys, clock, |driver| driver.plain_records(plain_records))
}

#[test]
fn s38_plain_and_encrypted_cookies_are_never_mistaken_for_each_other() {
    let (clock, keys) = (clock(START), keys(SECRET));
    let (plain, encrypted) = (manager(&clock), encrypted(&keys, &clock));
    assert!(open(&encrypted, &log_in(&plain)).is_new());
    let token = log_in(&encrypted);
    assert!(open(&plain, &token).is_new());
    // Nor by what is left when the mark is cut off, or put in front of a plain record.
    let cut = handle(&token).strip_prefix("v1.").unwrap();
    assert!(open(&plain, &keys.sign(cut.to_owned())).is_new());
    assert!(open(&encrypted, &keys.sign(cut.to_owned())).is_new());
    let marked = format!("v1.{}", handle(&log_in(&plain)));
    for manager in [&plain, &encrypted] {
        assert!(open(manager, &keys.sign(marked.clone())).is_new());
    }
}

#[test]
fn plain_cookies_are_accepted_if_asked_for_and_encrypted_with_the_next_response() {
    let (clock, keys) = (clock(START), keys(SECRET));
    let plain = log_in(&manager(&clock));
    let accepting = with(&keys, &clock, PlainRecords::Accept);
    let session = open(&accepting, &plain);
    assert_eq!(user(&session).as_deref(), Some("ada"));
    assert_eq!(commit(&accepting, &session), Outcome::Keep);
    clock.advance(minutes(60));
    let session = open(&accepting, &plain);
    let renewed = token(&commit(&accepting, &session));
    let refusing = encrypted(&keys, &clock);
    assert_eq!(user(&open(&refusing, &renewed)).as_deref(), Some("ada"));
}

#[test]
fn encrypted_cookies_open_and_become_plain_before_encryption_is_turned_off() {
    let (clock, keys) = (clock(START), keys(SECRET));
    let token_of_before = log_in(&encrypted(&keys, &clock));
    let writing = with(&keys, &clock, PlainRecords::Write);
    assert!(encrypted(&keys, &clock).is_sealed() && !writing.is_sealed());
    let session = open(&writing, &token_of_before);
    session.put("n", 1).unwrap();
    let plain = token(&commit(&writing, &session));
    assert!(payload(&plain).contains("ada"));
    for manager in [&manager(&clock), &writing] {
        assert_eq!(user(&open(manager, &plain)).as_deref(), Some("ada"));
    }
}

#[test]
fn s38_cookies_of_another_purpose_do_not_open() {
    let (clock, keys) = (clock(START), keys(SECRET));
    let of = |purpose: &str| encrypted_with(&keys, &clock, |driver| driver.purpose(purpose));
    let (shop, office, unnamed) = (of("shop"), of("office"), encrypted(&keys, &clock));
    let token = log_in(&shop);
    assert_eq!(user(&open(&shop, &token)).as_deref(), Some("ada"));
    assert!(open(&office, &token).is_new());
    assert!(open(&unnamed, &token).is_new());
}

#[test]
fn the_driver_for_stores_refuses_to_wrap_a_cookie_driver() {
    let error = Sealed::new(CookieDriver, &keys(SECRET)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "driver: keeps the sessions in the clients' cookies, where this encryption does not work; \
         use `CookieDriver::encrypted`"
    );
}
