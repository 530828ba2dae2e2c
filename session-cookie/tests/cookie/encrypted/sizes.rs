//! What fits, and what the length tells.

use session_core::{ErrorKind, SessionManager};

use super::{encrypted, encrypted_with, handle};
use crate::SECRET;
use crate::START;
use crate::common::{clock, keys, save, visit};

/// Returns the longest text that can be put, and the token of its session.
fn longest(manager: &SessionManager) -> (usize, String) {
    let session = visit(manager);
    let mut length = 3000;
    loop {
        match session.put("t", "x".repeat(length)) {
            Ok(()) => return (length, save(manager, &session)),
            Err(error) => assert!(matches!(
                error.kind(),
                ErrorKind::TooLarge { limit: 4096, .. }
            )),
        }
        length -= 1;
    }
}

/// The documentation says how many bytes of JSON fit.
#[test]
fn the_documented_number_of_bytes_fits_and_one_more_does_not() {
    let clock = clock(START);
    let empty = r#"{"id":"00000000-0000-4000-8000-000000000000","data":{"t":""},"flash_next":{},"exp":1700007200000}"#;
    let plain = encrypted(&keys(SECRET), &clock);
    let padded = encrypted_with(&keys(SECRET), &clock, |driver| driver.padded(true));
    for (manager, fits) in [(plain, 2991), (padded, 2984)] {
        let (length, token) = longest(&manager);
        assert_eq!(empty.len() + length, fits);
        assert!("session".len() + token.len() <= 4096);
        let session = visit(&manager);
        assert!(session.put("t", "x".repeat(length + 1)).is_err());
    }
}

#[test]
fn the_length_of_a_padded_cookie_grows_in_steps_of_64_bytes() {
    let clock = clock(START);
    let padded = encrypted_with(&keys(SECRET), &clock, |driver| driver.padded(true));
    let unpadded = encrypted(&keys(SECRET), &clock);
    let mut lengths = Vec::new();
    for length in 0..=96 {
        let session = visit(&padded);
        session.put("t", "x".repeat(length)).unwrap();
        let token = save(&padded, &session);
        lengths.push(handle(&token).len() - "v1.".len());
        // Padding is no other format.
        for manager in [&padded, &unpadded] {
            let found = super::open(manager, &token).get("t").unwrap();
            assert_eq!(found, Some("x".repeat(length)));
        }
    }
    assert!(lengths.iter().all(|length| length % 64 == 0));
    lengths.dedup();
    assert_eq!(lengths.len(), 3, "{lengths:?}");
}
