//! Encrypted sessions: nothing that was not sealed opens, what was sealed comes back, and plain and
//! sealed are never mistaken for each other. The first bytes choose what to change, and the others
//! are a handle, the content of a sealed record, and the text of a record.

use std::sync::LazyLock;
use std::time::Duration;

use pollster::block_on;
use session_cookie::{CookieDriver, EncryptedCookieDriver};
use session_core::{
    Capacity, Driver, Expected, KeyRing, MemoryDriver, PlainRecords, Record, Saved, Secret,
    SessionId,
};
use session_sealed::Sealed;

use crate::oracle::token::{decode, encode};
use crate::targets::common::{OLD_SECRET, SECRET};

pub(crate) fn run(bytes: &[u8]) {
    let Some((choices, bytes)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    for handle in [
        String::from_utf8_lossy(bytes).into_owned(),
        format!("v1.{}", encode(bytes)),
    ] {
        // Nobody sealed it: that takes the key.
        assert!(load(&encrypted(), &handle).is_none(), "{handle}");
        at_rest(&handle);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(record) = Record::from_json(text)
    {
        is_sealed_or_not(&record);
        in_cookie(&record, choices);
    }
}

fn keys() -> KeyRing {
    let secret = |text| Secret::new(text).expect("a good secret");
    KeyRing::new(secret(SECRET)).with_previous(secret(OLD_SECRET))
}

fn encrypted() -> EncryptedCookieDriver {
    static DRIVER: LazyLock<EncryptedCookieDriver> =
        LazyLock::new(|| CookieDriver::encrypted(&keys()));
    DRIVER.clone()
}

fn load(driver: &impl Driver, handle: &str) -> Option<Record> {
    let loaded = block_on(driver.load(handle)).expect("no store can fail");
    loaded.map(|loaded| loaded.record)
}

/// A record whose content somebody made up.
fn at_rest(content: &str) {
    let id = SessionId::from_stored("a").expect("it is not empty");
    let record = Record::new(id).sealed(content);
    let read = Record::from_json(record.to_json()).expect("a record");
    assert_eq!(read, record);
    is_sealed_or_not(&read);
}

/// A record that is sealed does not open, and one that is not sealed is no session.
fn is_sealed_or_not(record: &Record) {
    let store = std::sync::Arc::new(MemoryDriver::new());
    let save = store.save(record, Expected::Absent, Duration::from_secs(60));
    let Ok(Saved::Done { handle, .. }) = block_on(save) else {
        panic!("the store is empty");
    };
    let sealed = Sealed::new(store.clone(), &keys()).expect("it can revoke");
    assert!(load(&sealed, &handle).is_none());
    let accepting = sealed.plain_records(PlainRecords::Accept);
    let is_plain = record.sealed_content().is_none();
    assert_eq!(load(&accepting, &handle).is_some(), is_plain);
}

/// A record comes back from its cookie, and from no other.
fn in_cookie(record: &Record, [padding, at, more, bit]: &[u8; 4]) {
    let driver = encrypted().padded(padding % 2 == 1);
    let save = driver.save(record, Expected::Absent, Duration::ZERO);
    let Ok(Saved::Done { handle, .. }) = block_on(save) else {
        panic!("a save cannot fail or conflict");
    };
    let Capacity::Cookie { handle_len } = driver.capacity() else {
        panic!("the record travels in the cookie");
    };
    assert_eq!(handle.len(), handle_len(record.to_json().len()));
    assert_eq!(load(&encrypted(), &handle).as_ref(), Some(record));
    assert!(load(&CookieDriver, &handle).is_none());

    let mut bytes = handle
        .strip_prefix("v1.")
        .and_then(decode)
        .expect("base64url");
    let at = (usize::from(*at) << 8 | usize::from(*more)) % bytes.len();
    let cut = format!("v1.{}", encode(&bytes[..at]));
    assert!(load(&driver, &cut).is_none());
    bytes[at] ^= 1 << (bit % 8);
    assert!(load(&driver, &format!("v1.{}", encode(&bytes))).is_none());
}
