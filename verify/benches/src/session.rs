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

/// The same with more in the cart, so that it has about so many bytes.
///
/// # Panics
///
/// Never: its values are JSON.
#[must_use]
pub fn sized(bytes: usize) -> String {
    let mut values = values();
    let item = serde_json::json!({"sku": "C-10000", "qty": 2});
    let more = bytes.saturating_sub(SESSION.len()) / (item.to_string().len() + 1);
    let cart = values.get_mut("cart").and_then(Value::as_array_mut);
    cart.expect("there is a cart")
        .extend(std::iter::repeat_n(item, more));
    serde_json::to_string(&values).expect("it is JSON")
}
