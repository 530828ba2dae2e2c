//! `inspect` on one cookie of the cookie driver: good and bad.

use crate::run::{OLD_SECRET, Ran, SECRET, bare, signed, token_of, tool};

const ID: &str = "11111111-1111-4111-8111-111111111111";
const AT: &str = "2023-11-14T22:14:20Z";

/// A session that ends at 2023-11-15T00:13:20Z.
fn token() -> String {
    token_of(&format!(
        r#"{{"id":"{ID}","data":{{"user":42,"name":"Ada","price":1.0}},"flash_next":{{"notice":"Hi"}},"exp":1700007200000}}"#
    ))
}

fn inspect(token: &str) -> Ran {
    tool(&["inspect", "--at", AT, token]).run()
}

#[test]
fn a_valid_cookie_is_told_in_aligned_columns() {
    let token = token();
    let size = "session".len() + token.len();
    inspect(&token).says(
        0,
        &format!(
            "valid\n\
             driver   cookie\n\
             id       11111111…\n\
             key      1 of 1, the primary one\n\
             expires  2023-11-15T00:13:20Z, in 1 h 59 min\n\
             size     {size} of 4096 bytes\n\
             data     name   \"Ada\"\n\
             \x20        price  1.0\n\
             \x20        user   42\n\
             flash    notice  \"Hi\"\n"
        ),
    );
}

#[test]
fn its_json_has_all_fields_and_the_values_as_they_were_written() {
    let token = token();
    let size = "session".len() + token.len();
    tool(&["inspect", "--json", "--full-id", "--at", AT, &token]).run().says(
        0,
        &format!(
            "{{\"valid\":true,\"reason\":null,\"driver\":\"cookie\",\"id\":\"{ID}\",\
             \"data\":{{\"name\":\"Ada\",\"price\":1.0,\"user\":42}},\"flash\":{{\"notice\":\"Hi\"}},\
             \"expires_at\":\"2023-11-15T00:13:20.000Z\",\"key\":0,\"size\":{size},\"limit\":4096}}\n"
        ),
    );
    let json = tool(&["inspect", "--json", "--at", AT, &token])
        .run()
        .json();
    assert_eq!(json["id"], "11111111…");
}

#[test]
fn it_is_read_from_an_argument_from_standard_input_and_from_header_lines() {
    let token = token();
    let lines = [
        token.clone(),
        format!("session={token}"),
        format!("Cookie: theme=dark; session={token}"),
        format!(
            "Set-Cookie: session={token}; Path=/; SameSite=Lax; HttpOnly; Secure; Max-Age=7200"
        ),
        format!(
            "HTTP/2 200\r\ncontent-type: text/html; charset=utf-8\r\nset-cookie: session={token}; path=/\r\n\r\n<p>"
        ),
    ];
    let expected = inspect(&token).out;
    for line in &lines {
        assert_eq!(inspect(line).out, expected, "{line}");
        assert_eq!(
            tool(&["inspect", "--at", AT])
                .input(line.as_bytes())
                .run()
                .out,
            expected,
            "{line}"
        );
        assert_eq!(
            tool(&["inspect", "-", "--at", AT])
                .input(line.as_bytes())
                .run()
                .out,
            expected,
            "{line}"
        );
    }
}

#[test]
fn the_key_that_signed_it_is_told() {
    let token = token();
    let inspect = |secrets: &str, arguments: &[&str]| {
        let arguments = [&["inspect", "--at", AT, &token], arguments].concat();
        let new = "a new secret, which has not signed anything";
        bare(&arguments)
            .env("SESSION_SECRET", new)
            .env("SESSION_PREVIOUS_SECRETS", secrets)
            .run()
    };
    let secrets = format!("{OLD_SECRET},{SECRET}");
    let ran = inspect(&secrets, &[]);
    assert_eq!((ran.code, ran.headline()), (0, "valid"));
    let expected = "key      3 of 3, a previous one: the service issues the cookie again\n";
    assert!(ran.out.contains(expected), "{ran:?}");
    assert_eq!(inspect(&secrets, &["--json"]).json()["key"], 2);
    let ran = inspect(OLD_SECRET, &[]);
    let expected = "not valid (forged): the 2 keys did not sign it; it was changed, or made with another SESSION_SECRET";
    assert_eq!((ran.code, ran.headline()), (1, expected));
}

