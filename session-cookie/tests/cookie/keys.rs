//! Which secrets open a cookie, and what rotating them does to it.

use session_core::{KeyRing, Outcome, Secret, SessionManager};

use crate::common::{
    attributes, builder, clock, commit, keys, minutes, open, payload, save, token, visit,
};
use crate::{OTHER, SECRET, START, manager};

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn begin(manager: &SessionManager) -> String {
    let session = visit(manager);
    session.put("user", 42).unwrap();
    session.flash("notice", "hi").unwrap();
    let token = save(manager, &session);
    // The flash ages, so that reading alone changes nothing from here on.
    save(manager, &open(manager, &token))
}

#[test]
fn managers_with_one_secret_share_their_sessions() {
    let clock = clock(START);
    let (one, two) = (manager(&clock), manager(&clock));
    let token = begin(&one);
    let session = open(&two, &token);
    assert_eq!(session.get("user").unwrap(), Some(42));
    session.put("from", "two").unwrap();
    let token = save(&two, &session);
    assert_eq!(
        open(&one, &token).get("from").unwrap(),
        Some("two".to_owned())
    );
}

#[test]
fn another_secret_opens_nothing() {
    let clock = clock(START);
    let token = begin(&manager(&clock));
    let other = builder(keys(OTHER), &clock).build().unwrap();
    let session = open(&other, &token);
    assert!(session.is_new());
    assert!(session.all().is_empty());
    assert_eq!(commit(&other, &session), Outcome::Keep);
}

#[test]
fn a_cookie_under_an_old_key_is_issued_again_under_the_new_one() {
    let clock = clock(START);
    let old = begin(&manager(&clock));
    let ring = KeyRing::new(secret(OTHER)).with_previous(secret(SECRET));
    let rotated = builder(ring, &clock).build().unwrap();

    // Less than half of its life is spent: it gets no new one.
    clock.advance(minutes(45));
    let session = open(&rotated, &old);
    assert_eq!(session.get("user").unwrap(), Some(42));
    let outcome = commit(&rotated, &session);
    let new = token(&outcome);
    assert_eq!(payload(&new), payload(&old));
    assert_ne!(new, old);
    let line = rotated.set_cookie(&outcome).unwrap();
    assert!(
        attributes(&line).contains("max-age=4500"),
        "what remains of it: {line}"
    );

    // The old secret can go now, and the new cookie is not issued a third time.
    let later = builder(keys(OTHER), &clock).build().unwrap();
    let session = open(&later, &new);
    assert_eq!(session.get("user").unwrap(), Some(42));
    assert_eq!(commit(&later, &session), Outcome::Keep);
    let session = open(&rotated, &new);
    assert_eq!(commit(&rotated, &session), Outcome::Keep);
}

#[test]
fn a_cookie_under_an_old_key_is_renewed_once_half_its_life_is_spent() {
    let clock = clock(START);
    let old = begin(&manager(&clock));
    let ring = KeyRing::new(secret(OTHER)).with_previous(secret(SECRET));
    let rotated = builder(ring, &clock).build().unwrap();
    clock.advance(minutes(61));
    let new = save(&rotated, &open(&rotated, &old));
    assert_eq!(
        payload(&new),
        payload(&old).replace("1700007200000", "1700010860000")
    );
    assert_eq!(keys(OTHER).verify(&new).unwrap().key, 0);
}

#[test]
fn a_write_moves_a_cookie_to_the_new_key_too() {
    let clock = clock(START);
    let old = begin(&manager(&clock));
    let ring = KeyRing::new(secret(OTHER)).with_previous(secret(SECRET));
    let rotated = builder(ring, &clock).build().unwrap();
    let session = open(&rotated, &old);
    session.put("seen", true).unwrap();
    let new = save(&rotated, &session);
    assert!(keys(OTHER).verify(&new).is_some());
    assert!(keys(SECRET).verify(&new).is_none());
}

#[test]
fn a_key_that_was_rotated_out_opens_nothing() {
    let clock = clock(START);
    let token = begin(&manager(&clock));
    let ring = KeyRing::new(secret("a third secret, not the one that signed it"))
        .with_previous(secret(OTHER));
    let later = builder(ring, &clock).build().unwrap();
    let session = open(&later, &token);
    assert!(session.is_new());
    assert!(session.all().is_empty());
}
