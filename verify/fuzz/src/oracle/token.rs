//! A second implementation of signed tokens: HMAC as in RFC 2104, and base64url as in RFC 4648.

use sha2::{Digest, Sha256};

/// Computes HMAC-SHA256.
pub(crate) fn hmac(secret: &[u8], text: &[u8]) -> [u8; 32] {
    let mut key = [0; 64];
    if secret.len() > key.len() {
        key[..32].copy_from_slice(&Sha256::digest(secret));
    } else {
        key[..secret.len()].copy_from_slice(secret);
    }
    let inner = Sha256::new()
        .chain_update(key.map(|byte| byte ^ 0x36))
        .chain_update(text)
        .finalize();
    Sha256::new()
        .chain_update(key.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

/// Encodes bytes as base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for n in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * n) & 63) as usize]));
        }
    }
    text
}

/// Decodes a text, if it is canonical.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for char in text.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == char)?;
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    // No incomplete byte, and no trailing bits that are set.
    (held < 6 && bits == 0).then_some(bytes)
}

/// Returns the handle of a token, and the index of the secret that signed it.
pub(crate) fn verify<'a>(secrets: &[&[u8]], token: &'a str) -> Option<(&'a str, usize)> {
    let (handle, signature) = token.rsplit_once('.')?;
    let signature = decode(signature)?;
    let key = secrets
        .iter()
        .position(|secret| hmac(secret, handle.as_bytes())[..] == signature)?;
    Some((handle, key))
}

pub(crate) fn sign(secret: &[u8], handle: &str) -> String {
    format!("{handle}.{}", encode(&hmac(secret, handle.as_bytes())))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
