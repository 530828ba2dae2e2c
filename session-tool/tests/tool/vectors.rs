//! Cookies and Redis records written by `@rudderjs/session`, valid and not: the program decides about each as the file of
//! vectors says, and shows what the library reads.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use session_core::{Record, Values};
use test_support::RedisServer;
use test_support::vectors::{Expect, Vectors};

use crate::redis::cli;
use crate::run::{Ran, Tool, bare};

/// The program's JSON, whose values may not be valid Unicode.
#[derive(Deserialize)]
struct Shown {
    valid: bool,
    data: Option<Box<RawValue>>,
    flash: Option<Box<RawValue>>,
}

fn inspect(vectors: &Vectors, arguments: &[&str], input: &str) -> Tool {
    bare(&[&["inspect", "--json", "--full-id"], arguments].concat())
        .env("SESSION_SECRET", &vectors.secret)
        .env("SESSION_COOKIE", &vectors.cookie_name)
        .input(input)
}

#[track_caller]
fn assert_decision(name: &str, ran: &Ran, expect: Expect) -> Shown {
    let shown: Shown = serde_json::from_str(&ran.out).unwrap();
    let is_valid = expect == Expect::Accepted;
    assert_eq!(
        (shown.valid, ran.code),
        (is_valid, i32::from(!is_valid)),
        "{name}: {ran:?}"
    );
    assert!(
        !is_valid || shown.data.is_some() && shown.flash.is_some(),
        "{name}: {ran:?}"
    );
    shown
}

/// Asserts that the program accepts a session and shows what this record holds.
#[track_caller]
fn assert_shown(name: &str, ran: &Ran, record: &str) {
    let shown = assert_decision(name, ran, Expect::Accepted);
    let record = Record::from_json(record).unwrap();
    let json = |values: &Values| serde_json::to_string(values).unwrap();
    for (shown, held) in [
        (shown.data, record.data()),
        (shown.flash, record.flash_next()),
    ] {
        assert_eq!(parsed(shown.unwrap().get()), parsed(&json(held)), "{name}");
    }
}

/// Parses JSON. What is not valid Unicode stays text.
fn parsed(json: &str) -> Result<Value, String> {
    serde_json::from_str(json).map_err(|_| json.to_owned())
}

#[test]
fn every_cookie_is_decided_like_the_vectors() {
    let vectors = Vectors::read();
    let mut decided = [0, 0];
    for load in &vectors.cookie_loads {
        let (at, header) = (
            load.now_ms.to_string(),
            format!("Cookie: {}", load.cookie_header),
        );
        let arguments = ["--at", &at, "--accept-without-expiry"];
        for (arguments, expect) in [
            (&arguments[..2], load.expect),
            (&arguments, load.expect_migrating),
        ] {
            let ran = inspect(&vectors, arguments, &header).run();
            assert_decision(&load.name, &ran, expect);
            decided[usize::from(expect == Expect::Accepted)] += 1;
        }
    }
    assert!(decided[0] > 90 && decided[1] > 20, "{decided:?}");
    for write in vectors.writes_of("cookie") {
        let arguments = ["--at", &write.now_ms.to_string(), "--accept-without-expiry"];
        let header = format!("Set-Cookie: {}", write.set_cookie);
        let ran = inspect(&vectors, &arguments, &header).run();
        assert_shown(&write.name, &ran, &write.payload_json);
    }
    assert_eq!(vectors.writes_of("cookie").count(), 30);
}

#[test]
fn every_redis_record_is_decided_like_the_vectors() {
    let (server, vectors) = (RedisServer::start(), Vectors::read());
    let inspect = |input: &str| inspect(&vectors, &[], input).redis(&server.url());
    let set = |key: &str, value: &str| cli(&server, &["SET", key, value, "EX", "7200"]);
    let mut decided = [0, 0];
    for load in &vectors.redis_loads {
        cli(&server, &["FLUSHALL"]);
        for (key, value) in &load.redis_before {
            set(key, value);
        }
        let inspect = inspect(&format!("Cookie: {}", load.cookie_header));
        let ran = inspect.env("SESSION_PREFIX", &load.prefix).run();
        assert_decision(&load.name, &ran, load.expect);
        decided[usize::from(load.expect == Expect::Accepted)] += 1;
    }
    assert_eq!(decided, [10, 6]);
    for write in vectors.writes_of("redis") {
        let record = &write.redis_value;
        set(&write.redis_key, record);
        assert_shown(&write.name, &inspect(&write.set_cookie).run(), record);
    }
    assert_eq!(vectors.writes_of("redis").count(), 30);
}
