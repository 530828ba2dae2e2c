//! The time of a refusal does not reveal what is wrong with an encrypted cookie, for somebody who
//! can make the server try: see `timing.rs` of `session-core`, which the signature in front has to
//! pass too.

#![allow(clippy::unwrap_used, reason = "a failure here fails a test")]

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pollster::block_on;
use session_cookie::{CookieDriver, EncryptedCookieDriver};
use session_core::{Driver, Expected, KeyRing, Record, Saved, Secret};
use test_support::callgrind;

/// Callgrind runs this test in another process.
#[test]
fn no_cookie_with_a_wrong_bit_opens() {
    let (driver, bytes) = sealed();
    assert!(load_once(&driver, &encode(&bytes)));
    // The first pass does one-time work. The second one is measured.
    for bit in wrong_bits(&bytes).chain(wrong_bits(&bytes)) {
        let mut wrong = bytes.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert!(!load_once(&driver, &encode(&wrong)), "{bit}");
    }
}

#[test]
fn s38_every_refusal_takes_the_same_number_of_instructions() {
    let count = |function| callgrind::count(function, "no_cookie_with_a_wrong_bit_opens");
    let Some(loads) = count("timing::load_once") else {
        return;
    };
    let kinds = wrong_bits(&sealed().1).count();
    assert_eq!(loads.len(), 1 + 2 * kinds);
    let refusals: BTreeSet<u64> = loads[1 + kinds..].iter().copied().collect();
    callgrind::say(&format!(
        "a refusal takes {refusals:?} instructions, the same for {kinds} wrong bits of an encrypted cookie"
    ));
    assert_eq!(refusals.len(), 1, "they differ: {loads:?}");
    assert!(loads[0] > *refusals.first().unwrap(), "it decrypts");
}

/// A few bits of every byte: of the nonce, of the text and of the tag.
fn wrong_bits(bytes: &[u8]) -> impl Iterator<Item = usize> + use<> {
    (0..8 * bytes.len()).step_by(11)
}

fn sealed() -> (EncryptedCookieDriver, Vec<u8>) {
    let secret = Secret::new("interop-secret-0123456789abcdef-0123456789").unwrap();
    let driver = CookieDriver::encrypted(&KeyRing::new(secret));
    let record = Record::from_json(r#"{"id":"a","data":{"user":42},"exp":4102444800000}"#).unwrap();
    let save = driver.save(&record, Expected::Absent, std::time::Duration::ZERO);
    let Ok(Saved::Done { handle, .. }) = block_on(save) else {
        panic!("a save cannot fail or conflict");
    };
    let bytes = URL_SAFE_NO_PAD.decode(&handle["v1.".len()..]).unwrap();
    (driver, bytes)
}

fn encode(bytes: &[u8]) -> String {
    format!("v1.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A separate function, so that callgrind finds it by name.
#[inline(never)]
fn load_once(driver: &EncryptedCookieDriver, handle: &str) -> bool {
    block_on(driver.load(handle)).unwrap().is_some()
}
