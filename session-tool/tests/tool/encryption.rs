//! Encrypted sessions.

use test_support::RedisServer;

use crate::redis::{UNKNOWN, cli, stored};
use crate::run::{OLD_SECRET, SECRET, Tool, bare, check, tool};

fn encrypting<A: AsRef<std::ffi::OsStr>>(arguments: &[A]) -> Tool {
    tool(arguments).env("SESSION_ENCRYPT", "true")
}

/// Returns an encrypted cookie with the data `{"user":42}`.
fn encrypted() -> String {
    let ran = encrypting(&["sign", r#"{"user":42}"#]).run();
    assert_eq!((ran.code, &*ran.err), (0, ""));
    ran.out
}

#[test]
fn sign_encrypts_and_inspect_decrypts() {
    let cookie = encrypted();
    assert!(cookie.starts_with("v1."), "{cookie}");
    let ran = encrypting(&["inspect", "--json"])
        .input(cookie.clone())
        .run();
    let json = ran.json();
    assert_eq!(
        (&json["valid"], &json["driver"]),
        (&true.into(), &"cookie".into())
    );
    assert_eq!(json["data"].to_string(), r#"{"user":42}"#);
    // With the previous secret, too.
    let rotated = bare(&["inspect", "--json"])
        .env("SESSION_SECRET", OLD_SECRET)
        .env("SESSION_PREVIOUS_SECRETS", SECRET)
        .env("SESSION_ENCRYPT", "true");
    let json = rotated.input(cookie).run().json();
    assert_eq!((&json["valid"], &json["key"]), (&true.into(), &1.into()));
    assert_eq!(json["data"].to_string(), r#"{"user":42}"#);
}

#[test]
fn an_expired_encrypted_cookie_can_be_made() {
    let ran = encrypting(&["sign", "{}", "--expires-in", "-1m"]).run();
    encrypting(&["inspect"])
        .input(ran.out)
        .run()
        .rejects("expired");
}

#[test]
fn inspect_tells_encrypted_and_plain_cookies_apart() {
    let ran = tool(&["inspect"]).input(encrypted()).run();
    ran.rejects("encrypted");
    ran.shows("the session is encrypted, but SESSION_ENCRYPT is not true");

    let plain = tool(&["sign", r#"{"user":42}"#]).run().out;
    let ran = encrypting(&["inspect"]).input(plain.clone()).run();
    ran.rejects("not encrypted");
    ran.shows("the session is not encrypted, but SESSION_ENCRYPT is true");
    ran.shows("data     user  42");
    let accepting = encrypting(&["inspect"]).env("SESSION_PLAIN_RECORDS", "accept");
    accepting.input(plain).run().concludes(0, "valid");
}

#[test]
fn sessions_in_redis_are_encrypted_and_shown_with_the_secret() {
    let server = RedisServer::start();
    let sign = encrypting(&["sign", r#"{"user":42}"#]).redis(&server.url());
    let cookie = sign.run().out;
    let (id, _) = cookie.rsplit_once('.').unwrap();
    let value = cli(&server, &["GET", &format!("session:{id}")]);
    assert!(
        value.contains(r#""sealed":"v1."#) && !value.contains("user"),
        "{value}"
    );

    let inspect = |tool: Tool| tool.redis(&server.url()).input(cookie.clone()).run();
    inspect(encrypting(&["inspect"])).shows("data     user  42");
    let ran = inspect(tool(&["inspect"]));
    ran.rejects("encrypted");

    let show = |tool: Tool| tool.env("REDIS_URL", server.url()).run();
    show(encrypting(&["show", id])).shows("data     user  42");
    let error = "the session is encrypted; set SESSION_ENCRYPT=true and the secret of the service";
    show(bare(&["show", id])).fails(error);
    let off = bare(&["show", id]).env("SESSION_ENCRYPT", "false");
    show(off).fails(error);
    // A session that is not encrypted is none, as for the service.
    let (_, plain) = stored(&server);
    assert_eq!(show(encrypting(&["show", &plain])).code, 1);
    assert_eq!(show(encrypting(&["show", UNKNOWN])).code, 1);
    // Ending a session needs no secret.
    assert_eq!(show(bare(&["revoke", id])).code, 0);
}

#[test]
fn the_doctor_tells_what_is_encrypted() {
    for (variables, expected) in [
        (
            &[("SESSION_ENCRYPT", "true")][..],
            "ok on: only the service can read sessions",
        ),
        (
            &[
                ("SESSION_ENCRYPT", "true"),
                ("SESSION_PLAIN_RECORDS", "accept"),
            ],
            "warn on, but sessions that are not encrypted are still accepted",
        ),
        (
            &[
                ("SESSION_ENCRYPT", "true"),
                ("SESSION_PLAIN_RECORDS", "write"),
            ],
            "warn being turned on or off: encrypted sessions open, and none is encrypted",
        ),
        (
            &[("SESSION_DRIVER", "memory")],
            "ok off: sessions are stored readable",
        ),
        (
            &[("SESSION_ENCRYPT", "maybe")],
            "fail SESSION_ENCRYPT \"maybe\" is invalid",
        ),
        (
            &[("SESSION_PLAIN_RECORDS", "yes")],
            "fail SESSION_PLAIN_RECORDS \"yes\" is invalid",
        ),
    ] {
        let ran = tool(&["doctor", "--json"]).envs(variables).run();
        let (status, detail, _) = check(&ran, "encryption");
        assert_eq!(format!("{status} {detail}"), expected);
    }
}
