//! Vectors of libsodium and of this crate: see `verify/sealed-vectors`.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::{KeyRing, Secret};
use session_sealed::Sealer;
use test_support::vectors::{Sealed, report};

fn ring(vector: &Sealed) -> KeyRing {
    KeyRing::new(Secret::new(&vector.secret).unwrap())
}

fn open(vector: &Sealed, sealed: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix("v1.")?).ok()?;
    let opened = Sealer::new(&ring(vector), &vector.purpose).open(&vector.context, bytes)?;
    Some(opened.text)
}

#[test]
fn every_vector_opens() {
    let vectors = Sealed::read();
    for vector in &vectors {
        let [key] = &ring(vector).derive(&format!("session-sealed v1\0{}", vector.purpose))[..]
        else {
            panic!("the ring has one secret");
        };
        let hex: String = key
            .expose()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, vector.key);
        assert_eq!(
            open(vector, &vector.sealed).unwrap(),
            vector.text.as_bytes()
        );
        let token = format!("{}.{}", vector.sealed, vector.signature);
        assert_eq!(ring(vector).sign(vector.sealed.clone()), token);
    }
    let count = |by: &str| vectors.iter().filter(|vector| vector.by == by).count();
    report(format_args!(
        "{} sealed by libsodium, {} by session-sealed",
        count("libsodium"),
        count("session-sealed"),
    ));
    assert_eq!((count("libsodium"), count("session-sealed")), (8, 8));
}

/// Seals every text anew. `SEALED_VECTORS` names a file for the result, which libsodium can check.
#[test]
fn every_vector_is_sealed_anew() {
    let mut vectors = Sealed::read();
    for vector in &mut vectors {
        let sealer = Sealer::new(&ring(vector), &vector.purpose);
        let bytes = sealer
            .seal(&vector.context, vector.text.as_bytes())
            .unwrap();
        let sealed = format!("v1.{}", URL_SAFE_NO_PAD.encode(bytes));
        assert_eq!(open(vector, &sealed).unwrap(), vector.text.as_bytes());
        assert_eq!(sealed.len(), vector.sealed.len());
        let token = ring(vector).sign(sealed.clone());
        vector.signature = token[sealed.len() + 1..].to_owned();
        vector.sealed = sealed;
        vector.by = "session-sealed".to_owned();
    }
    if let Some(path) = std::env::var_os("SEALED_VECTORS") {
        fs::write(path, serde_json::to_string_pretty(&vectors).unwrap()).unwrap();
    }
}
