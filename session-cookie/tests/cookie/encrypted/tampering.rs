//! Encrypted cookies that somebody changed, and what they show.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{encrypted, handle, log_in, open, user};
use crate::common::{clock, keys, sign};
use crate::{SECRET, START};

#[test]
fn s38_a_token_with_one_changed_bit_is_no_session() {
    let manager = encrypted(&keys(SECRET), &clock(START));
    let token = log_in(&manager);
    assert_eq!(user(&open(&manager, &token)).as_deref(), Some("ada"));
    let mut tried = 0;
    for bit in 0..8 * token.len() {
        let mut changed = token.clone().into_bytes();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = String::from_utf8(changed) {
            assert!(open(&manager, &changed).is_new(), "bit {bit}");
            tried += 1;
        }
    }
    assert!(tried >= 7 * token.len());
}

/// The signature is right, as if the attacker had the secret but not the key.
#[test]
fn s38_a_signed_cookie_with_one_changed_bit_is_no_session() {
    let keys = keys(SECRET);
    let manager = encrypted(&keys, &clock(START));
    let token = log_in(&manager);
    let bytes = URL_SAFE_NO_PAD
        .decode(&handle(&token)["v1.".len()..])
        .unwrap();
    let seal = |bytes: &[u8]| keys.sign(format!("v1.{}", URL_SAFE_NO_PAD.encode(bytes)));
    assert_eq!(seal(&bytes), token);
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&manager, &seal(&changed)).is_new(), "bit {bit}");
    }
    for end in 0..bytes.len() {
        assert!(open(&manager, &seal(&bytes[..end])).is_new(), "{end} bytes");
    }
}

#[test]
fn s38_equal_sessions_have_different_cookies_that_show_nothing() {
    let manager = encrypted(&keys(SECRET), &clock(START));
    let [a, b] = [(); 2].map(|()| log_in(&manager));
    let bytes = |token: &str| {
        URL_SAFE_NO_PAD
            .decode(&handle(token)["v1.".len()..])
            .unwrap()
    };
    let (a, b) = (bytes(&a), bytes(&b));
    assert_eq!(a.len(), b.len());
    let equal = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    assert!(equal < 12, "{equal} of {} bytes are equal", a.len());
    for text in ["user", "ada", "data", "id"] {
        let is_shown = a
            .windows(text.len())
            .any(|window| window == text.as_bytes());
        assert!(!is_shown || text == "id", "{text}");
    }
}

#[test]
fn signed_texts_that_are_not_encrypted_are_no_sessions() {
    let keys = keys(SECRET);
    let manager = encrypted(&keys, &clock(START));
    for handle in [
        "",
        "v1.",
        "v1",
        "v1.é",
        "v1.AAAA",
        "v2.AAAA",
        "11111111-1111-4111-8111-111111111111",
    ] {
        assert!(
            open(&manager, &keys.sign(handle.to_owned())).is_new(),
            "{handle}"
        );
    }
    assert!(open(&manager, &sign(&keys, r#"{"id":"a","exp":4102444800000}"#)).is_new());
}
