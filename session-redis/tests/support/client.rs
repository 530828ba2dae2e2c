//! Commands that look behind the driver.

use std::collections::BTreeMap;
use std::time::Duration;

use fred::prelude::*;
use fred::types::{ClusterHash, CustomCommand};
use session_core::{Clock as _, SystemClock};

/// Runs any command. The client features of the driver cover only some.
pub(crate) async fn ask<R: FromValue>(client: &Client, words: &[&str]) -> R {
    let command = CustomCommand::new(words[0], ClusterHash::FirstKey, false);
    let arguments: Vec<Value> = words[1..].iter().map(|word| Value::from(*word)).collect();
    client.custom(command, arguments).await.unwrap()
}

/// Ages a record, so that the next read renews it: it has a minute left, less than half its
/// lifetime.
pub(crate) async fn age(client: &Client, key: &str) {
    let value = value(client, key).await.expect("a record");
    let expires_at = SystemClock.now() + Duration::from_secs(60);
    // The expiry is in the last 22 characters, two bits each, the lowest first.
    let digit =
        |at: u64| [" ", "\t", "\n", "\r"][(expires_at.as_millis() >> (2 * at) & 3) as usize];
    let time: String = (0..22).map(digit).collect();
    let aged = [&value[..value.len() - 22], &time].concat();
    let () = ask(client, &["SET", key, &aged, "PX", "60000"]).await;
}

/// All keys of the database, sorted, except the probe keys that a driver uses for a moment.
pub(crate) async fn keys(client: &Client) -> Vec<String> {
    let mut keys: Vec<String> = ask(client, &["KEYS", "*"]).await;
    keys.retain(|key| !key.contains("session-probe-"));
    keys.sort();
    keys
}

/// The value of a key.
pub(crate) async fn value(client: &Client, key: &str) -> Option<String> {
    client.get(key).await.unwrap()
}

/// Parses the JSON of a record.
#[track_caller]
pub(crate) fn json(value: Option<String>) -> serde_json::Value {
    serde_json::from_str(&value.expect("a record")).unwrap()
}

/// A section of the server's statistics.
pub(crate) async fn info(client: &Client, section: &str) -> BTreeMap<String, String> {
    let text: String = ask(client, &["INFO", section]).await;
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
