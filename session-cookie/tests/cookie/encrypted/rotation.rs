//! Cookies that an older secret encrypted.

use session_core::Outcome;

use super::{both_keys, encrypted, handle, log_in, open, user};
use crate::common::{clock, commit, keys, minutes, token};
use crate::{OTHER, SECRET, START};

#[test]
fn s38_a_cookie_under_an_old_key_is_encrypted_anew_although_nothing_changed() {
    let clock = clock(START);
    let old = log_in(&encrypted(&keys(SECRET), &clock));
    clock.advance(minutes(1));
    let manager = encrypted(&both_keys(), &clock);
    let session = open(&manager, &old);
    assert_eq!(user(&session).as_deref(), Some("ada"));
    let outcome = commit(&manager, &session);
    let issued = token(&outcome);
    assert_ne!(handle(&issued), handle(&old));
    assert!(
        matches!(outcome, Outcome::Set(token) if token.ttl() == minutes(119)),
        "the remaining lifetime"
    );
    // From now on the old secret is not needed, and nothing is issued again.
    let manager = encrypted(&keys(OTHER), &clock);
    let session = open(&manager, &issued);
    assert_eq!(user(&session).as_deref(), Some("ada"));
    assert_eq!(commit(&manager, &session), Outcome::Keep);
}

/// The same, for a cookie whose signature is new and whose content is old.
#[test]
fn s38_a_renewal_encrypts_anew() {
    let clock = clock(START);
    let old = log_in(&encrypted(&keys(SECRET), &clock));
    let manager = encrypted(&both_keys(), &clock);
    let resigned = keys(OTHER).sign(handle(&old).to_owned());
    let session = open(&manager, &resigned);
    assert_eq!(commit(&manager, &session), Outcome::Keep);
    clock.advance(minutes(60));
    let issued = token(&commit(&manager, &open(&manager, &resigned)));
    let manager = encrypted(&keys(OTHER), &clock);
    assert_eq!(user(&open(&manager, &issued)).as_deref(), Some("ada"));
}

#[test]
fn s38_nothing_opens_once_its_secret_is_gone() {
    let clock = clock(START);
    let old = log_in(&encrypted(&keys(SECRET), &clock));
    let manager = encrypted(&keys(OTHER), &clock);
    assert!(open(&manager, &old).is_new());
    let resigned = keys(OTHER).sign(handle(&old).to_owned());
    assert!(open(&manager, &resigned).is_new());
}
