//! Cookies and Redis records that the seed, `@rudderjs/session`, wrote, good and bad: the program decides as the file
//! says, and shows what they hold.

#[allow(dead_code, reason = "of what the file holds, this test needs some")]
#[path = "../../../session-cookie/tests/vectors/seed.rs"]
mod cookie_seed;
#[allow(dead_code, reason = "of the reader, this test needs some")]
#[path = "../../../session-cookie/tests/vectors/json.rs"]
mod json;
#[allow(dead_code, reason = "of what the file holds, this test needs some")]
#[path = "../../../session-redis/tests/vectors/seed.rs"]
mod redis_seed;

use std::io::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;
use test_support::RedisServer;

use self::cookie_seed::{Expect, Load, Seed};
use self::json::Json;
use crate::run::{Ran, Tool, bare};
use crate::with_redis::cli;

/// The program's JSON, whose values may be no valid Unicode.
#[derive(Deserialize)]
struct Found {
    valid: bool,
    data: Option<Box<RawValue>>,
    flash: Option<Box<RawValue>>,
}

fn inspect(seed_secret: &str, arguments: &[&str], input: &str) -> Tool {
    bare(&[&["inspect", "--json", "--full-id"], arguments].concat())
        .env("SESSION_SECRET", seed_secret)
        .env("SESSION_COOKIE", "rudderjs_session")
        .input(input)
}

/// Checks the verdict, and returns what the cookie held if it is valid.
fn verdict(name: &str, ran: &Ran, is_valid: bool) -> Option<(Json, Json)> {
    let found: Found = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (found.valid, ran.code),
        (is_valid, i32::from(!is_valid)),
        "{name}: {ran:?}"
    );
    let read = |raw: Option<Box<RawValue>>| Json::read(raw.expect("a value").get());
    is_valid.then(|| (read(found.data), read(found.flash)))
}

#[test]
fn every_cookie_of_the_seed_is_decided_as_the_file_says() {
    let seed = Seed::read();
    let mut ran = [0, 0];
    for load in &seed.cookie_loads {
        for (migrating, expect) in [(false, load.expect), (true, load.expect_migrating)] {
            let at = load.now_ms.to_string();
            let mut arguments = vec!["--at", &at];
            arguments.extend(migrating.then_some("--accept-without-expiry"));
            let header = format!("Cookie: {}", load.cookie_header);
            let result = inspect(&seed.secret, &arguments, &header).run();
            let held = verdict(&load.name, &result, expect == Expect::Accepted);
            if let Some(held) = held {
                assert_eq!(held, expected(load), "{}", load.name);
            }
            ran[usize::from(expect == Expect::Accepted)] += 1;
        }
    }
    report(&format!(
        "cookie_loads: {} not valid, {} valid",
        ran[0], ran[1]
    ));
    assert_eq!(ran[0] + ran[1], 2 * seed.cookie_loads.len());
    assert!(ran[0] > 90 && ran[1] > 20, "{ran:?}");
}

fn expected(load: &Load) -> (Json, Json) {
    (
        Json::read(&load.seed_data_json),
        Json::read(&load.seed_flash_json),
    )
}

#[test]
fn every_set_cookie_line_of_the_seed_is_read() {
    let seed = Seed::read();
    let mut ran = 0;
    for write in seed.writes.iter().filter(|write| write.driver == "cookie") {
        let at = write.now_ms.to_string();
        let arguments = ["--at", &at, "--accept-without-expiry"];
        let result = inspect(
            &seed.secret,
            &arguments,
            &format!("Set-Cookie: {}", write.set_cookie),
        )
        .run();
        let (data, flash) = verdict(&write.name, &result, true).unwrap();
        let mut payload = Json::read(&write.payload_json);
        let part = |name: &str, payload: &mut Json| payload.object()[&name.into()].clone();
        assert_eq!(data, part("data", &mut payload), "{}", write.name);
        assert_eq!(flash, part("flash_next", &mut payload), "{}", write.name);
        ran += 1;
    }
    report(&format!(
        "writes: {ran} Set-Cookie lines of the cookie driver"
    ));
    assert_eq!(ran, 30);
}

#[test]
fn every_redis_record_of_the_seed_is_decided_as_the_file_says() {
    let (server, seed) = (RedisServer::start(), redis_seed::Seed::read());
    let mut ran = [0, 0];
    for load in &seed.redis_loads {
        cli(&server, &["FLUSHALL"]);
        for (key, value) in &load.redis_before {
            cli(&server, &["SET", key, value, "EX", "7200"]);
        }
        let is_valid = load.expect == redis_seed::Expect::Accepted;
        let result = inspect(
            &seed.secret,
            &[],
            &format!("Cookie: {}", load.cookie_header),
        )
        .redis(&server.url())
        .env("SESSION_PREFIX", &load.prefix)
        .run();
        if let Some((data, _)) = verdict(&load.name, &result, is_valid) {
            assert_eq!(data, Json::read(&load.seed_data_json), "{}", load.name);
        }
        ran[usize::from(is_valid)] += 1;
    }
    for write in seed.writes() {
        cli(
            &server,
            &[
                "SET",
                &write.redis_key,
                &write.redis_value,
                "EX",
                &write.ttl_seconds.to_string(),
            ],
        );
        let result = inspect(&seed.secret, &[], &write.set_cookie)
            .redis(&server.url())
            .run();
        let (data, flash) = verdict(&write.name, &result, true).unwrap();
        let mut record = Json::read(&write.redis_value);
        assert_eq!(data, record.object()[&"data".into()], "{}", write.name);
        assert_eq!(
            flash,
            record.object()[&"flash_next".into()],
            "{}",
            write.name
        );
        ran[1] += 1;
    }
    report(&format!(
        "redis_loads and writes: {} not valid, {} valid",
        ran[0], ran[1]
    ));
    assert_eq!(ran, [10, 6 + 30]);
}

/// Past the test harness, which would show it only of a test that fails.
fn report(what: &str) {
    std::io::stdout()
        .write_all(format!("vectors: {what}\n").as_bytes())
        .unwrap();
}
