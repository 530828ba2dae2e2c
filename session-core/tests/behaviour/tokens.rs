//! What the client sends, and what it gets back.

use pollster::block_on;
use session_core::{ErrorKind, KeyRing, Outcome, Secret, Session};

use crate::common::{LIFETIME, Op, Site, id_of, secret, token};

fn open(site: &Site, tokens: &[&str]) -> Session {
    block_on(site.manager.open(tokens.iter().copied())).unwrap()
}

fn user(session: &Session) -> Option<String> {
    session.get("user").unwrap()
}

fn signed(handle: &str) -> String {
    KeyRing::new(secret()).sign(handle.to_owned())
}

/// security.md 22.
#[test]
fn s22_forged_stale_and_empty_duplicates_change_nothing_in_any_order() {
    let site = Site::new();
    let stale = site.login();
    site.clock.advance(LIFETIME);
    let live = site.login();
    let unknown = signed("00000000-0000-4000-8000-000000000000");
    let forged = format!("{}.{}", id_of(&live), "A".repeat(43));
    let others = ["", ".", &forged, &stale, &unknown, "\u{e9}", id_of(&live)];
    for at in 0..=others.len() {
        let mut tokens = others.to_vec();
        tokens.insert(at, &live);
        assert_eq!(user(&open(&site, &tokens)).unwrap(), "ada", "at {at}");
    }
    // Backwards and doubled too.
    let mut tokens: Vec<&str> = others.iter().rev().copied().collect();
    tokens.push(&live);
    assert_eq!(user(&open(&site, &tokens)).unwrap(), "ada");
    assert_eq!(user(&open(&site, &[&live, &live])).unwrap(), "ada");
}

#[test]
fn of_two_live_sessions_the_first_counts() {
    let site = Site::new();
    let [a, b] = ["a", "b"].map(|name| site.request(|session| session.put("user", name).unwrap()));
    assert_eq!(user(&open(&site, &[&a, &b])).unwrap(), "a");
    assert_eq!(user(&open(&site, &[&b, &a])).unwrap(), "b");
}

#[test]
fn at_most_eight_are_tried() {
    let site = Site::new();
    let live = site.login();
    let unknown: Vec<String> = (0..20).map(|n| signed(&n.to_string())).collect();
    let tokens = |before: usize| {
        let mut tokens: Vec<&str> = unknown[..before].iter().map(String::as_str).collect();
        tokens.push(&live);
        tokens
    };
    assert_eq!(user(&open(&site, &tokens(7))).unwrap(), "ada");
    site.store.calls();
    assert!(open(&site, &tokens(8)).is_new());
    assert_eq!(site.store.calls(), [Op::Load; 8]);
}

#[test]
fn an_unknown_id_with_an_intact_signature_is_not_adopted() {
    let site = Site::new();
    let planted = "11111111-1111-4111-8111-111111111111";
    let session = site.open(&signed(planted));
    assert!(session.is_new() && session.is_available());
    session.put("user", "ada").unwrap();
    assert_ne!(session.id().unwrap().as_str(), planted);
    let own = site.save(&session);
    assert_ne!(id_of(&own), planted);
    assert_eq!(site.stored(planted), None);
}

#[test]
fn a_bad_cookie_is_kept_until_there_is_something_to_save() {
    let site = Site::new();
    for bad in ["garbage", "", &signed("unknown")] {
        let session = site.open(bad);
        assert_eq!(site.commit(&session), Outcome::Keep);
    }
}

#[test]
fn a_cookie_under_an_old_key_is_accepted_and_issued_again() {
    let old_secret = || Secret::new("the-old-secret-0123456789abcdef-0123456789").unwrap();
    let site = Site::new();
    let session = site.visit();
    session.put("user", "ada").unwrap();
    let new_token = site.save(&session);
    let id = id_of(&new_token);
    let old_token = KeyRing::new(old_secret()).sign(id.to_owned());
    assert!(site.open(&old_token).is_new(), "not in the ring yet");

    let ring = KeyRing::new(secret()).with_previous(old_secret());
    let manager = session_core::SessionManager::builder(site.store.clone(), ring)
        .clock(site.clock.clone())
        .build()
        .unwrap();
    let session = block_on(manager.open([&*old_token])).unwrap();
    assert_eq!(user(&session).unwrap(), "ada");
    let Outcome::Set(issued) = block_on(manager.commit(&session)).unwrap() else {
        panic!("it is issued again, although nothing changed")
    };
    assert_eq!(issued.as_str(), new_token, "under the new key");
    assert_eq!(issued.ttl(), LIFETIME, "what is left of the session's life");
    let session = block_on(manager.open([&*new_token])).unwrap();
    assert_eq!(block_on(manager.commit(&session)).unwrap(), Outcome::Keep);
    // A service without the old secret reads it.
    assert_eq!(user(&site.open(issued.as_str())).unwrap(), "ada");
}

#[test]
fn another_secret_reads_nothing() {
    let site = Site::new();
    let live = site.login();
    let other = KeyRing::new(Secret::generate().unwrap()).sign(id_of(&live).to_owned());
    site.store.calls();
    assert!(site.open(&other).is_new());
    assert_eq!(site.store.calls(), []);
}

#[test]
fn a_handle_that_no_cookie_can_carry_is_an_error_and_sets_none() {
    let long = "x".repeat(4096);
    for (handle, kind) in [
        ("a;b", ErrorKind::Encode),
        ("a b", ErrorKind::Encode),
        ("a\r\nSet-Cookie: x=y", ErrorKind::Encode),
        ("a\"b", ErrorKind::Encode),
        ("a,b", ErrorKind::Encode),
        ("a\\b", ErrorKind::Encode),
        ("\u{e9}", ErrorKind::Encode),
        (
            &*long,
            ErrorKind::TooLarge {
                size: "session".len() + 4096 + ".".len() + 43,
                limit: 4096,
            },
        ),
    ] {
        let site = Site::new();
        site.store.answer_with_handle(handle);
        let session = site.visit();
        session.put("a", 1).unwrap();
        let error = block_on(site.manager.commit(&session)).unwrap_err();
        assert_eq!(error.kind(), kind, "{handle:?}");
    }
}

#[test]
fn a_handle_that_just_fits_is_signed() {
    let site = Site::new();
    let fits = "x".repeat(4096 - "session".len() - ".".len() - 43);
    site.store.answer_with_handle(&fits);
    let session = site.visit();
    session.put("a", 1).unwrap();
    let token = token(&site.commit(&session));
    assert_eq!("session".len() + token.len(), 4096);
    assert!(token.starts_with(&fits));
}
