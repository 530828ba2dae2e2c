//! Values that are not a session with the id of their key. They count as absent, cause a warning
//! and no panic, and stay unchanged, byte for byte.

use fred::prelude::*;
use session_core::{KeyRing, Outcome, Token};

use crate::support::{Log, TestRedis, ask, commit, id_of, key_of, keys, open, secret, store};

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_value_is_ignored_and_stays_unchanged() {
    let redis = TestRedis::start().await;
    for (what, foreign) in foreign_values() {
        println!("{what}");
        let token = plant(&redis, &foreign).await;
        let before = dump(&redis, &token).await;

        let log = Log::capture();
        let session = open(&redis.manager, &token).await;
        let unknown = "DEBUG session: session cookie names no session";
        assert_eq!(log.take(), [&*warning(&token, &foreign), unknown]);
        assert!(session.is_new() && session.is_available(), "{what}");
        assert!(session.all().is_empty() && session.all_flash().is_empty());
        assert_eq!(redis.manager.commit(&session).await.unwrap(), Outcome::Keep);

        // A write creates another session.
        let session = open(&redis.manager, &token).await;
        session.put("a", 1).unwrap();
        let new = commit(&redis.manager, &session).await;
        assert_ne!(new, token, "{what}: the client's id is never adopted");
        assert_eq!(dump(&redis, &token).await, before, "{what}");
    }
}

