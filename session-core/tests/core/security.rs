//! Statements of the security checklist that fit nowhere else and need no HTTP.

use std::error::Error as _;
use std::fmt::Debug;

use pollster::block_on;
use session_core::{Driver, ErrorKind, KeyRing, Saved, SessionConfig, SessionId, Version};

use crate::common::{Call, SECRET, Service, id_of, secret, token};

/// Security checklist, statement 2: an id is a random UUID of 36 characters, independent of the
/// user and the data.
#[test]
fn s02_an_id_carries_no_user_data() {
    let service = Service::new();
    let same = || {
        let token = service.request(|session| session.put("user", "ada").unwrap());
        id_of(&token).to_owned()
    };
    let [first, second] = [same(), same()];
    // Despite the same user, data and time, the ids share only what every UUID v4 has.
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
            "version 4, which contains neither a time nor a machine"
        );
    }
    let alike = std::iter::zip(first.bytes(), second.bytes()).filter(|(a, b)| a == b);
    assert!(alike.count() < 20, "{first} and {second}");
}

/// Security checklist, statement 4, even with a valid signature, which anyone with the secret could
/// make.
#[test]
fn s04_an_unknown_or_malformed_id_is_never_adopted() {
    let service = Service::new();
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
        let session = service.open(&token);
        assert!(session.is_new() && session.is_available(), "{handle:?}");
        session.put("user", "ada").unwrap();
        let id = session.id().unwrap();
        assert_ne!(id.as_str(), handle);
        assert_eq!(id.as_str().len(), 36);
        let issued = service.save(&session);
        assert_eq!(id_of(&issued), id.as_str());
        assert_eq!(service.stored(handle), None, "{handle:?}");
    }
}

/// Security checklist, statement 5.
#[test]
fn s05_the_store_is_not_called_before_the_signature_is_verified() {
    let service = Service::new();
    let live = service.login();
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
    service.store.calls();
    for token in &bad {
        assert!(service.open(token).is_new(), "{token:?}");
    }
    assert_eq!(service.store.calls(), []);
    assert!(!service.open(&live).is_new());
    assert_eq!(service.store.calls(), [Call::Load]);
}

/// Security checklist, statement 26, for every public type that holds an id, a token, a key or a
/// value.
#[test]
fn s26_debug_shows_no_id_token_secret_or_value() {
    let service = Service::new();
    let session = service.visit();
    session.put("password", "hunter2").unwrap();
    session.flash("notice", "hunter2").unwrap();
    let id = session.id().unwrap();
    let open = format!("{session:?} {session:#?}");
    let outcome = service.commit(&session);
    let token = token(&outcome);
    let loaded = block_on(service.store.load(id.as_str())).unwrap().unwrap();
    let saved = Saved::Done {
        version: Version::none(),
        handle: id.as_str().to_owned(),
    };
    let next = service.open(&token);
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
        &service.manager,
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
    // The output is useful nevertheless.
    assert!(text.contains("password") && text.contains(id.prefix()));
}

/// Security checklist, statement 26, for errors.
#[test]
fn s26_errors_show_no_id_or_token() {
    let service = Service::new();
    let token = service.login();
    let mut errors = Vec::new();
    let session = service.open(&token);
    session.regenerate().unwrap();
    let new = session.id().unwrap();
    service.store.fail(&[Call::Move]);
    errors.push(block_on(service.manager.commit(&session)).unwrap_err());
    errors.push(session.put("a", 1).unwrap_err());
    service.store.fail(&[Call::Save]);
    let session = service.open(&token);
    session.put("a", 1).unwrap();
    errors.push(block_on(service.manager.commit(&session)).unwrap_err());
    service.store.fail(&[]);
    service.store.limit(10);
    let session = service.open(&token);
    errors.push(session.put("a", 1).unwrap_err());
    service.store.limit(usize::MAX);
    service.store.answer_with_handle("a;b");
    let session = service.open(&token);
    session.put("a", 1).unwrap();
    errors.push(block_on(service.manager.commit(&session)).unwrap_err());
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
