//! Random and hostile input, signed or not: no panic, no error and no stack overflow.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use pollster::block_on;
use proptest::prelude::*;
use serde_json::Value;
use session_core::{ErrorKind, Outcome, Session, SessionManager};

use crate::common::{NAME, clock, commit, keys, open, payload, save, sign, visit};
use crate::{SECRET, START, manager};

const MEGABYTE: usize = 1 << 20;

/// A whole lifetime after [`START`], so that no request renews the session.
const NOT_YET_RENEWED: u64 = START + 7_200_000;
/// Far deeper than a recursive parser could go.
const DEEP: usize = 100_000;

#[test]
fn a_token_of_a_megabyte_is_an_ordinary_forgery() {
    let manager = manager(&clock(START));
    let session = visit(&manager);
    session.put("user", 42).unwrap();
    let good = save(&manager, &session);
    let (payload, signature) = good.split_once('.').unwrap();
    let long = |part: &str| part.repeat(MEGABYTE / part.len());
    for token in [
        long("a"),
        long("."),
        long("="),
        long("é"),
        long("%00"),
        long(&good),
        long("{\"id\":"),
        format!("{}.{signature}", long(payload)),
        format!("{payload}.{}", long(signature)),
        format!("{}{good}", long("A")),
        format!("{good}{}", long("A")),
    ] {
        let session = open(&manager, &token);
        assert!(
            session.is_new(),
            "{}…",
            token.chars().take(40).collect::<String>()
        );
        assert_eq!(commit(&manager, &session), Outcome::Keep);
    }
}

/// No browser sends such a cookie, but another service may sign one. The session can only shrink.
#[test]
fn s17_a_signed_session_of_a_megabyte_can_be_read_and_shrunk() {
    let manager = manager(&clock(START));
    let json = format!(
        r#"{{"id":"a","data":{{"big":"{}","user":42}},"exp":{NOT_YET_RENEWED}}}"#,
        "x".repeat(MEGABYTE)
    );
    let token = sign(&keys(SECRET), &json);
    let session = open(&manager, &token);
    assert_eq!(session.get("user").unwrap(), Some(42));
    assert_eq!(commit(&manager, &session), Outcome::Keep);

    let session = open(&manager, &token);
    assert!(is_too_large(session.put("seen", true)));
    assert!(!session.is_modified());
    session.forget("user").unwrap();
    assert!(is_too_large(block_on(manager.commit(&session))));

    let session = open(&manager, &token);
    session.forget("big").unwrap();
    let stored = payload(&save(&manager, &session));
    assert!(
        stored.starts_with(r#"{"id":"a","data":{"user":42},"#),
        "{stored}"
    );
}

#[test]
fn a_deeply_nested_value_is_passed_on() {
    let manager = manager(&clock(START));
    for (open_with, close_with) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"":["#, "]}]")] {
        let nested = format!("{}1{}", open_with.repeat(DEEP), close_with.repeat(DEEP));
        let json = format!(
            r#"{{"other":{nested},"id":"a","data":{{"deep":{nested},"user":42}},"flash_next":{{"deep":{nested}}},"exp":9700000000000}}"#
        );
        let session = open(&manager, &sign(&keys(SECRET), &json));
        assert_eq!(session.get("user").unwrap(), Some(42));
        assert_eq!(session.all().get_raw("deep"), Some(nested.as_str()));
        assert_eq!(
            session.get::<Value>("deep").unwrap_err().kind(),
            ErrorKind::Decode
        );
        assert_eq!(
            session.get_flash::<Value>("deep").unwrap_err().kind(),
            ErrorKind::Decode
        );
        assert_eq!(
            session.pull::<Value>("deep").unwrap_err().kind(),
            ErrorKind::Decode
        );
        assert!(
            session.has("deep"),
            "a value that cannot be decoded is kept"
        );
        // The flash is consumed, and without the value the session fits again.
        session.forget("deep").unwrap();
        assert!(payload(&save(&manager, &session)).contains(r#""data":{"user":42}"#));
    }
}

#[test]
fn unterminated_nesting_is_no_session() {
    let manager = manager(&clock(START));
    let begin = r#"{"id":"a","exp":9700000000000,"data":"#;
    for start in ["", begin, &format!("{begin}{{\"a\":")] {
        for nested in ["[", r#"{"a":"#, r#"[{"a":["#] {
            let json = format!("{start}{}", nested.repeat(DEEP));
            assert!(open(&manager, &sign(&keys(SECRET), &json)).is_new());
        }
    }
}

