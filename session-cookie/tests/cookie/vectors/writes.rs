//! Single sessions: we read those in the file, and write the same ourselves.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::{Builder, Establish, Outcome, Session, SessionManager};
use test_support::vectors::json::{Json, Text};
use test_support::vectors::operation::{Operation, PassAs};
use test_support::vectors::{Vectors, Write, attributes, member, members, report};

use super::WRITES;
use crate::common::{
    NAME, builder, clock, commit, keys, minutes, open, payload, save, sign, token, visit,
};

#[test]
fn every_cookie_in_the_file_opens_with_its_content() {
    let (mut dated, mut undated) = (0, 0);
    each(|vectors, write| {
        let strict = manager(vectors, write);
        if write.is_dated() {
            assert_holds(&open(&strict, &write.cookie_value), write);
            dated += 1;
        } else {
            // 1.x signs no expiry, so its cookies never expire. They are refused unless the option
            // allows them.
            let session = open(&strict, &write.cookie_value);
            assert!(session.is_new() && session.all().is_empty());
            assert_eq!(commit(&strict, &session), Outcome::Keep);
            let lenient = migrating(vectors, write);
            assert_holds(&open(&lenient, &write.cookie_value), write);
            undated += 1;
        }
    });
    report(format_args!(
        "writes: {} cookie entries opened, {dated} of 2.6.0, {undated} of 1.0.4 (and refused by default)",
        dated + undated
    ));
    assert_eq!((dated, undated), (WRITES / 2, WRITES / 2));
}

#[test]
fn the_same_operations_store_the_same_session() {
    let (mut ran, mut unnameable) = (0, 0);
    each(|vectors, write| {
        let operations = Operation::read(&write.ops_json);
        if operations.iter().any(Operation::has_unnameable_key) {
            assert_passes_on_an_unnameable_key(vectors, write);
            unnameable += 1;
        } else {
            for pass_as in [PassAs::Text, PassAs::Rust] {
                assert_writes_the_same(vectors, write, pass_as);
            }
            ran += 1;
        }
    });
    report(format_args!(
        "writes: {} cookie entries written, {unnameable} of which were passed on with a key that Rust cannot name",
        ran + unnameable
    ));
    assert_eq!((ran, unnameable), (WRITES - 2, 2));
}

#[test]
fn the_same_payload_has_the_same_signature() {
    let ran = each(|vectors, write| {
        let (handle, _signature) = write.cookie_value.rsplit_once('.').unwrap();
        assert_eq!(handle, URL_SAFE_NO_PAD.encode(&write.payload_json));
        let keys = keys(&vectors.secret);
        assert_eq!(keys.sign(handle.to_owned()), write.cookie_value);
        assert_eq!(sign(&keys, &write.payload_json), write.cookie_value);
    });
    report(format_args!("writes: {ran} cookie entries signed"));
    assert_eq!(ran, WRITES);
}

