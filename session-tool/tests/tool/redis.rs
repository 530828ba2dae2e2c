//! `inspect` with sessions in Redis, and what all Redis tests share.

use std::process::Command;

use session_core::{ConfigError, Outcome, SessionConfig, SessionManager};
use session_redis::RedisDriver;
use test_support::RedisServer;

use crate::run::{SECRET, block_on, signed, token_of, tool};

/// A session id that is never stored.
pub(crate) const UNKNOWN: &str = "22222222-2222-4222-8222-222222222222";

/// Runs redis-cli against a server and returns its output.
pub(crate) fn cli(server: &RedisServer, arguments: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", &server.port.to_string()])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns a session manager like a service's, with the same environment as the program.
pub(crate) async fn service(url: &str) -> SessionManager {
    let config = SessionConfig::from_vars(|name| match name {
        "SESSION_SECRET" => Some(SECRET),
        "SESSION_DRIVER" => Some("redis"),
        "REDIS_URL" => Some(url),
        _ => None,
    });
    let config = config.unwrap();
    let driver = RedisDriver::from_config(&config).connect().await.unwrap();
    config.builder(driver).unwrap().build().unwrap()
}

/// Stores a session as a service does. Returns its token and its id.
pub(crate) fn stored(server: &RedisServer) -> (String, String) {
    block_on(async {
        let manager = service(&server.url()).await;
        let session = manager.open(None).await.unwrap();
        session.put("user", 42).unwrap();
        session.flash("notice", "Hi").unwrap();
        let id = session.id().unwrap().as_str().to_owned();
        match manager.commit(&session).await.unwrap() {
            Outcome::Set(token) => (token.as_str().to_owned(), id),
            other => panic!("{other:?}"),
        }
    })
}

/// Returns the driver's error for a URL, whose text the program passes on.
pub(crate) fn driver_error(url: &str) -> ConfigError {
    block_on(RedisDriver::connect(url)).unwrap_err()
}

#[test]
fn a_session_of_a_service_is_valid() {
    let server = RedisServer::start();
    let (token, id) = stored(&server);
    let ran = tool(&["inspect", &token]).redis(&server.url()).run();
    let (head, rest) = ran.out.split_once("expires").unwrap();
    let shown = &id[..8];
    assert_eq!(
        head,
        format!("valid\ndriver   redis\nid       {shown}…\nkey      1 of 1 (primary)\n")
    );
    assert!(rest.contains("Z, in 1 h 59 min\n"), "{rest}");
    assert!(
        rest.ends_with("size     87 of 4096 bytes\ndata     user  42\nflash    notice  \"Hi\"\n"),
        "{rest}"
    );
    assert_eq!((ran.code, &*ran.err), (0, ""));

    let json = tool(&["inspect", "--json", "--full-id", &token]);
    let json = json.redis(&server.url()).run().json();
    assert_eq!(
        (&json["valid"], &json["driver"]),
        (&true.into(), &"redis".into())
    );
    assert_eq!((&json["id"], &json["key"]), (&id.into(), &0.into()));
    assert_eq!(json["data"]["user"], 42);
    assert_eq!(json["flash"]["notice"], "Hi");
    assert!(json["expires_at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn inspecting_changes_nothing() {
    let server = RedisServer::start();
    let (token, id) = stored(&server);
    let key = format!("session:{id}");
    let state = || ["GET", "PEXPIRETIME"].map(|command| cli(&server, &[command, &key]));
    let before = state();
    for _ in 0..2 {
        let ran = tool(&["inspect", &token]).redis(&server.url()).run();
        assert_eq!(ran.code, 0);
    }
    assert_eq!(state(), before);
    assert_eq!(cli(&server, &["DBSIZE"]), "1\n");
}

#[test]
fn a_signed_id_without_a_record_is_invalid() {
    let server = RedisServer::start();
    tool(&["inspect", &signed(UNKNOWN)])
        .redis(&server.url())
        .run()
        .says(
            1,
            "invalid (no record): the store has no such session; \
         it expired, was logged out, or has a different SESSION_PREFIX or SESSION_TABLE\n\
         driver  redis\n\
         id      22222222…\n\
         key     1 of 1 (primary)\n\
         size    87 of 4096 bytes\n",
        );
    let (token, _) = stored(&server);
    let shop = tool(&["inspect", &token]).env("SESSION_PREFIX", "shop:");
    shop.redis(&server.url()).run().rejects("no record");
}

#[test]
fn an_unsigned_id_with_a_record_is_invalid() {
    let server = RedisServer::start();
    let (_, id) = stored(&server);
    let ran = tool(&["inspect", &id]).redis(&server.url()).run();
    ran.rejects("malformed");
    assert!(!ran.out.contains("user"), "{ran:?}");
}

#[test]
fn a_record_without_a_ttl_needs_the_migration_option() {
    let server = RedisServer::start();
    let record = r#"{"id":"a-session","data":{"a":1}}"#;
    cli(&server, &["SET", "session:a-session", record]);
    let token = signed("a-session");
    let inspect = |arguments: &[&str]| tool(arguments).redis(&server.url()).run();
    inspect(&["inspect", &token]).rejects("no expiry");
    inspect(&["inspect", "--accept-without-expiry", &token]).concludes(0, "valid");
}

#[test]
fn a_cookie_of_the_cookie_driver_is_foreign_to_redis() {
    let server = RedisServer::start();
    let token = token_of(
        r#"{"id":"11111111-1111-4111-8111-111111111111","data":{"a":1},"exp":99999999999999}"#,
    );
    let ran = tool(&["inspect", &token]).redis(&server.url()).run();
    ran.concludes(
        1,
        "invalid (foreign): the cookie belongs to the cookie driver, but SESSION_DRIVER is redis",
    );
    ran.shows("data     a  1\n");
}

#[test]
fn without_redis_a_signed_cookie_is_unknown() {
    let mut server = RedisServer::start();
    let (token, id) = stored(&server);
    server.kill();
    let inspect = |arguments: &[&str]| tool(arguments).redis(&server.url()).run();
    let ran = inspect(&["inspect", &token]);
    assert_eq!(
        ran.out,
        format!(
            "unknown (unavailable): the signature is correct, but the store cannot be reached\n\
             driver  redis\n\
             id      {}…\n\
             key     1 of 1 (primary)\n\
             size    87 of 4096 bytes\n",
            &id[..8]
        )
    );
    let error = driver_error(&server.url());
    let expected = format!("session-tool: {error} (Connection refused)\n");
    assert_eq!((ran.code, ran.err), (2, expected));

    let ran = inspect(&["inspect", "--json", &token]);
    let json = ran.json();
    assert!(ran.code == 2 && json["valid"].is_null());
    assert_eq!(json["reason"], "unavailable");

    // Some decisions do not need Redis.
    inspect(&["inspect", &format!("{token}x")]).rejects("forged");
    let token = token_of(r#"{"id":"a","exp":99999999999999}"#);
    inspect(&["inspect", &token]).rejects("foreign");
}

#[test]
fn a_password_is_used_and_never_shown() {
    let password = "a-password-of-redis";
    let server = RedisServer::with(&["--requirepass", password]);
    let token = signed(UNKNOWN);
    let with = |url: &str| tool(&["inspect", &token]).redis(url).run();
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", server.port);
    with(&url(password)).rejects("no record");
    for url in [
        server.url(),
        url("not-a-password-of-redis"),
        format!("http://:{password}@127.0.0.1:{}", server.port),
        format!("redis://:{password}@:::"),
        format!("redis://:{password}@127.0.0.1:99999"),
    ] {
        let ran = with(&url);
        assert_eq!(ran.code, 2);
        let expected = format!("session-tool: {}", driver_error(&url));
        assert!(ran.err.starts_with(&expected), "{ran:?}");
        assert!(!ran.err.contains("a-password"), "{ran:?}");
    }
}

#[test]
fn a_time_works_only_with_the_cookie_driver() {
    tool(&["inspect", "--at", "0", "x"]).redis("redis://127.0.0.1:1").run().fails(
        "--at works only with the cookie driver, but SESSION_DRIVER is redis; a store knows only the present",
    );
}
