//! `sign`: cookies for testing.

use session_core::{Secret, SessionManager};
use test_support::RedisServer;

use crate::redis::{cli, service};
use crate::run::{Ran, SECRET, block_on, tool};

fn sign(arguments: &[&str]) -> Ran {
    tool(&[&["sign"], arguments].concat()).run()
}

/// Inspects the cookie that `sign` creates.
fn inspected(arguments: &[&str]) -> serde_json::Value {
    let ran = sign(arguments);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{arguments:?}");
    let inspect = tool(&["inspect", "--json", "--full-id"]).input(ran.out);
    inspect.run().json()
}

#[test]
fn a_signed_cookie_is_valid_and_holds_its_input() {
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
    assert_eq!(json["valid"], true);
    assert_eq!(json["id"].as_str().unwrap().len(), 36);
    assert_eq!(json["data"].to_string(), "{}");

    let ran = tool(&["sign"]).input("{\"a\":1}\n").run();
    let json = tool(&["inspect", "--json"]).input(ran.out).run().json();
    assert_eq!(json["data"]["a"], 1);
}

#[test]
fn a_session_expires_when_requested() {
    for (arguments, code, expected) in [
        (&["{}"][..], 0, "in 1 h 59 min"),
        (&["{}", "--expires-in", "2h 30m"], 0, "in 2 h 29 min"),
        (&["{}", "--lifetime", "30"], 0, "in 29 min 5"),
        (&["{}", "--expires-in", "-5m"], 1, "5 min"),
        (&["--expires-in=-3d", "{}"], 1, "3 d ago"),
    ] {
        let ran = tool(&["inspect"]).input(sign(arguments).out).run();
        assert_eq!(ran.code, code, "{arguments:?}");
        let mut lines = ran.out.lines();
        let line = lines.find(|line| line.starts_with("expires ")).unwrap();
        let (_, left) = line.split_once("Z, ").unwrap();
        assert!(left.starts_with(expected), "{arguments:?}: {left}");
    }
}

#[test]
fn a_set_cookie_line_has_the_configured_attributes() {
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
    let inspect = tool(&["inspect"]).env("SESSION_COOKIE", "__Host-shop");
    assert_eq!(inspect.input(ran.out).run().code, 0);
}

#[test]
fn data_and_flash_must_be_objects() {
    let remedy = "pass an object such as '{\"user_id\":42}'";
    for json in ["[]", "7", "\"x\"", "null", "", "{", "{\"a\":1}}", "{a:1}"] {
        let ran = tool(&["sign"]).input(json).run();
        ran.fails_with(&format!("the data is not a JSON object; {remedy} ("));
    }
    let ran = sign(&["{}", "--flash", "[1]"]);
    ran.fails_with(&format!("the flash is not a JSON object; {remedy} ("));
    let ran = tool(&["sign"]).input(b"\xff").run();
    ran.fails(&format!("the data is not valid UTF-8; {remedy}"));
    sign(&[r#"{"\ud800":1}"#])
        .fails("the data contains a key that is not valid Unicode; rename it");
}

#[test]
fn a_session_too_large_for_a_cookie_is_an_error() {
    let value = "x".repeat(4_000);
    let secret = Secret::new(SECRET).unwrap();
    let manager = SessionManager::builder(session_cookie::CookieDriver, secret);
    let error = block_on(async {
        let session = manager.build().unwrap().open(None).await.unwrap();
        session.put("a", &value).unwrap_err()
    });
    sign(&[&format!(r#"{{"a":"{value}"}}"#)]).fails(&error.to_string());
}

#[test]
fn an_invalid_id_or_duration_is_an_error() {
    sign(&["{}", "--id", "a b"])
        .fails_with("invalid value 'a b' for '--id <ID>': use letters, digits, '-' and '_'\n");
    sign(&["{}", "--expires-in", "soon"]).fails_with(
        "invalid value 'soon' for '--expires-in <DURATION>': \
         use a duration such as 90s, 2h or 7d, or a number of minutes\n",
    );
}

#[test]
fn with_redis_the_session_is_stored_for_the_service() {
    let server = RedisServer::start();
    let sign = |arguments: &[&str]| {
        tool(&[&["sign"], arguments].concat())
            .redis(&server.url())
            .run()
    };
    let (data, flash) = (r#"{"user":42}"#, r#"{"n":"Hi"}"#);
    let id = ["--id", "a-test's-id"];
    let ran = sign(&[&[data, "--flash", flash, "--expires-in", "10m"], &id[..]].concat());
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert!(ran.out.starts_with("a-test's-id."), "{ran:?}");
    let ttl = cli(&server, &["TTL", "session:a-test's-id"]);
    let ttl: i64 = ttl.trim().parse().unwrap();
    assert!((590..=600).contains(&ttl), "{ttl}");

    let assert_stored = || {
        block_on(async {
            let manager = service(&server.url()).await;
            let session = manager.open([ran.out.trim()]).await.unwrap();
            assert_eq!(session.get("user").unwrap(), Some(42));
            assert_eq!(session.get_flash("n").unwrap(), Some("Hi".to_owned()));
        });
    };
    assert_stored();
    sign(&[&["{}"], &id[..]].concat())
        .fails("a session with this id already exists; choose another id, or revoke it first");
    assert_stored();

    sign(&["{}", "--expires-in", "-1m"])
        .fails("cannot store an expired session in redis; pass a positive --expires-in");
    assert_eq!(cli(&server, &["DBSIZE"]), "1\n");
}

#[test]
fn sessions_of_the_memory_driver_cannot_be_created() {
    tool(&["sign", "{}"]).env("SESSION_DRIVER", "memory").run().fails(
        "SESSION_DRIVER is memory; only the service can create such sessions; use cookie or redis",
    );
}
