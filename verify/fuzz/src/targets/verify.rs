//! Signing and verifying tokens with rings of several keys, compared with RFC 2104 written out.

use arbitrary::{Result, Unstructured};
use session_core::{KeyRing, Secret};

use crate::oracle::token;
use crate::targets::common::{OLD_SECRET, SECRET};

pub(crate) fn run(bytes: &[u8]) {
    let _ = sign_and_verify(&mut Unstructured::new(bytes));
}

fn sign_and_verify(input: &mut Unstructured<'_>) -> Result<()> {
    let mut secrets = vec![secret(input)?];
    while input.ratio(1, 2)? && secrets.len() < 5 {
        secrets.push(secret(input)?);
    }
    let ring = secrets[1..]
        .iter()
        .fold(KeyRing::new(key(&secrets[0])), |ring, secret| {
            ring.with_previous(key(secret))
        });
    assert_eq!(ring.size(), secrets.len());
    let all: Vec<&[u8]> = secrets.iter().map(|secret| &secret[..]).collect();

    let signer = input.choose_index(all.len())?;
    let edit = Edit::from(input)?;
    let rest = input.bytes(input.len())?;
    let rest = String::from_utf8_lossy(rest).into_owned();
    // The input as a token, as a handle, and as a token that was tampered with.
    verifies_alike(&ring, &all, &rest);
    let signed = token::sign(all[signer], &rest);
    verifies_alike(&ring, &all, &signed);
    let verified = ring.verify(&signed).expect("a key of the ring signed it");
    assert_eq!(verified.handle, rest);
    assert!(
        all[verified.key] == all[signer] && verified.key <= signer,
        "the first that fits"
    );
    assert_eq!(ring.sign(rest.clone()), token::sign(all[0], &rest));
    if let Some(tampered) = edit.apply(&signed) {
        verifies_alike(&ring, &all, &tampered);
        assert!(ring.verify(&tampered).is_none(), "{tampered}");
    }
    Ok(())
}

fn verifies_alike(ring: &KeyRing, secrets: &[&[u8]], token: &str) {
    let verified = ring
        .verify(token)
        .map(|verified| (verified.handle, verified.key));
    assert_eq!(verified, token::verify(secrets, token));
}

/// Returns a valid secret: that of the vectors, or from 32 bytes up to more than one block of the
/// hash.
fn secret(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match input.int_in_range(0..=3)? {
        0 | 1 => SECRET.into(),
        2 => OLD_SECRET.into(),
        _ => {
            let len = input.int_in_range(32..=100)?;
            let mut secret: Vec<u8> = input.bytes(len.min(input.len()))?.to_vec();
            secret.resize(len, b'k');
            if Secret::new(&secret).is_err() {
                // White space alone is not a valid secret.
                secret[0] = b'k';
            }
            secret
        }
    })
}

fn key(secret: &[u8]) -> Secret {
    Secret::new(secret).expect("a good secret")
}

/// A way to tamper with a token.
enum Edit {
    Replace(usize, char),
    Insert(usize, char),
    Remove(usize),
    Append(&'static str),
}

impl Edit {
    fn from(input: &mut Unstructured<'_>) -> Result<Self> {
        let at = usize::from(input.arbitrary::<u16>()?);
        Ok(match input.int_in_range(0..=3)? {
            0 => Self::Replace(at, input.arbitrary()?),
            1 => Self::Insert(at, input.arbitrary()?),
            2 => Self::Remove(at),
            _ => Self::Append(input.choose(&["=", "A", ".", " ", "\0", "=="])?),
        })
    }

    /// Returns `None` if the token would not change.
    fn apply(&self, token: &str) -> Option<String> {
        let mut chars: Vec<char> = token.chars().collect();
        match *self {
            Self::Replace(at, char) => {
                let at = at % chars.len();
                chars[at] = char;
            }
            Self::Insert(at, char) => chars.insert(at % (chars.len() + 1), char),
            Self::Remove(at) => drop(chars.remove(at % chars.len())),
            Self::Append(end) => chars.extend(end.chars()),
        }
        let tampered: String = chars.into_iter().collect();
        (tampered != token).then_some(tampered)
    }
}
