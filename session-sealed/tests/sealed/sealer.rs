//! The sealer, alone.

use std::io::Write as _;

use proptest::prelude::*;
use session_core::{KeyRing, Secret};
use session_sealed::Sealer;

use crate::SECRET;
use crate::common::{both_keys, old_keys};

fn sealer() -> Sealer {
    Sealer::new(&old_keys(), "test")
}

/// `NONCES=10000000 cargo test --profile measure -p session-sealed nonce` takes ten million.
#[test]
fn s38_no_nonce_is_used_twice() {
    let sealer = sealer();
    let count = std::env::var("NONCES").map_or(100_000, |count| count.parse().unwrap());
    let mut seen = Vec::with_capacity(count);
    for _ in 0..count {
        let sealed = sealer.seal("", b"").unwrap();
        // Two thirds of a nonce are enough: they do not repeat either.
        seen.push(u128::from_le_bytes(sealed[4..20].try_into().unwrap()));
        assert_eq!(sealed.len(), Sealer::OVERHEAD);
    }
    seen.sort_unstable();
    assert!(seen.windows(2).all(|pair| pair[0] != pair[1]));
    let line = format!("\nsealed: {count} nonces, all different\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

#[test]
fn s38_equal_texts_do_not_look_equal() {
    let sealer = sealer();
    let [a, b] = [(); 2].map(|()| sealer.seal("", b"the same text").unwrap());
    for part in [0..24, 24..37, 37..53] {
        assert_ne!(a[part.clone()], b[part]);
    }
}

#[test]
fn the_key_that_opened_is_named() {
    let sealed = sealer().seal("", b"text").unwrap();
    let opened = Sealer::new(&both_keys(), "test").open("", sealed).unwrap();
    assert_eq!((&*opened.text, opened.key), (&b"text"[..], 1));
}

/// Security checklist, statements 26 and 38.
#[test]
fn s26_s38_debug_shows_neither_keys_nor_texts() {
    let sealer = sealer();
    let sealed = sealer.seal("", b"text").unwrap();
    assert_eq!(
        format!("{sealer:?} {:?}", sealer.open("", sealed).unwrap()),
        "Sealer(1 keys) Opened { key: 0, .. }"
    );
}

#[test]
fn what_is_too_short_for_a_nonce_and_a_tag_does_not_open() {
    for len in 0..=Sealer::OVERHEAD {
        assert!(sealer().open("", vec![0; len]).is_none());
    }
}

proptest! {
    #[test]
    fn s38_only_the_same_purpose_context_and_secret_open(
        text in prop::collection::vec(any::<u8>(), 0..300),
        purposes in ("[a-c\0]{0,3}", "[a-c\0]{0,3}"),
        contexts in ("[a-c\0]{0,3}", "[a-c\0]{0,3}"),
        is_same_secret in any::<bool>(),
    ) {
        let secret = if is_same_secret { SECRET } else { crate::NEW_SECRET };
        let sealed = Sealer::new(&old_keys(), &purposes.0).seal(&contexts.0, &text);
        let other = Sealer::new(&KeyRing::new(Secret::new(secret).unwrap()), &purposes.1);
        let opened = other.open(&contexts.1, sealed.unwrap());
        let is_same = purposes.0 == purposes.1 && contexts.0 == contexts.1 && is_same_secret;
        prop_assert_eq!(opened.map(|opened| opened.text), is_same.then_some(text));
    }

    #[test]
    fn s38_a_changed_bit_does_not_open(
        text in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut sealed = sealer().seal("context", &text).unwrap();
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(sealer().open("context", sealed).is_none());
    }
}