#[test]
fn a_forged_cookie_is_not_valid_and_nothing_of_it_is_shown() {
    let (token, other) = (token(), token_of(r#"{"id":"a","exp":1700007200000}"#));
    let swapped = format!(
        "{}.{}",
        token.split_once('.').unwrap().0,
        other.split_once('.').unwrap().1
    );
    let size = "session".len() + swapped.len();
    inspect(&swapped).says(
        1,
        &format!(
            "not valid (forged): the only key did not sign it; it was changed, or made with another SESSION_SECRET\n\
             size  {size} of 4096 bytes\n"
        ),
    );
    tool(&["inspect", "--json", &swapped]).run().says(
        1,
        &format!(
            "{{\"valid\":false,\"reason\":\"forged\",\"driver\":null,\"id\":null,\"data\":null,\"flash\":null,\
             \"expires_at\":null,\"key\":null,\"size\":{size},\"limit\":4096}}\n"
        ),
    );
    let changed = token.replacen("eyJ", "eyI", 1);
    assert!(
        inspect(&changed)
            .headline()
            .starts_with("not valid (forged)")
    );
}

#[test]
fn a_malformed_cookie_is_explained() {
    let token = token();
    let says = |token: &str, expected: &str| {
        let ran = inspect(token);
        assert_eq!(
            (ran.code, ran.headline(), &*ran.err),
            (1, expected, ""),
            "{token}"
        );
    };
    says(
        &token[..token.len() - 10],
        "not valid (malformed): its signature has 33 characters instead of 43; is it cut off?",
    );
    says(
        token.split_once('.').unwrap().0,
        "not valid (malformed): it has no signature; an id alone is no cookie",
    );
    says(
        ID,
        "not valid (malformed): it has no signature; an id alone is no cookie",
    );
    says(
        "session=",
        "not valid (malformed): it is empty; such a line removes the cookie",
    );
    says(
        "Set-Cookie: session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "not valid (malformed): it is empty; such a line removes the cookie",
    );
    says(
        &signed("e30"),
        "not valid (malformed): it is signed, but what it holds is no session",
    );
    says(
        &signed(""),
        "not valid (malformed): it is signed, but what it holds is no session",
    );
    assert!(
        inspect(&format!("{token}="))
            .headline()
            .starts_with("not valid (forged)")
    );
}

#[test]
fn an_expired_cookie_says_since_when_and_what_it_held() {
    let ran = tool(&["inspect", "--at", "1700007385000", &token()]).run();
    assert_eq!(
        (ran.code, ran.headline()),
        (1, "not valid (expired): it ended 3 min 5 s ago")
    );
    assert!(
        ran.out
            .contains("expires  2023-11-15T00:13:20Z, 3 min 5 s ago\n"),
        "{ran:?}"
    );
    assert!(ran.out.contains("user   42\n"), "{ran:?}");
    // To the millisecond, as the library.
    assert_eq!(
        tool(&["inspect", "--at", "1700007199999", &token()])
            .run()
            .code,
        0
    );
    assert_eq!(
        tool(&["inspect", "--at", "1700007200000", &token()])
            .run()
            .code,
        1
    );
    // By the clock of the system it is long past.
    let json = tool(&["inspect", "--json", &token()]).run().json();
    assert_eq!(
        (&json["valid"], &json["reason"]),
        (&false.into(), &"expired".into())
    );
    assert_eq!(json["expires_at"], "2023-11-15T00:13:20.000Z");
}

#[test]
fn a_cookie_without_an_expiry_is_valid_only_for_a_service_that_migrates() {
    let token = token_of(&format!(
        r#"{{"id":"{ID}","data":{{"user":42}},"flash_next":{{}}}}"#
    ));
    let ran = tool(&["inspect", &token]).run();
    let expected = "not valid (no expiry): it has no expiry, as those of @rudderjs/session 1.x; \
                    --accept-without-expiry decides as a service that accepts them";
    assert_eq!((ran.code, ran.headline()), (1, expected));
    let ran = tool(&["inspect", "--accept-without-expiry", &token]).run();
    assert_eq!((ran.code, ran.headline()), (0, "valid"));
    assert!(ran.out.contains("expires  never\n"), "{ran:?}");
}

#[test]
fn a_cookie_of_another_name_is_none_of_the_session() {
    for input in [
        format!("other={}", token()),
        "Set-Cookie: theme=dark; Path=/".to_owned(),
        String::new(),
    ] {
        tool(&["inspect"]).input(input).run().says(
            1,
            "not valid (absent): there is no cookie named session (SESSION_COOKIE)\n",
        );
    }
    let json = tool(&["inspect", "--json", "a=b"]).run().json();
    assert_eq!(
        (&json["reason"], &json["size"]),
        (&"absent".into(), &serde_json::Value::Null)
    );
    let ran = tool(&[
        "inspect",
        "--at",
        AT,
        &format!("SESSION=x; mine={}", token()),
    ])
    .env("SESSION_COOKIE", "mine")
    .run();
    assert_eq!(ran.code, 0);
}

#[test]
fn a_cookie_of_another_driver_says_so() {
    let ran = inspect(&signed(ID));
    let expected = "not valid (foreign): it carries the id of a session in a store, but SESSION_DRIVER is cookie";
    assert_eq!((ran.code, ran.headline()), (1, expected));
    assert!(
        ran.out
            .contains("id    11111111…\nkey   1 of 1, the primary one\n"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("driver"), "it may be any: {ran:?}");
}

#[test]
fn garbage_is_no_cookie() {
    let garbage: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for input in [
        &garbage[..],
        b"\xff",
        b"\0\0\0",
        b"session=\xff\xfe",
        b"Cookie: \xff=\xff",
    ] {
        let ran = tool(&["inspect"]).input(input).run();
        assert_eq!((ran.code, &*ran.err), (1, ""));
        assert!(ran.headline().starts_with("not valid ("), "{ran:?}");
        let json = tool(&["inspect", "--json"]).input(input).run().json();
        assert_eq!(json["valid"], false);
    }
    // Longer than any cookie: read no further than it has to be.
    let file = std::fs::File::open("/dev/zero").unwrap();
    let output = tool(&["inspect"]).command().stdin(file).output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            &*String::from_utf8_lossy(&output.stderr)
        ),
        (
            Some(2),
            "session-tool: the cookie on standard input is longer than 16 MiB; is it the right file?\n"
        )
    );
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_no_cookie() {
    use std::os::unix::ffi::OsStrExt;
    let arguments = [
        std::ffi::OsStr::new("inspect"),
        std::ffi::OsStr::from_bytes(b"session=\xff"),
    ];
    assert_eq!(tool(&arguments).run().code, 1);
}

#[test]
fn nothing_of_a_session_commands_the_terminal() {
    let token = token_of(
        "{\"id\":\"\u{9b}31m\u{9b}31m\u{9b}\",\"data\":{\"\u{9b}\":\"\u{202e}\u{7f}\"},\"exp\":1e300}",
    );
    let ran = tool(&["inspect", "--full-id", &token]).run();
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.contains("id       \\u009b31m\\u009b31m\\u009b\n"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("data     \\u009b  \"\\u202e\\u007f\"\n"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("expires  after the year 9999\n"),
        "{ran:?}"
    );
}

#[test]
fn a_cookie_that_browsers_would_drop_says_so() {
    let token = token_of(&format!(
        r#"{{"id":"{ID}","data":{{"a":"{}"}},"exp":1700007200000}}"#,
        "x".repeat(4_000)
    ));
    let ran = inspect(&token);
    let size = "session".len() + token.len();
    assert!(
        ran.out.contains(&format!(
            "size     {size} of 4096 bytes: browsers drop it\n"
        )),
        "{ran:?}"
    );
    assert_eq!(ran.code, 0, "the service would read it");
}

#[test]
fn sessions_in_the_memory_of_a_service_cannot_be_looked_at() {
    let ran = tool(&["inspect", &signed(ID)])
        .env("SESSION_DRIVER", "memory")
        .run();
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.headline(),
        "not known (unavailable): it is signed, but its store cannot be asked"
    );
    assert_eq!(
        ran.err,
        "session-tool: SESSION_DRIVER is memory: its sessions are inside the service, where this program cannot look\n"
    );
    // What is decided without the store is decided.
    let ran = tool(&["inspect", ID]).env("SESSION_DRIVER", "memory").run();
    assert_eq!((ran.code, &*ran.err), (1, ""));
    let ran = tool(&["inspect", &token()])
        .env("SESSION_DRIVER", "memory")
        .run();
    let expected =
        "not valid (foreign): it is a cookie of the cookie driver, but SESSION_DRIVER is memory";
    assert_eq!((ran.code, ran.headline(), &*ran.err), (1, expected, ""));
}
