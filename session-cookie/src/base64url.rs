//! base64url without padding (RFC 4648, "Base 64 Encoding with URL and Filename Safe Alphabet"),
//! with vector instructions if the processor has them.
//!
//! The vector engines are unsafe code in the `base64` crate. A client can influence the content of
//! a session, but the text that is decoded here was signed with the server's key, and the manager
//! has verified the signature. The core decodes signatures, which anyone can send, with an engine
//! that contains no unsafe code.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::NO_PAD;

#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
static ENGINE: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD));

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// Appends `bytes` in base64url to `out`.
pub(crate) fn encode(bytes: impl AsRef<[u8]>, out: &mut String) {
    ENGINE.encode_string(bytes, out);
}

/// Decodes canonical base64url and nothing else.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let room = base64::decoded_len_estimate(text.len()) + ROOM_FOR_CHANGE;
    let mut bytes = Vec::with_capacity(room);
    ENGINE.decode_vec(text, &mut bytes).ok()?;
    Some(bytes)
}

/// A record keeps the text that it was decoded from and appends new values to it.
const ROOM_FOR_CHANGE: usize = 64;

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// The vector code handles the middle of a text but not its ends, so this tries every length up
    /// to several vectors, and an invalid character at every position.
    #[test]
    fn it_matches_the_plain_engine() {
        for len in 0..300 {
            let text: String = ('!'..='~').cycle().skip(len).take(len).collect();
            let mut encoded = String::new();
            encode(&text, &mut encoded);
            assert_eq!(encoded, URL_SAFE_NO_PAD.encode(&text));
            assert_eq!(decode(&encoded).unwrap(), text.as_bytes());
            assert_eq!(decode(&(encoded.clone() + "=")), None);
            for at in 0..encoded.len() {
                let mut wrongly = encoded.clone();
                wrongly.replace_range(at..=at, ["+", "/", "\n", "=", "é"][(at + len) % 5]);
                assert_eq!(decode(&wrongly), None, "{wrongly}");
            }
        }
    }

    #[test]
    fn characters_outside_the_alphabet_are_refused_at_every_position() {
        let is_in_alphabet = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        for wrong in (0..=0x7f_u8)
            .map(char::from)
            .chain(['\u{80}', 'é', 'ÿ', '€'])
        {
            for at in 0..100 {
                let text: String = (0..100)
                    .map(|n| if n == at { wrong } else { 'A' })
                    .collect();
                assert_eq!(
                    decode(&text).is_some(),
                    is_in_alphabet(wrong),
                    "{wrong:?} at {at}"
                );
            }
        }
    }

    #[test]
    fn only_the_canonical_encoding_is_decoded() {
        let text = "x".repeat(100);
        let mut encoded = String::new();
        encode(&text, &mut encoded);
        assert_eq!(encoded.pop(), Some('A'));
        for last in 'B'..='P' {
            assert_eq!(decode(&format!("{encoded}{last}")), None, "{last}");
        }
    }
}
