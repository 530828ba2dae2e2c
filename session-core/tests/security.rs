//! Statements of security.md that need no HTTP and belong to no row of the table of behaviour. The others
//! stand with their subject, also under their numbers.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::error::Error as _;
use std::fmt::Debug;

use pollster::block_on;
use session_core::{Driver, ErrorKind, KeyRing, Saved, SessionConfig, SessionId, Version};

use crate::common::{Op, SECRET, Site, id_of, secret};

/// security.md 2: an id is 36 characters of a random UUID, whoever the user is and whatever the session holds.
#[test]
fn s02_an_id_carries_no_user_data() {
    let site = Site::new();
    let same = || {
        let token = site.request(|session| session.put("user", "ada").unwrap());
        id_of(&token).to_owned()
    };
    let [first, second] = [same(), same()];
    // The same user, the same data, the same moment: nothing in common but what every UUID v4 has.
    assert_ne!(first, second);
    for id in [&first, &second] {
        let shape: String = id
            .chars()
            .map(|c| if c.is_ascii_hexdigit() { 'x' } else { c })
            .collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert_eq!(
            &id[14..15],
            "4",
            "version 4: random, no time and no machine"
        );
    }
    let alike = std::iter::zip(first.bytes(), second.bytes()).filter(|(a, b)| a == b);
    assert!(alike.count() < 20, "{first} and {second}");
}

/// security.md 4: with an intact signature too, as whoever shares the secret could have made.
#[test]
fn s04_an_unknown_or_malformed_id_is_never_adopted() {
    let site = Site::new();
    let long = "a".repeat(4_000);
    for handle in [
        "11111111-1111-4111-8111-111111111111",
        "",
        " ",
        "admin",
        "../../etc/passwd",
        "a.b.c",
        "{\"id\":\"x\"}",
        "\0",
        "\u{e9}\u{202e}",
        &long,
    ] {
        let token = KeyRing::new(secret()).sign(handle.to_owned());
        let session = site.open(&token);
        assert!(session.is_new() && session.is_available(), "{handle:?}");
        session.put("user", "ada").unwrap();
        let id = session.id().unwrap();
        assert_ne!(id.as_str(), handle);
        assert_eq!(id.as_str().len(), 36);
        let issued = site.save(&session);
        assert_eq!(id_of(&issued), id.as_str());
        assert_eq!(site.stored(handle), None, "{handle:?}");
    }
}

/// security.md 5.
#[test]
fn s05_the_store_is_not_asked_before_syntax_and_signature_are_checked() {
    let site = Site::new();
    let live = site.login();
    let (id, signature) = live.rsplit_once('.').unwrap();
    let other = KeyRing::new(session_core::Secret::generate().unwrap());
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    let bad = [
        String::new(),
        ".".to_owned(),
        id.to_owned(),
        format!("{id}."),
        format!(".{signature}"),
        format!("{signature}.{id}"),
        format!("{id}{signature}"),
        format!("{id}.{signature}="),
        format!("{id}.{}", &signature[1..]),
        format!("{id}.{flipped}{}", &signature[1..]),
        format!("{id} .{signature}"),
        format!("{id}.{signature} "),
        format!("\"{live}\""),
        format!("{}.{signature}", id.to_uppercase() + "x"),
        format!("{id}x.{signature}"),
        other.sign(id.to_owned()),
        "\u{e9}".repeat(2_000),
    ];
    site.store.calls();
    for token in &bad {
        assert!(site.open(token).is_new(), "{token:?}");
    }
    assert_eq!(site.store.calls(), []);
    assert!(!site.open(&live).is_new());
    assert_eq!(site.store.calls(), [Op::Load]);
}

/// security.md 26, for everything public that holds an id, a token, a key or a value.
#[test]
fn s26_debug_shows_no_id_no_token_no_secret_and_no_value() {
    let site = Site::new();
    let session = site.visit();
    session.put("password", "hunter2").unwrap();
    session.flash("notice", "hunter2").unwrap();
    let id = session.id().unwrap();
    let open = format!("{session:?} {session:#?}");
    let outcome = site.commit(&session);
    let token = common::token(&outcome);
    let loaded = block_on(site.store.load(id.as_str())).unwrap().unwrap();
    let saved = Saved::Done {
        handle: id.as_str().to_owned(),
    };
    let next = site.open(&token);
    next.update("n", 0, |n: u8| n + 1).unwrap();
    next.reflash().unwrap();
    let ring = KeyRing::new(secret());
    let config = SessionConfig::from_vars(|name| (name == "SESSION_SECRET").then_some(SECRET));

    let shown: Vec<&dyn Debug> = vec![
        &outcome,
        &loaded,
        &saved,
        &loaded.record,
        &next,
        &site.manager,
        &ring,
        &config,
    ];
    let mut text = open;
    for thing in shown {
        text += &format!("\n{thing:?}\n{thing:#?}");
    }
    text += &format!("{:?}", ring.verify(&token).unwrap());
    text += &format!("{:?}", Version::bytes(&b"hunter2"[..]));
    text += &format!("{:?}", SessionId::from_stored("short").unwrap());
    for kept in [
        id.as_str(),
        &token,
        id_of(&token),
        SECRET,
        "hunter2",
        "short",
    ] {
        assert!(!text.contains(kept), "{kept:?} in {text}");
    }
    let signature = token.rsplit_once('.').unwrap().1;
    assert!(!text.contains(signature));
    // It is of use all the same.
    assert!(text.contains("password") && text.contains(id.prefix()));
}

/// security.md 26, for errors: none of them knows an id, so none can tell it.
#[test]
fn s26_errors_show_no_id_and_no_token() {
    let site = Site::new();
    let token = site.login();
    let mut errors = Vec::new();
    let session = site.open(&token);
    session.regenerate().unwrap();
    let new = session.id().unwrap();
    site.store.fail(&[Op::Retire]);
    errors.push(block_on(site.manager.commit(&session)).unwrap_err());
    errors.push(session.put("a", 1).unwrap_err());
    site.store.fail(&[Op::Save]);
    let session = site.open(&token);
    session.put("a", 1).unwrap();
    errors.push(block_on(site.manager.commit(&session)).unwrap_err());
    site.store.fail(&[]);
    site.store.limit(10);
    let session = site.open(&token);
    errors.push(session.put("a", 1).unwrap_err());
    site.store.limit(usize::MAX);
    site.store.answer_with_handle("a;b");
    let session = site.open(&token);
    session.put("a", 1).unwrap();
    errors.push(block_on(site.manager.commit(&session)).unwrap_err());
    assert_eq!(errors.len(), 5);
    assert_eq!(errors[1].kind(), ErrorKind::Closed);

    for error in errors {
        let source = error.source().map(ToString::to_string);
        let text = format!("{error} {error:?} {source:?}");
        for kept in [id_of(&token), &token, new.as_str(), SECRET] {
            assert!(!text.contains(kept), "{text}");
        }
    }
}
