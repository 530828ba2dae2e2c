//! Only what a server signed, byte for byte, opens a session.

use std::str;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use session_core::{Outcome, SessionManager};

use crate::common::{clock, commit, keys, open, payload, save, sign, visit};
use crate::{SECRET, START, manager};

#[track_caller]
fn assert_fresh(manager: &SessionManager, token: &str) {
    let session = open(manager, token);
    assert!(session.is_new(), "{token:?}");
    assert!(session.all().is_empty(), "{token:?}");
    assert!(session.all_flash().is_empty(), "{token:?}");
    assert_eq!(commit(manager, &session), Outcome::Keep, "{token:?}");
}

fn begin(manager: &SessionManager) -> String {
    let session = visit(manager);
    session.put("user", 42).unwrap();
    let token = save(manager, &session);
    assert!(!open(manager, &token).is_new());
    token
}

#[test]
fn changing_any_byte_invalidates_a_token() {
    let manager = manager(&clock(START));
    let token = begin(&manager);
    for at in 0..token.len() {
        for byte in 0..=0x7f {
            let mut tampered = token.clone().into_bytes();
            if tampered[at] == byte {
                continue;
            }
            tampered[at] = byte;
            let tampered = str::from_utf8(&tampered).unwrap();
            assert!(open(&manager, tampered).is_new(), "byte {at} as {byte:#x}");
        }
    }
}

#[test]
fn cutting_adding_or_moving_parts_invalidates_a_token() {
    let manager = manager(&clock(START));
    let token = begin(&manager);
    let (payload, signature) = token.split_once('.').unwrap();
    for at in 0..token.len() {
        assert_fresh(&manager, &token[..at]);
        if at > 0 {
            assert_fresh(&manager, &token[at..]);
        }
        for added in [".", "A", "=", " ", "\0", "é"] {
            assert_fresh(
                &manager,
                &format!("{}{added}{}", &token[..at], &token[at..]),
            );
        }
    }
    for moved in [
        format!("{signature}.{payload}"),
        format!("{token}.{signature}"),
        format!("{payload}.{token}"),
        format!("\"{token}\""),
        token.replace('.', "%2E"),
        token.to_uppercase(),
    ] {
        assert_fresh(&manager, &moved);
    }
}

#[test]
fn a_signature_is_valid_for_its_own_payload_only() {
    let manager = manager(&clock(START));
    let (one, two) = (begin(&manager), begin(&manager));
    let (payload, _) = one.split_once('.').unwrap();
    let (_, signature) = two.split_once('.').unwrap();
    assert_fresh(&manager, &format!("{payload}.{signature}"));
}

/// Security checklist, statement 28: an encoding that the server never writes is refused, even with
/// a valid signature.
#[test]
fn s28_only_canonical_base64url_is_accepted() {
    let manager = manager(&clock(START));
    let keys = keys(SECRET);
    // Payloads that differ between the alphabets, with every length of padding.
    for json in [
        r#"{"id":"a","data":{"s":"???>>>~~~"},"exp":9700000000000}"#,
        r#"{"id":"aa","data":{"s":"???>>>~~~"},"exp":9700000000000}"#,
        r#"{"id":"aaa","data":{"s":"???>>>~~~"},"exp":9700000000000}"#,
    ] {
        let canonical = URL_SAFE_NO_PAD.encode(json);
        assert!(canonical.contains(['-', '_']));
        assert!(!open(&manager, &keys.sign(canonical.clone())).is_new());
        let mut others = vec![
            STANDARD.encode(json),
            STANDARD_NO_PAD.encode(json),
            format!("{canonical}="),
            format!("{canonical}=="),
            format!(" {canonical}"),
            format!("{canonical}\n"),
            format!("{}\n{}", &canonical[..8], &canonical[8..]),
            json.to_owned(),
        ];
        if URL_SAFE.encode(json) != canonical {
            others.push(URL_SAFE.encode(json));
            others.push(with_trailing_bits(&canonical));
        }
        for other in others {
            assert_fresh(&manager, &keys.sign(other));
        }
    }
}

/// Sets the unused bits of the last character. A lenient decoder returns the same bytes.
fn with_trailing_bits(canonical: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = canonical.split_at(canonical.len() - 1);
    let at = ALPHABET
        .iter()
        .position(|c| *c == last.as_bytes()[0])
        .unwrap();
    format!("{rest}{}", char::from(ALPHABET[at + 1]))
}

/// Signed, but not a record. For example, another program uses the same secret.
#[test]
fn signed_text_that_is_not_a_record_is_no_session() {
    let manager = manager(&clock(START));
    let keys = keys(SECRET);
    for json in [
        "",
        "null",
        "[]",
        "{}",
        r#""text""#,
        r#"{"id":7,"data":{},"exp":9700000000000}"#,
        r#"{"id":"","data":{},"exp":9700000000000}"#,
        r#"{"id":"a","data":[],"exp":9700000000000}"#,
        r#"{"id":"a","data":{},"exp":"9700000000000"}"#,
        r#"{"id":"a","data":{},"exp":9700000000000}}"#,
        r#"{"id":"a","data":{},"exp":9700000000000"#,
    ] {
        assert_fresh(&manager, &sign(&keys, json));
    }
    let not_utf8 = b"{\"id\":\"\xff\",\"data\":{},\"exp\":9700000000000}";
    assert_fresh(&manager, &keys.sign(URL_SAFE_NO_PAD.encode(not_utf8)));
    // A cookie of the Redis driver.
    assert_fresh(
        &manager,
        &keys.sign("11111111-1111-4111-8111-111111111111".to_owned()),
    );
}

/// The format may gain fields, and a lone surrogate in one must not log a user out.
#[test]
fn unknown_fields_are_ignored() {
    for field in [
        r#""v":9"#,
        r#""v":{"id":"b","data":{"user":1}}"#,
        r#""__proto__":{"user":1}"#,
        r#""note":"\ud800""#,
        r#""note":{"\ud800":["\udfff"]}"#,
    ] {
        assert_ignored(field);
    }
}

#[test]
fn an_unknown_field_with_a_lone_surrogate_in_its_name_is_ignored() {
    assert_ignored(r#""k\ud800":1"#);
}

#[track_caller]
fn assert_ignored(field: &str) {
    let manager = manager(&clock(START));
    let json = format!(r#"{{{field},"id":"a","data":{{"user":42}},"exp":9700000000000}}"#);
    let session = open(&manager, &sign(&keys(SECRET), &json));
    assert_eq!(session.get("user").unwrap(), Some(42), "{field}");
    session.put("seen", true).unwrap();
    assert_eq!(
        payload(&save(&manager, &session)),
        r#"{"id":"a","data":{"seen":true,"user":42},"flash_next":{},"exp":1700007200000}"#
    );
}
