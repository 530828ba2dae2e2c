//! The time of a refusal does not reveal what is wrong with a signature.
//!
//! On a machine with other work, a clock is too coarse to show that, but instruction counts are
//! not. Valgrind's callgrind counts those of every single verification. The count must depend
//! neither on the number of correct bytes nor on the position of the wrong ones. For a production
//! build:
//!
//! ```text
//! cargo test --release -p session-core --test timing
//! ```

#![allow(clippy::unwrap_used, reason = "a failure here fails a test")]

use std::collections::BTreeSet;
use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::{KeyRing, Secret};
use test_support::callgrind;

/// Callgrind runs this test in another process.
#[test]
fn no_signature_with_wrong_bytes_verifies() {
    let (ring, token) = signed();
    assert!(verify_once(&ring, &token));
    // The first pass does one-time work, such as growing the heap. The second one is measured.
    for wrong in [wrong_bytes(), wrong_bytes()].concat() {
        assert!(!verify_once(&ring, &spoilt(&token, &wrong)), "{wrong:?}");
    }
    let right = signature(&token);
    for wrong in wrong_bytes() {
        let wrong = signature(&spoilt(&token, &wrong));
        assert!(!compare_naively(&right, &wrong));
    }
}

#[test]
fn s28_every_refusal_takes_the_same_number_of_instructions() {
    let count = |function| callgrind::count(function, "no_signature_with_wrong_bytes_verifies");
    let Some(verifications) = count("timing::verify_once") else {
        return;
    };
    let naive = count("timing::compare_naively").unwrap();
    let kinds = wrong_bytes().len();
    assert_eq!((verifications.len(), naive.len()), (1 + 2 * kinds, kinds));

    let refusals: BTreeSet<u64> = verifications[1 + kinds..].iter().copied().collect();
    callgrind::say(&format!(
        "a refusal takes {refusals:?} instructions, the same for {kinds} kinds of wrong signatures"
    ));
    assert_eq!(refusals.len(), 1, "they differ: {verifications:?}");
    assert!(refusals.first().unwrap() > &1000, "the hashing was counted");
    // The method detects a comparison that stops at the first difference.
    assert!(
        naive.iter().collect::<BTreeSet<_>>().len() >= 32,
        "{naive:?}"
    );
}

/// Returns sets of wrong bytes: all bytes from each position on, and each byte alone.
fn wrong_bytes() -> Vec<Vec<usize>> {
    let after = (0..32).map(|right| (right..32).collect());
    let alone = (0..32).map(|wrong| vec![wrong]);
    after.chain(alone).collect()
}

fn signed() -> (KeyRing, String) {
    let secret = Secret::new("interop-secret-0123456789abcdef-0123456789").unwrap();
    let ring = KeyRing::new(secret);
    let token = ring.sign("11111111-1111-4111-8111-111111111111".to_owned());
    (ring, token)
}

fn signature(token: &str) -> [u8; 32] {
    let (_, signature) = token.rsplit_once('.').unwrap();
    URL_SAFE_NO_PAD
        .decode(signature)
        .unwrap()
        .try_into()
        .unwrap()
}

/// Returns the token with these bytes of its signature changed.
fn spoilt(token: &str, wrong: &[usize]) -> String {
    let (handle, _) = token.rsplit_once('.').unwrap();
    let mut signature = signature(token);
    for at in wrong {
        signature[*at] ^= 0x55;
    }
    format!("{handle}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A separate function, so that callgrind finds it by name.
#[inline(never)]
fn verify_once(ring: &KeyRing, token: &str) -> bool {
    ring.verify(token).is_some()
}

/// A naive comparison. The black boxes keep the compiler from comparing several bytes at once.
#[inline(never)]
fn compare_naively(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let mut pairs = left.iter().zip(right);
    pairs.all(|(left, right)| black_box(left) == black_box(right))
}
