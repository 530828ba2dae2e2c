//! What libsodium and session-sealed encrypted, in `vectors/sealed.json`.

use serde::{Deserialize, Serialize};

/// An encrypted text. `verify/sealed-vectors` makes and checks them.
#[derive(Debug, Deserialize, Serialize)]
pub struct Sealed {
    /// Which implementation encrypted it: `libsodium` or `session-sealed`.
    pub by: String,
    /// The secret of the key ring.
    pub secret: String,
    /// What the key is for. A word for the kind of session, and a name.
    pub purpose: String,
    /// The record's id, and nothing for a cookie.
    pub context: String,
    /// The text.
    pub text: String,
    /// The derived key, in hexadecimal digits.
    pub key: String,
    /// The encrypted text, as it is stored.
    pub sealed: String,
    /// What makes it a token.
    pub signature: String,
}

impl Sealed {
    /// Reads the file.
    pub fn read() -> Vec<Self> {
        serde_json::from_str(include_str!("../../vectors/sealed.json")).unwrap()
    }
}
