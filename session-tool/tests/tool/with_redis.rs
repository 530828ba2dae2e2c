//! `inspect` where the sessions live in Redis.

use std::process::Command;
use std::time::{Duration, Instant};

use session_core::{Secret, SessionManager};
use session_redis::RedisDriver;
use test_support::RedisServer;

use crate::run::{SECRET, block_on, commit, signed, token_of, tool};

/// Runs redis-cli against a server and returns what it printed.
pub(crate) fn cli(server: &RedisServer, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", &server.port.to_string()])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A session that a service stored, as the token and the id.
pub(crate) fn stored(server: &RedisServer) -> (String, String) {
    block_on(async {
        let driver = RedisDriver::connect(server.url()).await.unwrap();
        let secret = Secret::new(SECRET).unwrap();
        let manager = SessionManager::builder(driver, secret).build().unwrap();
        let session = manager.open(None).await.unwrap();
        session.put("user", 42).unwrap();
        session.flash("notice", "Hi").unwrap();
        let id = session.id().unwrap().as_str().to_owned();
        (commit(&manager, &session).await.as_str().to_owned(), id)
    })
}

#[test]
fn a_session_of_a_service_is_valid_and_told() {
    let server = RedisServer::start();
    let (token, id) = stored(&server);
    let ran = tool(&["inspect", &token]).redis(&server.url()).run();
    let (head, rest) = ran.out.split_once("expires").unwrap();
    let shown = &id[..8];
    assert_eq!(
        head,
        format!("valid\ndriver   redis\nid       {shown}…\nkey      1 of 1, the primary one\n")
    );
    assert!(rest.contains("Z, in 1 h 59 min\n"), "{rest}");
    assert!(
        rest.ends_with("size     87 of 4096 bytes\ndata     user  42\nflash    notice  \"Hi\"\n"),
        "{rest}"
    );
    assert_eq!((ran.code, &*ran.err), (0, ""));

    let json = tool(&["inspect", "--json", "--full-id", &token])
        .redis(&server.url())
        .run()
        .json();
    assert_eq!(
        (&json["valid"], &json["driver"]),
        (&true.into(), &"redis".into())
    );
    assert_eq!((&json["id"], &json["key"]), (&id.into(), &0.into()));
    assert_eq!(
        (&json["data"]["user"], &json["flash"]["notice"]),
        (&42.into(), &"Hi".into())
    );
    assert!(json["expires_at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn looking_changes_nothing() {
    let server = RedisServer::start();
    let (token, id) = stored(&server);
    let key = format!("session:{id}");
    let before = (
        cli(&server, &["GET", &key]),
        cli(&server, &["PEXPIRETIME", &key]),
    );
    for _ in 0..2 {
        assert_eq!(
            tool(&["inspect", &token]).redis(&server.url()).run().code,
            0
        );
    }
    assert_eq!(
        (
            cli(&server, &["GET", &key]),
            cli(&server, &["PEXPIRETIME", &key])
        ),
        before
    );
    assert_eq!(cli(&server, &["DBSIZE"]), "1\n");
}

#[test]
fn a_signed_id_without_a_record_is_not_valid() {
    let server = RedisServer::start();
    let id = "22222222-2222-4222-8222-222222222222";
    tool(&["inspect", &signed(id)]).redis(&server.url()).run().says(
        1,
        "not valid (no record): Redis has no such session; it ended, was logged out, or has another SESSION_PREFIX\n\
         driver  redis\n\
         id      22222222…\n\
         key     1 of 1, the primary one\n\
         size    87 of 4096 bytes\n",
    );
    let (token, _) = stored(&server);
    let ran = tool(&["inspect", &token])
        .redis(&server.url())
        .env("SESSION_PREFIX", "shop:")
        .run();
    assert!(
        ran.headline().starts_with("not valid (no record)"),
        "{ran:?}"
    );
}

#[test]
fn an_unsigned_id_is_not_valid_though_it_has_a_record() {
    let server = RedisServer::start();
    let (_, id) = stored(&server);
    let ran = tool(&["inspect", &id]).redis(&server.url()).run();
    let expected = "not valid (malformed): it has no signature; an id alone is no cookie";
    assert_eq!((ran.code, ran.headline()), (1, expected));
    assert!(!ran.out.contains("user"), "{ran:?}");
}

#[test]
fn a_record_without_a_ttl_is_for_a_service_that_migrates() {
    let server = RedisServer::start();
    cli(
        &server,
        &[
            "SET",
            "session:a-session",
            r#"{"id":"a-session","data":{"a":1}}"#,
        ],
    );
    let ran = tool(&["inspect", &signed("a-session")])
        .redis(&server.url())
        .run();
    assert!(
        ran.headline().starts_with("not valid (no expiry)"),
        "{ran:?}"
    );
    let ran = tool(&["inspect", "--accept-without-expiry", &signed("a-session")])
        .redis(&server.url())
        .run();
    assert_eq!((ran.code, ran.headline()), (0, "valid"));
}

#[test]
fn a_cookie_of_the_cookie_driver_is_foreign_here() {
    let server = RedisServer::start();
    let token = token_of(
        r#"{"id":"11111111-1111-4111-8111-111111111111","data":{"a":1},"exp":99999999999999}"#,
    );
    let ran = tool(&["inspect", &token]).redis(&server.url()).run();
    let expected =
        "not valid (foreign): it is a cookie of the cookie driver, but SESSION_DRIVER is redis";
    assert_eq!((ran.code, ran.headline()), (1, expected));
    assert!(ran.out.contains("data     a  1\n"), "{ran:?}");
}

#[test]
fn without_redis_it_says_what_it_can_and_that_it_does_not_know() {
    let mut server = RedisServer::start();
    let (token, id) = stored(&server);
    server.kill();
    let remedy = "leads to no server that answers; check the host, the port and that Redis runs";
    let ran = tool(&["inspect", &token]).redis(&server.url()).run();
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.out,
        format!(
            "not known (unavailable): it is signed, but its store cannot be asked\n\
             driver  redis\n\
             id      {}…\n\
             key     1 of 1, the primary one\n\
             size    87 of 4096 bytes\n",
            &id[..8]
        )
    );
    let expected = format!("session-tool: REDIS_URL: {remedy} (Connection refused)\n");
    assert_eq!(ran.err, expected);

    let ran = tool(&["inspect", "--json", &token])
        .redis(&server.url())
        .run();
    let json = ran.json();
    assert_eq!(ran.code, 2);
    assert_eq!(
        (&json["valid"], &json["reason"]),
        (&serde_json::Value::Null, &"unavailable".into())
    );

    // A wrong signature is one without asking Redis.
    let ran = tool(&["inspect", &format!("{token}x")])
        .redis(&server.url())
        .run();
    assert_eq!((ran.code, &*ran.err), (1, ""));
    // And what cannot be of Redis is not.
    let token = token_of(r#"{"id":"a","exp":99999999999999}"#);
    let ran = tool(&["inspect", &token]).redis(&server.url()).run();
    assert!(ran.headline().starts_with("not valid (foreign)"), "{ran:?}");
    assert_eq!((ran.code, &*ran.err), (1, ""));
}

#[test]
fn a_redis_that_hangs_is_given_up_in_time() {
    let server = RedisServer::start();
    let (token, _) = stored(&server);
    server.signal("STOP");
    let start = Instant::now();
    let ran = tool(&["inspect", &token]).redis(&server.url()).run();
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .starts_with("session-tool: REDIS_URL: leads to no server that answers; "),
        "{ran:?}"
    );
}

#[test]
fn a_password_is_used_and_never_shown() {
    let password = "a-password-of-redis";
    let server = RedisServer::with(&["--requirepass", password]);
    let token = signed("11111111-1111-4111-8111-111111111111");
    let with = |url: &str| tool(&["inspect", &token]).redis(url).run();
    let ran = with(&format!("redis://:{password}@127.0.0.1:{}", server.port));
    assert!(
        ran.headline().starts_with("not valid (no record)"),
        "{ran:?}"
    );
    for url in [
        server.url(),
        format!("redis://:not-{password}@127.0.0.1:{}", server.port),
    ] {
        let ran = with(&url);
        assert_eq!(ran.code, 2);
        let expected = "session-tool: REDIS_URL: has no user and password that the server accepts; \
                        put them in front of the host: redis://user:password@host (";
        assert!(ran.err.starts_with(expected), "{ran:?}");
        assert!(!ran.err.contains("a-password"), "{ran:?}");
    }
    for url in [
        format!("http://:{password}@127.0.0.1:{}", server.port),
        format!("redis://:{password}@:::"),
        format!("redis://:{password}@127.0.0.1:99999"),
    ] {
        let ran = with(&url);
        assert_eq!(ran.code, 2);
        assert!(
            ran.err
                .starts_with("session-tool: REDIS_URL: does not parse; use the form redis://"),
            "{ran:?}"
        );
        assert!(!ran.err.contains(password), "{ran:?}");
    }
}

#[test]
fn a_time_is_for_the_cookie_driver() {
    tool(&["inspect", "--at", "0", "x"]).redis("redis://127.0.0.1:1").run().fails(
        "--at is for cookies of the cookie driver, and SESSION_DRIVER is redis: a store knows only the present",
    );
}