#[test]
fn a_value_that_is_only_passed_on_does_not_change() {
    let ran = each(|vectors, write| {
        let manager = migrating(vectors, write);
        let session = open(&manager, &write.cookie_value);
        session.put("ours", 1).unwrap();
        let stored = payload(&save(&manager, &session));
        let data = |json: &str| members(&member(json, "data"));
        // The order of the members may differ.
        let mut before = data(&write.payload_json);
        before.push(r#""ours":1"#.to_owned());
        before.sort();
        let after = data(&stored);
        assert_eq!(after, before);
    });
    report(format_args!("writes: {ran} cookie entries passed on"));
    assert_eq!(ran, WRITES);
}

/// A double written by JavaScript is the same double in Rust.
#[test]
fn numbers_are_read_as_javascript_reads_them() {
    let mut numbers = 0;
    each(|vectors, write| {
        if write.name != "numbers" {
            return;
        }
        let session = open(&migrating(vectors, write), &write.cookie_value);
        for (key, raw) in session.all().iter() {
            let exact: f64 = raw.parse().unwrap();
            assert_eq!(session.get::<f64>(&key).unwrap(), Some(exact), "{key}");
            numbers += 1;
        }
    });
    assert!(numbers >= 20, "{numbers}");
}

fn assert_holds(session: &Session, write: &Write) {
    let mut stored = Json::read(&write.payload_json);
    let stored = stored.object();
    assert!(!session.is_new());
    let id = session.id().unwrap();
    assert_eq!(
        Json::Text(Text::from(id.as_str())),
        stored[&Text::from("id")]
    );
    assert_eq!(
        Json::read(&session.all().to_json()),
        stored[&Text::from("data")]
    );
    assert_eq!(
        Json::read(&session.all_flash().to_json()),
        stored[&Text::from("flash_next")]
    );
}

fn assert_writes_the_same(vectors: &Vectors, write: &Write, pass_as: PassAs) {
    let ops = Operation::read(&write.ops_json);
    let manager = if ops.is_empty() {
        // A visitor who writes nothing gets no cookie here, unless `Establish::Always` is set, as
        // in `@rudderjs/session`.
        let manager = manager(vectors, write);
        assert_eq!(commit(&manager, &visit(&manager)), Outcome::Keep);
        built(vectors, write, |builder| {
            builder.establish(Establish::Always)
        })
    } else {
        manager(vectors, write)
    };
    let session = visit(&manager);
    for op in &ops {
        op.run(&session, pass_as).unwrap();
    }
    let outcome = commit(&manager, &session);
    let token = token(&outcome);

    let mut expected = Json::read(&write.payload_json);
    for op in ops {
        // In JavaScript, an assignment to `__proto__` creates no key, so the value is missing in
        // the file. Here it is an ordinary key.
        if op.verb() == "put" && op.key().as_deref() == Some("__proto__") {
            let value = Json::read(op.value().get());
            let data = expected.object().get_mut(&Text::from("data")).unwrap();
            assert_eq!(data.object().insert(Text::from("__proto__"), value), None);
        }
    }
    let stored = Json::read(&payload(&token));
    assert_eq!(
        stored.without(&["id"]).without(undated(write)),
        expected.without(&["id"])
    );

    let line = manager.set_cookie(&outcome).unwrap();
    assert_eq!(line.split(';').next().unwrap(), format!("{NAME}={token}"));
    assert_eq!(attributes(&line), attributes(&write.set_cookie));
}

/// `"k\ud800"` is a key in JavaScript. No `&str` equals it, so it can be neither read nor written
/// here, but it must not be lost.
fn assert_passes_on_an_unnameable_key(vectors: &Vectors, write: &Write) {
    let manager = migrating(vectors, write);
    let session = open(&manager, &write.cookie_value);
    session.put("ours", true).unwrap();
    let stored = payload(&save(&manager, &session));
    assert!(
        stored.contains(r#""data":{"k\ud800":1,"ours":true}"#)
            || stored.contains(r#""data":{"ours":true,"k\ud800":1}"#),
        "{stored}"
    );
    let mut expected = Json::read(&write.payload_json);
    let data = expected.object().get_mut(&Text::from("data")).unwrap();
    data.object().insert(Text::from("ours"), Json::Bool(true));
    assert_eq!(
        Json::read(&stored).without(undated(write)),
        expected,
        "including the id"
    );
}

/// Runs every entry of the cookie driver and returns their number.
fn each(mut run: impl FnMut(&Vectors, &Write)) -> usize {
    let vectors = Vectors::read();
    assert_eq!(vectors.cookie_name, NAME);
    let ran = vectors
        .writes_of("cookie")
        .map(|write| run(&vectors, write))
        .count();
    assert_eq!(ran, WRITES);
    ran
}

fn manager(vectors: &Vectors, write: &Write) -> SessionManager {
    built(vectors, write, |builder| builder)
}

fn migrating(vectors: &Vectors, write: &Write) -> SessionManager {
    built(vectors, write, |builder| {
        builder.accept_without_expiry(true)
    })
}

fn built(vectors: &Vectors, write: &Write, set: impl FnOnce(Builder) -> Builder) -> SessionManager {
    let builder = builder(keys(&vectors.secret), &clock(write.now_ms))
        .lifetime(minutes(write.lifetime_minutes));
    set(builder).build().unwrap()
}

/// 1.x has no expiry to compare.
fn undated(write: &Write) -> &'static [&'static str] {
    if write.is_dated() { &[] } else { &["exp"] }
}