fn is_too_large<T>(result: Result<T, session_core::Error>) -> bool {
    matches!(
        result.map_err(|error| error.kind()),
        Err(ErrorKind::TooLarge { limit: 4096, size, .. }) if size > 4096
    )
}

/// Uses every method, so that accepted data is actually read.
fn exercise(manager: &SessionManager, session: &Session) {
    let is_new = session.is_new();
    for key in session.keys() {
        assert!(session.has(&key));
        let _ = session.get::<Value>(&key);
    }
    let _ = session.all().to_json();
    let _ = session.all_flash().to_json();
    let _ = session.reflash();
    let _ = session.put("ours", "value");
    match block_on(manager.commit(session)) {
        Ok(Outcome::Set(token)) => {
            let session = open(manager, token.as_str());
            assert!(!session.is_new());
        }
        Ok(outcome) => panic!("{outcome:?} after a write"),
        Err(error) => {
            assert!(!is_new, "a new session with one value must fit");
            assert!(
                matches!(error.kind(), ErrorKind::TooLarge { .. }),
                "{error}"
            );
        }
    }
}

/// Texts that resemble a record, so that some are one.
fn nearly_json() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "d800",
        "\\ud800",
        "null",
        "true",
        "-",
        "0",
        "1e400",
        "1.0",
        "17000072000000",
        "\"id\"",
        "\"data\"",
        "\"flash_next\"",
        "\"exp\"",
        "\"iat\"",
        "\"flash_from\"",
        "\"id\":\"a\"",
        "\"data\":{",
        "\"exp\":17000072000000",
        " ",
        "\n",
        "é",
        "\u{0}",
        "\u{feff}",
    ]);
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// Records that may contain a misplaced value.
fn nearly_record() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        nearly_json(),
        prop::sample::select(vec![
            "{}",
            "{\"a\":1}",
            "{\"a\":\"\\ud800\"}",
            "{\"\\ud800\":1}",
            "{\"a\":{\"b\":[1,2]}}",
            "\"a\"",
            "9700000000000",
            "1e300",
            "-1",
            "[]",
            "null",
            "{\"a\":1,\"a\":2}",
        ])
        .prop_map(str::to_owned),
    ];
    let name = prop::sample::select(vec!["data", "flash_next", "exp", "iat", "flash_from", "x"]);
    prop::collection::vec((name, value), 0..4).prop_map(|fields| {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!(",\"{name}\":{value}"))
            .collect();
        format!("{{\"id\":\"a\",\"exp\":9700000000000{fields}}}")
    })
}

proptest! {
    #[test]
    fn random_tokens_open_nothing_and_do_not_panic(
        token in prop_oneof![any::<String>(), "[A-Za-z0-9_-]{0,300}(\\.[A-Za-z0-9_-]{43})?"],
    ) {
        let manager = manager(&clock(START));
        let session = open(&manager, &token);
        prop_assert!(session.is_new());
        exercise(&manager, &session);
    }

    #[test]
    fn random_cookie_headers_open_nothing_and_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
    ) {
        let manager = manager(&clock(START));
        let name = format!("{NAME}=");
        let mut header = bytes.clone();
        let at = at.index(bytes.len() + 1);
        header.splice(at..at, name.bytes());
        if let Ok(value) = HeaderValue::from_bytes(&header) {
            let mut headers = HeaderMap::new();
            headers.append(COOKIE, value.clone());
            headers.append(COOKIE, value);
            let session = block_on(manager.open_headers(&headers)).unwrap();
            prop_assert!(session.is_new());
        }
    }

    #[test]
    fn signed_random_bytes_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        encoded in any::<bool>(),
    ) {
        let manager = manager(&clock(START));
        let handle = if encoded {
            URL_SAFE_NO_PAD.encode(&bytes)
        } else {
            String::from_utf8_lossy(&bytes).into_owned()
        };
        exercise(&manager, &open(&manager, &keys(SECRET).sign(handle)));
    }

    #[test]
    fn signed_random_records_do_not_panic(json in prop_oneof![nearly_json(), nearly_record()]) {
        let manager = manager(&clock(START));
        exercise(&manager, &open(&manager, &sign(&keys(SECRET), &json)));
    }
}
