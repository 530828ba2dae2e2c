//! base64url without padding (RFC 4648, "Base 64 Encoding with URL and Filename Safe Alphabet"), with vector instructions
//! where the processor has them.
//!
//! The vector engines are unsafe code of the `base64` crate. A client can influence what a session holds, but what is read here
//! was signed by a holder of the key, which the manager has verified by then. Signatures, which anyone can send, are read by
//! the core with the engine that has no unsafe code.

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

/// Appends `text` in base64url to `out`.
pub(crate) fn encode(text: &str, out: &mut String) {
    ENGINE.encode_string(text, out);
}

/// Reads the one canonical spelling.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let room = base64::decoded_len_estimate(text.len()) + ROOM_FOR_CHANGE;
    let mut bytes = Vec::with_capacity(room);
    ENGINE.decode_vec(text, &mut bytes).ok()?;
    Some(bytes)
}

/// A record keeps the text that it was read from, and appends to it what is put.
const ROOM_FOR_CHANGE: usize = 64;

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// The vectors take the middle of a text and leave its ends: every length up to some vectors, and every place of what is
    /// wrong.
    #[test]
    fn it_reads_and_writes_what_the_plain_engine_does() {
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
    fn every_byte_outside_the_alphabet_is_refused_everywhere() {
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
    fn only_the_canonical_spelling_is_read() {
        let text = "x".repeat(100);
        let mut encoded = String::new();
        encode(&text, &mut encoded);
        assert_eq!(encoded.pop(), Some('A'));
        for last in 'B'..='P' {
            assert_eq!(decode(&format!("{encoded}{last}")), None, "{last}");
        }
    }
}
