//! Single sessions that the seed wrote: we read them, and write the same ourselves.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::{Builder, Establish, Outcome, Session, SessionManager};

use crate::common::{
    NAME, attributes, builder, clock, commit, keys, minutes, open, payload, save, sign, token,
    visit,
};
use crate::json::{Json, Text};
use crate::ops::{Op, Values};
use crate::seed::{Seed, Write};
use crate::{WRITES, report};

#[test]
fn every_cookie_that_the_seed_wrote_opens_as_what_it_wrote() {
    let (mut dated, mut undated) = (0, 0);
    each(|seed, write| {
        let strict = manager(seed, write);
        if write.is_dated() {
            assert_holds(&open(&strict, &write.cookie_value), write);
            dated += 1;
        } else {
            // 1.x signed no expiry: valid for ever, and refused unless that is asked for.
            let session = open(&strict, &write.cookie_value);
            assert!(session.is_new() && session.all().is_empty());
            assert_eq!(commit(&strict, &session), Outcome::Keep);
            let lenient = migrating(seed, write);
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
    each(|seed, write| {
        if Op::read(&write.ops_json)
            .iter()
            .any(|op| op.verb() == "put" && op.key().is_none())
        {
            assert_passes_on_an_unnameable_key(seed, write);
            unnameable += 1;
        } else {
            for values in [Values::Text, Values::Rust] {
                assert_writes_the_same(seed, write, values);
            }
            ran += 1;
        }
    });
    report(format_args!(
        "writes: {} cookie entries written, {unnameable} of them passed on with a key that Rust cannot name",
        ran + unnameable
    ));
    assert_eq!((ran, unnameable), (WRITES - 2, 2));
}

#[test]
fn the_same_payload_gets_the_same_signature() {
    let ran = each(|seed, write| {
        let (handle, _signature) = write.cookie_value.rsplit_once('.').unwrap();
        assert_eq!(handle, URL_SAFE_NO_PAD.encode(&write.payload_json));
        let keys = keys(&seed.secret);
        assert_eq!(keys.sign(handle.to_owned()), write.cookie_value);
        assert_eq!(sign(&keys, &write.payload_json), write.cookie_value);
    });
    report(format_args!("writes: {ran} cookie entries signed"));
    assert_eq!(ran, WRITES);
}

#[test]
fn a_value_that_is_only_passed_on_comes_out_as_it_went_in() {
    let ran = each(|seed, write| {
        let manager = migrating(seed, write);
        let session = open(&manager, &write.cookie_value);
        session.put("ours", 1).unwrap();
        let stored = payload(&save(&manager, &session));
        // Ours writes the keys in order, so what can be compared is each member's text.
        let before: Record<'_> = serde_json::from_str(&write.payload_json).unwrap();
        let after: Record<'_> = serde_json::from_str(&stored).unwrap();
        let (mut before, mut after) = (members(before.data.get()), members(after.data.get()));
        before.push(r#""ours":1"#.to_owned());
        before.sort();
        after.sort();
        assert_eq!(after, before);
    });
    report(format_args!("writes: {ran} cookie entries passed on"));
    assert_eq!(ran, WRITES);
}

/// A double that JavaScript wrote is the same double in Rust.
#[test]
fn a_number_is_read_as_javascript_reads_it() {
    let mut numbers = 0;
    each(|seed, write| {
        if write.name != "numbers" {
            return;
        }
        let session = open(&migrating(seed, write), &write.cookie_value);
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

fn assert_writes_the_same(seed: &Seed, write: &Write, values: Values) {
    let ops = Op::read(&write.ops_json);
    let manager = if ops.is_empty() {
        // A visitor who writes nothing: no cookie of ours, unless the seed's way is asked for.
        let manager = manager(seed, write);
        assert_eq!(commit(&manager, &visit(&manager)), Outcome::Keep);
        built(seed, write, |builder| builder.establish(Establish::Always))
    } else {
        manager(seed, write)
    };
    let session = visit(&manager);
    for op in &ops {
        op.run(&session, values).unwrap();
    }
    let outcome = commit(&manager, &session);
    let token = token(&outcome);

    let mut expected = Json::read(&write.payload_json);
    for op in ops {
        // To the seed's JavaScript an assignment to `__proto__` is no key, so it lost the value. Here it is a
        // key like any other.
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

/// `"k\ud800"` is a key in JavaScript. No `&str` is equal to it, so it can be neither put nor read here; it
/// must not be lost either.
fn assert_passes_on_an_unnameable_key(seed: &Seed, write: &Write) {
    let manager = migrating(seed, write);
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
        "the id too"
    );
}

/// Runs every entry of the cookie driver and returns how many there were.
fn each(mut run: impl FnMut(&Seed, &Write)) -> usize {
    let seed = Seed::read();
    assert_eq!(seed.cookie_name, NAME);
    let mut ran = 0;
    for write in seed.writes.iter().filter(|write| write.driver == "cookie") {
        // Of a test that fails the harness shows this.
        println!("{} of {}", write.name, write.seed_version);
        run(&seed, write);
        ran += 1;
    }
    assert_eq!(ran, WRITES);
    ran
}

fn manager(seed: &Seed, write: &Write) -> SessionManager {
    built(seed, write, |builder| builder)
}

fn migrating(seed: &Seed, write: &Write) -> SessionManager {
    built(seed, write, |builder| builder.accept_without_expiry(true))
}

fn built(seed: &Seed, write: &Write, set: impl FnOnce(Builder) -> Builder) -> SessionManager {
    let builder =
        builder(keys(&seed.secret), &clock(write.now_ms)).lifetime(minutes(write.lifetime_minutes));
    set(builder).build().unwrap()
}

/// 1.x had no expiry to compare ours with.
fn undated(write: &Write) -> &'static [&'static str] {
    if write.is_dated() { &[] } else { &["exp"] }
}

#[derive(serde::Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    data: &'a session_core::RawValue,
}

/// The members of an object as they are written, `"key":value`.
fn members(object: &str) -> Vec<String> {
    struct Members;

    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Vec<String>, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) =
                map.next_entry::<&session_core::RawValue, &session_core::RawValue>()?
            {
                members.push(format!("{}:{}", key.get(), value.get()));
            }
            Ok(members)
        }
    }

    let mut reader = serde_json::Deserializer::from_str(object);
    serde::Deserializer::deserialize_map(&mut reader, Members).unwrap()
}
