//! `sign`: cookies for tests.

use test_support::RedisServer;

use crate::run::{Ran, tool};
use crate::with_redis::cli;

fn sign(arguments: &[&str]) -> Ran {
    tool(&[&["sign"], arguments].concat()).run()
}

/// What `inspect` says of the cookie that `sign` made.
fn inspected(arguments: &[&str]) -> serde_json::Value {
    let ran = sign(arguments);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{arguments:?}");
    tool(&["inspect", "--json", "--full-id"])
        .input(ran.out)
        .run()
        .json()
}

#[test]
fn a_cookie_holds_what_it_was_given_and_is_valid() {
    let json = inspected(&[
        r#"{"user_id":42,"price":1.0}"#,
        "--flash",
        r#"{"notice":"Hi"}"#,
        "--id",
        "a-test's-id",
    ]);
    assert_eq!(
        (&json["valid"], &json["driver"], &json["key"]),
        (&true.into(), &"cookie".into(), &0.into())
    );
    assert_eq!(json["id"], "a-test's-id");
    assert_eq!(json["data"].to_string(), r#"{"price":1.0,"user_id":42}"#);
    assert_eq!(json["flash"].to_string(), r#"{"notice":"Hi"}"#);

    let json = inspected(&["{}"]);
    assert_eq!(
        (&json["valid"], json["id"].as_str().unwrap().len()),
        (&true.into(), 36)
    );
    assert_eq!(json["data"].to_string(), "{}");
    let ran = tool(&["sign"]).input("{\"a\":1}\n").run();
    assert_eq!(
        tool(&["inspect", "--json"]).input(ran.out).run().json()["data"]["a"],
        1
    );
}

#[test]
fn it_ends_when_it_is_told_to() {
    let left = |arguments: &[&str]| {
        let ran = sign(arguments);
        let ran = tool(&["inspect"]).input(ran.out).run();
        let line = ran
            .out
            .lines()
            .find(|line| line.starts_with("expires "))
            .unwrap();
        (ran.code, line.split_once("Z, ").unwrap().1.to_owned())
    };
    for (arguments, code, expected) in [
        (&["{}"][..], 0, "in 1 h 59 min"),
        (&["{}", "--expires-in", "2h 30m"], 0, "in 2 h 29 min"),
        (&["{}", "--lifetime", "30"], 0, "in 29 min 5"),
        (&["{}", "--expires-in", "-5m"], 1, "5 min"),
        (&["--expires-in=-3d", "{}"], 1, "3 d ago"),
    ] {
        let (was, left) = left(arguments);
        assert_eq!(was, code, "{arguments:?}");
        assert!(left.starts_with(expected), "{arguments:?}: {left}");
    }
}

#[test]
fn a_whole_line_has_the_attributes_of_the_configuration() {
    let ran = tool(&["sign", "{}", "--set-cookie", "--expires-in", "10m"])
        .env("SESSION_COOKIE", "__Host-shop")
        .env("SESSION_SAME_SITE", "strict")
        .run();
    let value = ran.out.strip_prefix("Set-Cookie: __Host-shop=").unwrap();
    let attributes = value.split_once(';').unwrap().1;
    assert_eq!(
        attributes,
        " Path=/; SameSite=Strict; HttpOnly; Secure; Max-Age=600\n"
    );
    let inspected = tool(&["inspect"])
        .env("SESSION_COOKIE", "__Host-shop")
        .input(ran.out.clone())
        .run();
    assert_eq!(inspected.code, 0);
}

#[test]
fn what_is_no_object_is_refused() {
    let remedy = "give one such as '{\"user_id\":42}'";
    for json in ["[]", "7", "\"x\"", "null", "", "{", "{\"a\":1}}", "{a:1}"] {
        let ran = tool(&["sign"]).input(json).run();
        let expected = format!("session-tool: the data is not a JSON object; {remedy} (");
        assert!(
            ran.code == 2 && ran.err.starts_with(&expected),
            "{json}: {ran:?}"
        );
        assert_eq!(ran.out, "");
    }
    let ran = sign(&["{}", "--flash", "[1]"]);
    assert!(
        ran.err.starts_with(&format!(
            "session-tool: the flash is not a JSON object; {remedy} ("
        )),
        "{ran:?}"
    );
    tool(&["sign"])
        .input(b"\xff")
        .run()
        .fails(&format!("the data is not UTF-8; {remedy}"));
    sign(&[r#"{"\ud800":1}"#]).fails("the data has a key that is not valid Unicode; rename it");
}

#[test]
fn what_would_not_fit_is_refused() {
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(4_000));
    let ran = sign(&[&large]);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(
        ran.err
            .starts_with("session-tool: the session would take 5"),
        "{ran:?}"
    );
    assert!(ran.err.ends_with(" bytes, the limit is 4096\n"), "{ran:?}");
}

#[test]
fn an_impossible_id_or_duration_is_refused() {
    let ran = sign(&["{}", "--id", "a b"]);
    let expected =
        "session-tool: invalid value 'a b' for '--id <ID>': use letters, digits, '-' and '_'\n";
    assert!(ran.code == 2 && ran.err.starts_with(expected), "{ran:?}");
    let ran = sign(&["{}", "--expires-in", "soon"]);
    let expected = "session-tool: invalid value 'soon' for '--expires-in <DURATION>': \
                    use a duration such as 90s, 2h or 7d, or minutes\n";
    assert!(ran.code == 2 && ran.err.starts_with(expected), "{ran:?}");
}

#[test]
fn with_redis_the_session_is_stored() {
    let server = RedisServer::start();
    let sign = |arguments: &[&str]| {
        tool(&[&["sign"], arguments].concat())
            .redis(&server.url())
            .run()
    };
    let ran = sign(&[
        r#"{"user":42}"#,
        "--flash",
        r#"{"n":"Hi"}"#,
        "--id",
        "a-test's-id",
        "--expires-in",
        "10m",
    ]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert!(ran.out.starts_with("a-test's-id."), "{ran:?}");
    let ttl: i64 = cli(&server, &["TTL", "session:a-test's-id"])
        .trim()
        .parse()
        .unwrap();
    assert!((590..=600).contains(&ttl), "{ttl}");
    let json = tool(&["inspect", "--json"])
        .redis(&server.url())
        .input(ran.out)
        .run()
        .json();
    assert_eq!(
        (&json["valid"], &json["data"]["user"], &json["flash"]["n"]),
        (&true.into(), &42.into(), &"Hi".into())
    );

    // Nobody's session is overwritten.
    sign(&["{}", "--id", "a-test's-id"])
        .fails("there is a session of this id already; choose another, or revoke it");
    let json = tool(&["show", "a-test's-id", "--json"])
        .redis(&server.url())
        .run()
        .json();
    assert_eq!(json["data"]["user"], 42);

    sign(&["{}", "--expires-in", "-1m"])
        .fails("a session that has ended cannot be stored in redis; give --expires-in without a minus sign");
    assert_eq!(cli(&server, &["DBSIZE"]), "1\n");
}

#[test]
fn in_the_memory_of_a_service_nothing_can_be_made() {
    tool(&["sign", "{}"]).env("SESSION_DRIVER", "memory").run().fails(
        "SESSION_DRIVER is memory: its sessions can be made inside the service only; use cookie or redis",
    );
}
