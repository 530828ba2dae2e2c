//! Looking behind the driver: what a server holds and has done.

use std::collections::BTreeMap;
use std::time::Duration;

use fred::prelude::*;
use fred::types::{ClusterHash, CustomCommand};
use session_core::{Clock as _, SystemClock};

/// Runs any command; the driver's features of the client do not bring all of them.
pub(crate) async fn ask<R: FromValue>(client: &Client, words: &[&str]) -> R {
    let command = CustomCommand::new(words[0], ClusterHash::FirstKey, false);
    let arguments: Vec<Value> = words[1..].iter().map(|word| Value::from(*word)).collect();
    client.custom(command, arguments).await.unwrap()
}

/// Makes the next read of this record renew it: less than half of its lifetime is left, a minute.
pub(crate) async fn age(client: &Client, key: &str) {
    let value = text(client, key).await.expect("a record");
    let ends_at = SystemClock.now() + Duration::from_secs(60);
    // The expiry is the last 22 characters, two bits each, the lowest first.
    let white = |at: u64| [" ", "\t", "\n", "\r"][(ends_at.as_millis() >> (2 * at) & 3) as usize];
    let time: String = (0..22).map(white).collect();
    let aged = [&value[..value.len() - 22], &time].concat();
    let () = ask(client, &["SET", key, &aged, "PX", "60000"]).await;
}

/// All keys of the client's database, in order, without those by which a driver tries, for a moment, whether several keys
/// may meet in one script.
pub(crate) async fn keys(client: &Client) -> Vec<String> {
    let mut keys: Vec<String> = ask(client, &["KEYS", "*"]).await;
    keys.retain(|key| !key.contains("session-probe-"));
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
