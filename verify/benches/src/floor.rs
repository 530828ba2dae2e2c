//! The minimum work of a signed cookie session.

use std::collections::BTreeMap;
use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::Sha256;

use crate::cases::Case;
use crate::requests::forged;
use crate::session::{SECRET, SESSION};

/// Returns the cases: a keyed MAC, base64, one pass of serde_json into an owned map of raw values,
/// and one header string.
#[must_use]
pub fn cases() -> Vec<Case> {
    vec![
        Case::new("floor: read", || read),
        Case::new("floor: read + write", || read_write),
        Case::new("floor: bad signature", || bad_signature),
        Case::new("one MAC", || mac),
    ]
}

#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    id: &'a str,
    data: BTreeMap<String, Box<RawValue>>,
    flash_next: BTreeMap<String, Box<RawValue>>,
    exp: u64,
}

fn read(times: usize) {
    let (key, token) = (key(), token());
    for _ in 0..times {
        let json = verified(&key, black_box(&token)).expect("it is the right signature");
        let payload: Payload<'_> = serde_json::from_slice(&json).expect("it is a payload");
        let user_id = serde_json::from_str(payload.data["user_id"].get());
        assert_eq!(user_id.ok(), Some(42));
    }
}

fn read_write(times: usize) {
    let (key, token) = (key(), token());
    for _ in 0..times {
        let json = verified(&key, black_box(&token)).expect("it is the right signature");
        let mut payload: Payload<'_> = serde_json::from_slice(&json).expect("it is a payload");
        let visits: u64 =
            serde_json::from_str(payload.data["visits"].get()).expect("it is a number");
        payload.data.insert(
            "visits".to_owned(),
            serde_json::value::to_raw_value(&(visits + 1)).expect("it is JSON"),
        );
        let token = signed(&key, &payload);
        black_box(format!(
            "session={token}; Path=/; SameSite=Lax; HttpOnly; Secure; Max-Age=7200"
        ));
    }
}

fn bad_signature(times: usize) {
    let (key, forged) = (key(), forged(&token()));
    for _ in 0..times {
        assert!(verified(&key, black_box(&forged)).is_none());
    }
}

/// Computes one keyed MAC over the encoded session.
fn mac(times: usize) {
    let (key, token) = (key(), token());
    let (value, _) = token.rsplit_once('.').expect("it is a token");
    for _ in 0..times {
        let mut mac = key.clone();
        mac.update(black_box(value).as_bytes());
        black_box(mac.finalize());
    }
}

fn verified(key: &Hmac<Sha256>, token: &str) -> Option<Vec<u8>> {
    let (value, signature) = token.rsplit_once('.').expect("it is a token");
    let mut bytes = [0; 32];
    URL_SAFE_NO_PAD
        .decode_slice(signature, &mut bytes)
        .expect("it is base64");
    let mut mac = key.clone();
    mac.update(value.as_bytes());
    mac.verify_slice(&bytes).ok()?;
    Some(URL_SAFE_NO_PAD.decode(value).expect("it is base64"))
}

fn signed(key: &Hmac<Sha256>, payload: &Payload<'_>) -> String {
    let mut token = URL_SAFE_NO_PAD.encode(serde_json::to_vec(payload).expect("it is JSON"));
    let mut mac = key.clone();
    mac.update(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(mac.finalize().into_bytes(), &mut token);
    token
}

fn key() -> Hmac<Sha256> {
    Hmac::new_from_slice(SECRET.as_bytes()).expect("any length is valid")
}

fn token() -> String {
    let data = serde_json::from_str(SESSION).expect("it is JSON");
    let id = "11111111-1111-4111-8111-111111111111";
    signed(
        &key(),
        &Payload {
            id,
            data,
            flash_next: BTreeMap::new(),
            exp: 1_800_000_000_000,
        },
    )
}
