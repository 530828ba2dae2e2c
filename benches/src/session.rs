//! The session of every measurement.

use std::collections::BTreeMap;

use serde_json::Value;

/// Its data: 143 bytes.
pub const SESSION: &str = r#"{"user_id":42,"name":"Ada Lovelace","roles":["admin","editor"],"theme":"dark","cart":[{"sku":"A-1","qty":2},{"sku":"B-9","qty":1}],"visits":17}"#;

/// What signs it. Others ask for at least 64 bytes.
pub const SECRET: &str =
    "a benchmark's secret, long enough for all: sixty-four bytes and some more";

/// Its values, by key.
///
/// # Panics
///
/// Never: [`SESSION`] is JSON.
#[must_use]
pub fn values() -> BTreeMap<String, Value> {
    serde_json::from_str(SESSION).expect("it is JSON")
}
