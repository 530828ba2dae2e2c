//! Nothing but what a server signed, byte for byte, opens a session.

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
fn no_byte_of_a_token_can_be_changed() {
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
fn nothing_can_be_cut_off_added_or_moved() {
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
fn a_signature_vouches_for_its_own_payload_only() {
    let manager = manager(&clock(START));
    let (one, two) = (begin(&manager), begin(&manager));
    let (payload, _) = one.split_once('.').unwrap();
    let (_, signature) = two.split_once('.').unwrap();
    assert_fresh(&manager, &format!("{payload}.{signature}"));
}

/// security.md 28: what the server itself would never write is refused, even under its own signature.
#[test]
fn s28_only_the_canonical_base64url_of_a_payload_is_read() {
    let manager = manager(&clock(START));
    let keys = keys(SECRET);
    // One that differs between the alphabets, and at each length of padding.
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

/// The same bytes to a lenient decoder: the last character's unused bits are set.
fn with_trailing_bits(canonical: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = canonical.split_at(canonical.len() - 1);
    let at = ALPHABET
        .iter()
        .position(|c| *c == last.as_bytes()[0])
        .unwrap();
    format!("{rest}{}", char::from(ALPHABET[at + 1]))
}

/// Signed, but no record: another program's cookie under the same secret, say.
#[test]
fn what_is_signed_but_is_no_record_is_no_session() {
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
    // What the other driver's cookie carries.
    assert_fresh(
        &manager,
        &keys.sign("11111111-1111-4111-8111-111111111111".to_owned()),
    );
}

/// Other fields may come to the format; half a surrogate pair in one is no reason to log a user out.
#[test]
fn fields_that_are_not_ours_are_ignored() {
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
fn a_field_with_a_name_that_rust_cannot_hold_is_ignored_too() {
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