/// The value was a record when the session was loaded and is something else when it is saved: there
/// is nothing to merge.
#[tokio::test(flavor = "multi_thread")]
async fn a_save_over_a_foreign_value_is_dropped() {
    let redis = TestRedis::start().await;
    for (what, foreign) in foreign_values() {
        println!("{what}");
        let token = store(&redis.manager, "user", 42).await;
        let session = open(&redis.manager, &token).await;
        session.put("late", 1).unwrap();
        overwrite(&redis, &token, &foreign).await;
        let before = dump(&redis, &token).await;
        let log = Log::capture();
        assert_eq!(redis.manager.commit(&session).await.unwrap(), Outcome::Keep);
        let lines = log.take();
        assert_eq!(lines[0], warning(&token, &foreign), "{what}");
        assert!(lines[1].starts_with("WARN session: late write dropped"));
        assert_eq!(dump(&redis, &token).await, before, "{what}");
        assert_eq!(keys(&redis.client).await, [key_of(&token)]);
        let () = ask(&redis.client, &["FLUSHALL"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regenerate_of_a_foreign_value_is_dropped() {
    let redis = TestRedis::start().await;
    for (what, foreign) in foreign_values() {
        println!("{what}");
        let token = store(&redis.manager, "user", 42).await;
        let session = open(&redis.manager, &token).await;
        session.regenerate().unwrap();
        overwrite(&redis, &token, &foreign).await;
        let before = dump(&redis, &token).await;
        let log = Log::capture();
        assert_eq!(redis.manager.commit(&session).await.unwrap(), Outcome::Keep);
        assert!(log.take().contains(&warning(&token, &foreign)), "{what}");
        assert_eq!(dump(&redis, &token).await, before, "{what}");
        assert_eq!(keys(&redis.client).await, [key_of(&token)], "{what}");
        let () = ask(&redis.client, &["FLUSHALL"]).await;
    }
}

/// The TTL may be missing by mistake, so the record does not become a session that lives forever.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_ttl_is_ignored_and_stays_unchanged() {
    let redis = TestRedis::start().await;
    let record = Foreign::Text(br#"{"id":"ID","data":{"user":42}}"#);
    let token = plant(&redis, &record).await;
    let _: i64 = ask(&redis.client, &["PERSIST", &key_of(&token)]).await;
    let before = dump(&redis, &token).await;
    let log = Log::capture();
    let session = open(&redis.manager, &token).await;
    assert!(session.is_new() && session.all().is_empty());
    let lines = log.take();
    let id = &id_of(&token)[..8];
    let warning = format!(
        "WARN session: stored value is not a valid session: left unchanged id=\"{id}\" reason=\"the key has no TTL\""
    );
    // The manager takes the record for expired.
    assert_eq!(
        lines,
        [
            warning,
            format!("DEBUG session: session expired id=\"{id}\"")
        ]
    );
    assert_eq!(redis.manager.commit(&session).await.unwrap(), Outcome::Keep);
    assert_eq!(dump(&redis, &token).await, before);
    let left: i64 = ask(&redis.client, &["PTTL", &key_of(&token)]).await;
    assert_eq!(left, -1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_almost_a_megabyte_is_a_session_like_any_other() {
    let redis = TestRedis::start().await;
    let text = "é\"\u{1}".repeat(100_000);
    let token = store(&redis.manager, "user", 42).await;
    let (session, other) = (
        open(&redis.manager, &token).await,
        open(&redis.manager, &token).await,
    );
    session.put("text", &text).unwrap();
    commit(&redis.manager, &session).await;
    let length: usize = ask(&redis.client, &["STRLEN", &key_of(&token)]).await;
    assert!(length > 900_000, "{length}");
    // It survives a merge, a load, a save and a new id.
    other.put("other", 1).unwrap();
    commit(&redis.manager, &other).await;
    let session = open(&redis.manager, &token).await;
    session.regenerate().unwrap();
    session.put("more", 1).unwrap();
    let token = commit(&redis.manager, &session).await;
    let session = open(&redis.manager, &token).await;
    assert_eq!(session.get("text").unwrap(), Some(text));
    assert_eq!(session.keys(), ["more", "other", "text", "user"]);
}

/// A handle may be any text with a valid signature, and so may a key.
#[tokio::test(flavor = "multi_thread")]
async fn a_handle_of_any_form_is_only_a_key() {
    let redis = TestRedis::start().await;
    let handles = [
        "",
        "*",
        "a b",
        "a\r\nFLUSHALL\r\n",
        "\0",
        "{a}",
        "../../etc",
        "é",
        "session:",
        &"x".repeat(100_000),
    ];
    let untouched = store(&redis.manager, "user", 42).await;
    for handle in handles {
        let token = KeyRing::new(secret()).sign(handle.to_owned());
        let session = redis.manager.open([&*token]).await.unwrap();
        assert!(session.is_new() && session.is_available(), "{handle:?}");
    }
    assert_eq!(keys(&redis.client).await, [key_of(&untouched)]);
}

/// A value under a session's key. `ID` stands for the session's id.
enum Foreign {
    Text(&'static [u8]),
    /// A command that creates a value of another type.
    Type(&'static [&'static str]),
}

/// The warning in the log. It shows the first characters of the id and nothing of the value.
fn warning(token: &Token, value: &Foreign) -> String {
    let reason = match value {
        Foreign::Text(_) => "the value is not a session with this id",
        Foreign::Type(_) => "the key holds another type",
    };
    let id = &id_of(token)[..8];
    format!(
        "WARN session: stored value is not a valid session: left unchanged id=\"{id}\" reason=\"{reason}\""
    )
}

fn foreign_values() -> Vec<(&'static str, Foreign)> {
    let texts: [(_, &[u8]); 22] = [
        ("an empty string", b""),
        ("white space", b" \n\t"),
        ("not JSON", b"garbage"),
        ("half of a record", br#"{"id":"ID","data":{"user":4"#),
        (
            "a record with a trailing character",
            br#"{"id":"ID","data":{}} x"#,
        ),
        (
            "two records",
            br#"{"id":"ID","data":{}}{"id":"ID","data":{}}"#,
        ),
        ("not UTF-8", b"\xff\xfe\x00\x01"),
        (
            "a record that is not UTF-8",
            b"{\"id\":\"ID\",\"data\":{\"a\":\"\xc3\x28\"}}",
        ),
        (
            "a byte order mark",
            b"\xef\xbb\xbf{\"id\":\"ID\",\"data\":{}}",
        ),
        ("compressed", b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
        ("null", b"null"),
        ("a number", b"42"),
        ("a list", b"[]"),
        ("a string", br#""ID""#),
        ("an empty object", b"{}"),
        ("another's object", br#"{"cookie":{"maxAge":1},"user":42}"#),
        ("no id", br#"{"data":{"user":42},"flash_next":{}}"#),
        (
            "another id",
            br#"{"id":"22222222-2222-4222-8222-222222222222","data":{"user":42}}"#,
        ),
        ("an id with a space", br#"{"id":"ID ","data":{"user":42}}"#),
        ("an id that is a number", br#"{"id":5,"data":{"user":42}}"#),
        ("data that is a list", br#"{"id":"ID","data":[1]}"#),
        (
            "flash that is a string",
            br#"{"id":"ID","data":{},"flash_next":"x"}"#,
        ),
    ];
    let types: [(_, &[&str]); 5] = [
        ("a list", &["RPUSH", "KEY", "a", "b"]),
        ("a hash", &["HSET", "KEY", "id", "ID", "data", "{}"]),
        ("a set", &["SADD", "KEY", "a"]),
        ("a sorted set", &["ZADD", "KEY", "1", "a"]),
        ("a stream", &["XADD", "KEY", "1-1", "a", "b"]),
    ];
    let texts = texts.map(|(what, text)| (what, Foreign::Text(text)));
    let types = types.map(|(what, words)| (what, Foreign::Type(words)));
    texts.into_iter().chain(types).collect()
}

/// Stores a session, replaces its value, and returns the token that leads there.
async fn plant(redis: &TestRedis, value: &Foreign) -> Token {
    let token = store(&redis.manager, "user", 42).await;
    overwrite(redis, &token, value).await;
    token
}

async fn overwrite(redis: &TestRedis, token: &Token, value: &Foreign) {
    let (id, key) = (id_of(token), key_of(token));
    let _: i64 = ask(&redis.client, &["DEL", &key]).await;
    match value {
        Foreign::Text(text) => {
            let text = replace(text, id);
            let () = redis
                .client
                .set(&key, &text[..], None, None, false)
                .await
                .unwrap();
        }
        Foreign::Type(words) => {
            let words: Vec<&str> = words
                .iter()
                .map(|word| match *word {
                    "KEY" => &*key,
                    "ID" => id,
                    word => word,
                })
                .collect();
            let _: Value = ask(&redis.client, &words).await;
        }
    }
    let _: i64 = ask(&redis.client, &["EXPIRE", &key, "7200"]).await;
}

/// The serialized value, of any type, and its expiry.
async fn dump(redis: &TestRedis, token: &Token) -> (Vec<u8>, i64) {
    let key = key_of(token);
    let value: Value = ask(&redis.client, &["DUMP", &key]).await;
    let end: i64 = ask(&redis.client, &["PEXPIRETIME", &key]).await;
    (value.into_bytes().expect("a value").to_vec(), end)
}

/// Replaces `ID` with the id.
fn replace(text: &[u8], id: &str) -> Vec<u8> {
    match text.windows(2).position(|pair| pair == b"ID") {
        Some(at) => [&text[..at], id.as_bytes(), &replace(&text[at + 2..], id)].concat(),
        None => text.to_vec(),
    }
}
