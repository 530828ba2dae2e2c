//! Cookies that libsodium and this crate encrypted: see `verify/sealed-vectors`.

use test_support::vectors::{Sealed, report};

use super::{encrypted_with, open};
use crate::START;
use crate::common::{clock, keys};

#[test]
fn every_encrypted_vector_opens() {
    let mut count = 0;
    for vector in Sealed::read() {
        let Some(purpose) = vector.purpose.strip_prefix("cookie") else {
            continue;
        };
        let purpose = purpose.trim_start();
        let manager = encrypted_with(&keys(&vector.secret), &clock(START), |driver| {
            if purpose.is_empty() {
                driver
            } else {
                driver.purpose(purpose)
            }
        });
        let session = open(&manager, &format!("{}.{}", vector.sealed, vector.signature));
        assert_eq!(session.all().to_json(), r#"{"n":1.50,"name":"Ada ♥"}"#);
        assert_eq!(session.get_flash("notice").unwrap(), Some("hi".to_owned()));
        count += 1;
    }
    report(format_args!("{count} encrypted cookies"));
    assert_eq!(count, 6);
}
