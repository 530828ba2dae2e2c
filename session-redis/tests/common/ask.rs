//! Looking behind the driver: what a server holds and has done.

use std::collections::BTreeMap;

use fred::prelude::*;
use fred::types::{ClusterHash, CustomCommand};

/// Runs any command; the driver's features of the client do not bring all of them.
pub(crate) async fn ask<R: FromValue>(client: &Client, words: &[&str]) -> R {
    let command = CustomCommand::new(words[0], ClusterHash::FirstKey, false);
    let arguments: Vec<Value> = words[1..].iter().map(|word| Value::from(*word)).collect();
    client.custom(command, arguments).await.unwrap()
}

/// All keys of the client's database, in order.
pub(crate) async fn keys(client: &Client) -> Vec<String> {
    let mut keys: Vec<String> = ask(client, &["KEYS", "*"]).await;
    keys.sort();
    keys
}

/// The text under a key.
pub(crate) async fn text(client: &Client, key: &str) -> Option<String> {
    client.get(key).await.unwrap()
}

/// The JSON of the record under a key.
#[track_caller]
pub(crate) fn json(text: Option<String>) -> serde_json::Value {
    serde_json::from_str(&text.expect("a record")).unwrap()
}

/// What stands in a section of the server's own statistics.
pub(crate) async fn info(client: &Client, section: &str) -> BTreeMap<String, String> {
    let text: String = ask(client, &["INFO", section]).await;
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
