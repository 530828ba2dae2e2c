//! The session that every program measures.

use std::collections::BTreeMap;

use serde_json::Value;

/// The data: 143 bytes.
pub const SESSION: &str = r#"{"user_id":42,"name":"Ada Lovelace","roles":["admin","editor"],"theme":"dark","cart":[{"sku":"A-1","qty":2},{"sku":"B-9","qty":1}],"visits":17}"#;

/// The signing secret. Other libraries require at least 64 bytes.
pub const SECRET: &str =
    "a benchmark's secret, long enough for all: sixty-four bytes and some more";

/// Returns the values, by key.
///
/// # Panics
///
/// Never: [`SESSION`] is JSON.
#[must_use]
pub fn values() -> BTreeMap<String, Value> {
    serde_json::from_str(SESSION).expect("it is JSON")
}

/// Returns the values of a session with more in its cart, of about this many bytes.
///
/// # Panics
///
/// Never: the values are JSON.
#[must_use]
pub fn sized(bytes: usize) -> String {
    let mut values = values();
    let item = serde_json::json!({"sku": "C-10000", "qty": 2});
    let more = bytes.saturating_sub(SESSION.len()) / (item.to_string().len() + 1);
    let cart = values.get_mut("cart").and_then(Value::as_array_mut);
    cart.expect("the session has a cart")
        .extend(std::iter::repeat_n(item, more));
    serde_json::to_string(&values).expect("it is JSON")
}
