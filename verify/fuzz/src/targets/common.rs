//! What several targets need.

use arbitrary::{Result, Unstructured};
use session_core::{
    Builder, Driver, KeyRing, ManualClock, RawValue, Secret, SessionManager, Timestamp,
};

use crate::oracle::token;

pub(crate) const NOW: u64 = 1_700_000_000_000;
/// The default lifetime, in milliseconds.
pub(crate) const LIFETIME: u64 = 120 * 60 * 1000;
/// The secret of the vectors that seed the corpus.
pub(crate) const SECRET: &str = "interop-secret-0123456789abcdef-0123456789";
pub(crate) const OLD_SECRET: &str = "a secret that was replaced by another one";

/// A manager at [`NOW`] under [`SECRET`], to which [`OLD_SECRET`] gave way.
pub(crate) fn manager(
    driver: impl Driver,
    configure: impl FnOnce(Builder) -> Builder,
) -> SessionManager {
    let secret = |text| Secret::new(text).expect("a good secret");
    let ring = KeyRing::new(secret(SECRET)).with_previous(secret(OLD_SECRET));
    let builder =
        SessionManager::builder(driver, ring).clock(ManualClock::new(Timestamp::from_millis(NOW)));
    configure(builder).build().expect("possible settings")
}

pub(crate) fn sign(handle: &str) -> String {
    token::sign(SECRET.as_bytes(), handle)
}

/// JSON text of a value, small mostly and large at times.
pub(crate) fn value(input: &mut Unstructured<'_>) -> Result<Box<RawValue>> {
    let text = match input.int_in_range(0..=7)? {
        0 => "null".to_owned(),
        1 => "1.0".to_owned(),
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

/// A key: few, so that they meet, and odd at times.
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
