//! `inspect` with cookies of the cookie driver.

use crate::run::{OLD_SECRET, Ran, SECRET, bare, signed, token_of, tool};

const ID: &str = "11111111-1111-4111-8111-111111111111";
const AT: &str = "2023-11-14T22:14:20Z";

/// A session that expires at 2023-11-15T00:13:20Z.
fn token() -> String {
    token_of(&format!(
        r#"{{"id":"{ID}","data":{{"user":42,"name":"Ada","price":1.0}},"flash_next":{{"notice":"Hi"}},"exp":1700007200000}}"#
    ))
}

fn inspect(token: &str) -> Ran {
    tool(&["inspect", "--at", AT, token]).run()
}

#[test]
fn a_valid_cookie_is_shown_in_aligned_columns() {
    let token = token();
    let size = "session".len() + token.len();
    inspect(&token).says(
        0,
        &format!(
            "valid\n\
             driver   cookie\n\
             id       11111111…\n\
             key      1 of 1 (primary)\n\
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
fn json_has_every_field_and_keeps_values_as_written() {
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
    let ran = tool(&["inspect", "--json", "--at", AT, &token]).run();
    assert_eq!(ran.json()["id"], "11111111…");
}

#[test]
fn a_cookie_may_be_an_argument_or_standard_input_in_any_form() {
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
        for arguments in [&["inspect", "--at", AT][..], &["inspect", "-", "--at", AT]] {
            let ran = tool(arguments).input(line.as_bytes()).run();
            assert_eq!(ran.out, expected, "{arguments:?}: {line}");
        }
    }
}

#[test]
fn the_signing_key_is_shown() {
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
    ran.concludes(0, "valid");
    ran.shows("key      3 of 3 (previous; the service will reissue the cookie)\n");
    assert_eq!(inspect(&secrets, &["--json"]).json()["key"], 2);
    inspect(OLD_SECRET, &[]).concludes(
        1,
        "invalid (forged): the signature matches none of the 2 keys; \
         the cookie was altered, or signed with a different SESSION_SECRET",
    );
}

#[test]
fn a_forged_cookie_is_invalid_and_its_content_is_not_shown() {
    let (token, other) = (token(), token_of(r#"{"id":"a","exp":1700007200000}"#));
    let (value, signature) = (
        token.split_once('.').unwrap().0,
        other.split_once('.').unwrap().1,
    );
    let swapped = format!("{value}.{signature}");
    let size = "session".len() + swapped.len();
    inspect(&swapped).says(
        1,
        &format!(
            "invalid (forged): the signature does not match the key; \
             the cookie was altered, or signed with a different SESSION_SECRET\n\
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
    inspect(&token.replacen("eyJ", "eyI", 1)).rejects("forged");
    inspect(&format!("{token}=")).rejects("forged");
}

#[test]
fn a_malformed_cookie_is_explained() {
    let token = token();
    let truncated = &token[..token.len() - 10];
    let value = token.split_once('.').unwrap().0;
    let removal = "Set-Cookie: session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let length = "the signature has 33 characters instead of 43; the cookie may be truncated";
    let unsigned = "the cookie has no signature; a session id alone is not enough";
    let empty = "the cookie is empty; servers send an empty cookie to remove it";
    let content = "the signature is correct, but the content is not a session";
    for (cookie, explanation) in [
        (truncated, length),
        (value, unsigned),
        (ID, unsigned),
        ("session=", empty),
        (removal, empty),
        (&signed("e30"), content),
        (&signed(""), content),
    ] {
        let ran = inspect(cookie);
        ran.concludes(1, &format!("invalid (malformed): {explanation}"));
        assert_eq!(ran.err, "");
    }
}

#[test]
fn an_expired_cookie_shows_when_it_expired_and_its_content() {
    let ran = tool(&["inspect", "--at", "1700007385000", &token()]).run();
    ran.concludes(1, "invalid (expired): the session expired 3 min 5 s ago");
    ran.shows("expires  2023-11-15T00:13:20Z, 3 min 5 s ago\n");
    ran.shows("user   42\n");
    // To the millisecond, like the library.
    for (at, code) in [("1700007199999", 0), ("1700007200000", 1)] {
        assert_eq!(tool(&["inspect", "--at", at, &token()]).run().code, code);
    }
    // By default, the system clock decides.
    let json = tool(&["inspect", "--json", &token()]).run().json();
    assert_eq!(
        (&json["valid"], &json["reason"]),
        (&false.into(), &"expired".into())
    );
    assert_eq!(json["expires_at"], "2023-11-15T00:13:20.000Z");
}

#[test]
fn a_cookie_without_an_expiry_needs_the_migration_option() {
    let token = token_of(&format!(
        r#"{{"id":"{ID}","data":{{"user":42}},"flash_next":{{}}}}"#
    ));
    tool(&["inspect", &token]).run().concludes(
        1,
        "invalid (no expiry): the session never expires, as in @rudderjs/session 1.x; \
         pass --accept-without-expiry if the service accepts such sessions",
    );
    let ran = tool(&["inspect", "--accept-without-expiry", &token]).run();
    ran.concludes(0, "valid");
    ran.shows("expires  never\n");
}

#[test]
fn only_cookies_with_the_configured_name_count() {
    let other = format!("other={}", token());
    for input in [&*other, "Set-Cookie: theme=dark; Path=/", ""] {
        let ran = tool(&["inspect"]).input(input).run();
        ran.says(
            1,
            "invalid (absent): no cookie named session (SESSION_COOKIE)\n",
        );
    }
    let json = tool(&["inspect", "--json", "a=b"]).run().json();
    assert_eq!(json["reason"], "absent");
    assert!(json["size"].is_null());
    let both = format!("SESSION=x; mine={}", token());
    let ran = tool(&["inspect", "--at", AT, &both])
        .env("SESSION_COOKIE", "mine")
        .run();
    ran.concludes(0, "valid");
}

#[test]
fn an_id_is_foreign_to_the_cookie_driver() {
    let ran = inspect(&signed(ID));
    ran.concludes(
        1,
        "invalid (foreign): the cookie holds the id of a stored session, but SESSION_DRIVER is cookie",
    );
    ran.shows("id    11111111…\nkey   1 of 1 (primary)\n");
    assert!(!ran.out.contains("driver"), "it may be any: {ran:?}");
}

#[test]
fn arbitrary_bytes_are_invalid() {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for input in [
        &bytes[..],
        b"\xff",
        b"\0\0\0",
        b"session=\xff\xfe",
        b"Cookie: \xff=\xff",
    ] {
        let ran = tool(&["inspect"]).input(input).run();
        assert!(ran.out.starts_with("invalid ("), "{ran:?}");
        assert_eq!((ran.code, &*ran.err), (1, ""));
        let json = tool(&["inspect", "--json"]).input(input).run().json();
        assert_eq!(json["valid"], false);
    }
    // Endless input is not read to its end.
    let file = std::fs::File::open("/dev/zero").unwrap();
    let output = tool(&["inspect"]).command().stdin(file).output().unwrap();
    let error = "session-tool: the cookie on standard input is larger than 16 MiB; is this the right file?\n";
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), error);
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_unicode_is_invalid() {
    use std::os::unix::ffi::OsStrExt;
    let arguments = [
        std::ffi::OsStr::new("inspect"),
        std::ffi::OsStr::from_bytes(b"session=\xff"),
    ];
    assert_eq!(tool(&arguments).run().code, 1);
}

#[test]
fn session_content_cannot_control_the_terminal() {
    let token = token_of(
        "{\"id\":\"\u{9b}31m\u{9b}31m\u{9b}\",\"data\":{\"\u{9b}\":\"\u{202e}\u{7f}\"},\"exp\":1e300}",
    );
    let ran = tool(&["inspect", "--full-id", &token]).run();
    ran.concludes(0, "valid");
    ran.shows("id       \\u009b31m\\u009b31m\\u009b\n");
    ran.shows("data     \\u009b  \"\\u202e\\u007f\"\n");
    ran.shows("expires  after the year 9999\n");
}

#[test]
fn a_cookie_too_large_for_browsers_is_marked() {
    let token = token_of(&format!(
        r#"{{"id":"{ID}","data":{{"a":"{}"}},"exp":1700007200000}}"#,
        "x".repeat(4_000)
    ));
    let ran = inspect(&token);
    let size = "session".len() + token.len();
    ran.shows(&format!(
        "size     {size} of 4096 bytes (too large: browsers drop it)\n"
    ));
    assert_eq!(ran.code, 0, "the service would accept it");
}

#[test]
fn sessions_of_the_memory_driver_are_unknown() {
    let inspect = |token: &str| {
        tool(&["inspect", token])
            .env("SESSION_DRIVER", "memory")
            .run()
    };
    let ran = inspect(&signed(ID));
    ran.concludes(
        2,
        "unknown (unavailable): the signature is correct, but the store cannot be reached",
    );
    assert_eq!(
        ran.err,
        "session-tool: SESSION_DRIVER is memory; its sessions live inside the service, \
         where this program cannot see them\n"
    );
    // Some decisions do not need the store.
    inspect(ID).rejects("malformed");
    inspect(&token()).concludes(
        1,
        "invalid (foreign): the cookie belongs to the cookie driver, but SESSION_DRIVER is memory",
    );
}

/// With several cookies of one name, the service uses the first valid one of the first eight.
mod several {
    use super::*;

    fn cookie(user: u8) -> String {
        token_of(&format!(
            r#"{{"id":"id-of-session-{user}","data":{{"user":{user}}},"exp":99999999999999}}"#
        ))
    }

    fn inspect(tokens: &[&str]) -> Ran {
        let pairs: Vec<String> = tokens
            .iter()
            .map(|token| format!("session={token}"))
            .collect();
        tool(&["inspect", &pairs.join("; ")]).run()
    }

    #[test]
    fn the_first_valid_cookie_counts() {
        let ran = inspect(&["forged.x", &cookie(1), &cookie(2)]);
        ran.concludes(0, "valid");
        ran.shows("cookie   2 of 3 with this name\n");
        ran.shows("data     user  1\n");
    }

    #[test]
    fn if_none_is_valid_a_signed_cookie_is_explained() {
        let ran = inspect(&["forged.x", &token_of(r#"{"id":"a","exp":1}"#)]);
        ran.rejects("expired");
        ran.shows("cookie   2 of 2 with this name\n");
    }

    #[test]
    fn the_ninth_cookie_is_ignored() {
        let valid = cookie(1);
        assert_eq!(inspect(&[&["x.y"; 7], &[&*valid][..]].concat()).code, 0);
        let ran = inspect(&[&["x.y"; 8], &[&*valid][..]].concat());
        ran.concludes(
            1,
            "invalid (too many): too many cookies of the same name come before it",
        );
        ran.shows("cookie   9 of 9 with this name\n");
    }

    #[test]
    fn several_lines_of_a_response_count_in_order() {
        let (a, b) = (cookie(1), cookie(2));
        let lines = format!(
            "Set-Cookie: session={a}; Path=/a\nSet-Cookie: other=1\nSet-Cookie: session={b}; Path=/\n"
        );
        let ran = tool(&["inspect"]).input(lines).run();
        ran.shows("1 of 2 with this name\n");
        ran.shows("data     user  1\n");
    }
}
