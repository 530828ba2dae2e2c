//! The sealer, alone.

use std::collections::HashSet;
use std::io::Write as _;

use proptest::prelude::*;
use session_core::{KeyRing, Secret};
use session_sealed::{Envelope, Sealer};

use crate::SECRET;
use crate::common::{both_keys, old_keys};

fn sealer() -> Sealer {
    Sealer::new(&old_keys(), "test")
}

/// `NONCES=10000000 cargo test --release -p session-sealed nonce` takes ten million.
#[test]
fn s38_no_nonce_is_used_twice() {
    let sealer = sealer();
    let count = std::env::var("NONCES").map_or(100_000, |count| count.parse().unwrap());
    let mut seen = HashSet::with_capacity(count);
    for _ in 0..count {
        let Envelope { nonce, content } = sealer.seal("", Vec::new()).unwrap();
        // Half of a nonce is enough: it does not repeat either.
        assert!(seen.insert(u128::from_le_bytes(nonce[4..20].try_into().unwrap())));
        assert_eq!(content.len() + nonce.len(), Sealer::OVERHEAD);
    }
    let line = format!("\nsealed: {count} nonces, all different\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

#[test]
fn s38_equal_texts_do_not_look_equal() {
    let sealer = sealer();
    let [a, b] = [(); 2].map(|()| sealer.seal("", b"the same text".to_vec()).unwrap());
    assert_ne!(a.nonce, b.nonce);
    assert_ne!(a.content[..13], b.content[..13]);
}

#[test]
fn the_key_that_opened_is_named() {
    let envelope = sealer().seal("", b"text".to_vec()).unwrap();
    let opened = Sealer::new(&both_keys(), "test")
        .open("", envelope)
        .unwrap();
    assert_eq!((&*opened.text, opened.key), (&b"text"[..], 1));
}

/// Security checklist, statements 26 and 38.
#[test]
fn s26_s38_debug_shows_neither_keys_nor_texts() {
    let sealer = sealer();
    let envelope = sealer.seal("", b"text".to_vec()).unwrap();
    assert_eq!(
        format!(
            "{sealer:?} {envelope:?} {:?}",
            sealer.open("", envelope.clone()).unwrap()
        ),
        "Sealer(\"test\", 1 keys) Envelope(20 bytes) Opened { key: 0, .. }"
    );
}

#[test]
fn an_envelope_without_room_for_a_tag_does_not_open() {
    let nonce = [0; Sealer::NONCE_BYTES];
    for len in 0..=16 {
        let content = vec![0; len];
        assert!(sealer().open("", Envelope { nonce, content }).is_none());
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
        let sealed = Sealer::new(&old_keys(), &purposes.0).seal(&contexts.0, text.clone());
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
        let mut envelope = sealer().seal("context", text).unwrap();
        let at = at.index(envelope.nonce.len() + envelope.content.len());
        match at.checked_sub(envelope.nonce.len()) {
            None => envelope.nonce[at] ^= 1 << bit,
            Some(at) => envelope.content[at] ^= 1 << bit,
        }
        prop_assert!(sealer().open("context", envelope).is_none());
    }
}
