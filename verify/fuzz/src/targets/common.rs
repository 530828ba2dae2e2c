//! Shared by several targets.

use arbitrary::{Result, Unstructured};
use session_core::{
    Builder, Driver, KeyRing, ManualClock, RawValue, Secret, SessionManager, Timestamp,
};

use crate::oracle::token;

pub(crate) const NOW: u64 = 1_700_000_000_000;
/// The default lifetime, in milliseconds.
pub(crate) const LIFETIME: u64 = 120 * 60 * 1000;
/// The secret of the vectors, with which the corpus started.
pub(crate) const SECRET: &str = "interop-secret-0123456789abcdef-0123456789";
pub(crate) const OLD_SECRET: &str = "a secret that was replaced by another one";

/// Returns a manager at [`NOW`] with [`SECRET`], which replaced [`OLD_SECRET`].
pub(crate) fn manager(
    driver: impl Driver,
    configure: impl FnOnce(Builder) -> Builder,
) -> SessionManager {
    let secret = |text| Secret::new(text).expect("a good secret");
    let ring = KeyRing::new(secret(SECRET)).with_previous(secret(OLD_SECRET));
    let builder =
        SessionManager::builder(driver, ring).clock(ManualClock::new(Timestamp::from_millis(NOW)));
    configure(builder).build().expect("valid settings")
}

pub(crate) fn sign(handle: &str) -> String {
    token::sign(SECRET.as_bytes(), handle)
}

/// Returns a JSON value, usually small and sometimes large.
pub(crate) fn value(input: &mut Unstructured<'_>) -> Result<Box<RawValue>> {
    let text = match input.int_in_range(0..=7)? {
        0 => "null".to_owned(),
        // Not how JavaScript writes it, and no other value is the same number.
        1 => "2.50".to_owned(),
        2 => r#"{"a":[1,{"b":"\ud800"}]}"#.to_owned(),
        3 => {
            let len = usize::from(input.arbitrary::<u16>()? % 2048);
            format!("\"{}\"", "x".repeat(len))
        }
        4 => serde_json::Value::from(input.arbitrary::<String>()?).to_string(),
        _ => input.int_in_range(0..=3)?.to_string(),
    };
    Ok(RawValue::from_string(text).expect("JSON"))
}

/// Returns a key: usually one of a few, so that keys collide, and sometimes an unusual one.
pub(crate) fn key(input: &mut Unstructured<'_>) -> Result<String> {
    const KEYS: [&str; 12] = [
        "a",
        "b",
        "c",
        "d",
        "ab",
        "é",
        "\"",
        "\\",
        "\n",
        "a\u{1}",
        "",
        "__proto__",
    ];
    if input.ratio(1, 8)? {
        input.arbitrary()
    } else {
        Ok((*input.choose(&KEYS)?).to_owned())
    }
}
