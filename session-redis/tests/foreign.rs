//! Values that are no session of their id: no session, a warning, no panic, and left alone, byte for byte.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use fred::prelude::*;
use session_core::{KeyRing, Outcome, SessionManager, Token};

use crate::common::{
    Log, Server, ServerExt as _, ask, commit, id_of, key_of, keys, open, secret, stored,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_no_session_of_its_id_is_no_session_and_left_alone() {
    let site = Site::new().await;
    for (what, put) in foreign() {
        println!("{what}");
        let token = site.put(&put).await;
        let before = site.dump(&token).await;

        let log = Log::capture();
        let session = open(&site.manager, &token).await;
        let unknown = "DEBUG session: session cookie without a session";
        assert_eq!(log.take(), [&*warning(&token, &put), unknown]);
        assert!(session.is_new() && session.is_available(), "{what}");
        assert!(session.all().is_empty() && session.all_flash().is_empty());
        assert_eq!(site.manager.commit(&session).await.unwrap(), Outcome::Keep);

        // What is written instead is another session.
        let session = open(&site.manager, &token).await;
        session.put("a", 1).unwrap();
        let new = commit(&site.manager, &session).await;
        assert_ne!(new, token, "{what}: a client's id is never adopted");
        assert_eq!(site.dump(&token).await, before, "{what}");
    }
}

/// The record was ours when it was loaded and is something else when it is saved: there is nothing to join with.
#[tokio::test(flavor = "multi_thread")]
async fn a_save_onto_such_a_value_is_dropped_and_leaves_it_alone() {
    let site = Site::new().await;
    for (what, put) in foreign() {
        println!("{what}");
        let token = stored(&site.manager, "user", 42).await;
        let session = open(&site.manager, &token).await;
        session.put("late", 1).unwrap();
        site.overwrite(&token, &put).await;
        let before = site.dump(&token).await;
        let log = Log::capture();
        assert_eq!(site.manager.commit(&session).await.unwrap(), Outcome::Keep);
        let lines = log.take();
        assert_eq!(lines[0], warning(&token, &put), "{what}");
        assert!(lines[1].starts_with("WARN session: late write dropped"));
        assert_eq!(site.dump(&token).await, before, "{what}");
        assert_eq!(keys(&site.client).await, [key_of(&token)]);
        site.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regenerate_from_such_a_value_is_dropped_and_leaves_it_alone() {
    let site = Site::new().await;
    for (what, put) in foreign() {
        println!("{what}");
        let token = stored(&site.manager, "user", 42).await;
        let session = open(&site.manager, &token).await;
        session.regenerate().unwrap();
        site.overwrite(&token, &put).await;
        let before = site.dump(&token).await;
        let log = Log::capture();
        assert_eq!(site.manager.commit(&session).await.unwrap(), Outcome::Keep);
        assert!(log.take().contains(&warning(&token, &put)), "{what}");
        assert_eq!(site.dump(&token).await, before, "{what}");
        assert_eq!(keys(&site.client).await, [key_of(&token)], "{what}");
        site.clear().await;
    }
}

/// Nobody can know whether the key has a TTL by mistake, so it does not become a session that lives for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_ttl_is_no_session_and_left_alone() {
    let site = Site::new().await;
    let token = site
        .put(&Put::Text(br#"{"id":"ID","data":{"user":42}}"#))
        .await;
    let _: i64 = ask(&site.client, &["PERSIST", &key_of(&token)]).await;
    let before = site.dump(&token).await;
    let log = Log::capture();
    let session = open(&site.manager, &token).await;
    assert!(session.is_new() && session.all().is_empty());
    let lines = log.take();
    let id = &id_of(&token)[..8];
    let warning = format!(
        "WARN session: session left alone: it is not ours id=\"{id}\" what=\"its key has no TTL\""
    );
    // To the manager it is past.
    assert_eq!(
        lines,
        [
            warning,
            format!("DEBUG session: session expired id=\"{id}\"")
        ]
    );
    assert_eq!(site.manager.commit(&session).await.unwrap(), Outcome::Keep);
    assert_eq!(site.dump(&token).await, before);
    let left: i64 = ask(&site.client, &["PTTL", &key_of(&token)]).await;
    assert_eq!(left, -1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_record_is_a_session_as_any_other() {
    let site = Site::new().await;
    let text = "é\"\u{1}".repeat(400_000);
    let token = stored(&site.manager, "user", 42).await;
    let (session, other) = (
        open(&site.manager, &token).await,
        open(&site.manager, &token).await,
    );
    session.put("text", &text).unwrap();
    commit(&site.manager, &session).await;
    let length: usize = ask(&site.client, &["STRLEN", &key_of(&token)]).await;
    assert!(length > 2_000_000, "{length}");
    // Through a merge, a read, a save and a new id.
    other.put("other", 1).unwrap();
    commit(&site.manager, &other).await;
    let session = open(&site.manager, &token).await;
    session.regenerate().unwrap();
    session.put("more", 1).unwrap();
    let token = commit(&site.manager, &session).await;
    let session = open(&site.manager, &token).await;
    assert_eq!(session.get("text").unwrap(), Some(text));
    assert_eq!(session.keys(), ["more", "other", "text", "user"]);
}

/// A handle is any text that the signature fits, and so a key's name may be.
#[tokio::test(flavor = "multi_thread")]
async fn a_handle_of_any_form_is_a_key_and_no_more() {
    let site = Site::new().await;
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
    let untouched = stored(&site.manager, "user", 42).await;
    for handle in handles {
        let token = KeyRing::new(secret()).sign(handle.to_owned());
        let session = site.manager.open([&*token]).await.unwrap();
        assert!(session.is_new() && session.is_available(), "{handle:?}");
    }
    assert_eq!(keys(&site.client).await, [key_of(&untouched)]);
}

/// What somebody put under a session's key. `ID` stands for the session's id.
enum Put {
    Text(&'static [u8]),
    /// A command that makes a value of another type.
    Type(&'static [&'static str]),
}

/// The log's line about it. It names the session by a prefix and does not repeat the value.
fn warning(token: &Token, put: &Put) -> String {
    let what = match put {
        Put::Text(_) => "the value is no session of this id",
        Put::Type(_) => "the key holds another type",
    };
    let id = &id_of(token)[..8];
    format!("WARN session: session left alone: it is not ours id=\"{id}\" what=\"{what}\"")
}

fn foreign() -> Vec<(&'static str, Put)> {
    let texts: [(_, &[u8]); 22] = [
        ("an empty string", b""),
        ("white space", b" \n\t"),
        ("no JSON", b"garbage"),
        ("half of a record", br#"{"id":"ID","data":{"user":4"#),
        ("a record and more", br#"{"id":"ID","data":{}} x"#),
        (
            "two records",
            br#"{"id":"ID","data":{}}{"id":"ID","data":{}}"#,
        ),
        ("no UTF-8", b"\xff\xfe\x00\x01"),
        (
            "no UTF-8 in a record",
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
    let texts = texts.map(|(what, text)| (what, Put::Text(text)));
    let types = types.map(|(what, words)| (what, Put::Type(words)));
    texts.into_iter().chain(types).collect()
}

struct Site {
    _server: Server,
    manager: SessionManager,
    client: Client,
}

impl Site {
    async fn new() -> Self {
        let server = Server::start();
        Self {
            manager: server.manager().await,
            client: server.client().await,
            _server: server,
        }
    }

    /// Puts a value where a session of ours would be, with a TTL, and returns the cookie that leads there.
    async fn put(&self, put: &Put) -> Token {
        let token = stored(&self.manager, "user", 42).await;
        self.overwrite(&token, put).await;
        token
    }

    async fn overwrite(&self, token: &Token, put: &Put) {
        let (id, key) = (id_of(token), key_of(token));
        let _: i64 = ask(&self.client, &["DEL", &key]).await;
        match put {
            Put::Text(text) => {
                let text = replace(text, id);
                let () = self
                    .client
                    .set(&key, &text[..], None, None, false)
                    .await
                    .unwrap();
            }
            Put::Type(words) => {
                let words: Vec<&str> = words
                    .iter()
                    .map(|word| match *word {
                        "KEY" => &*key,
                        "ID" => id,
                        word => word,
                    })
                    .collect();
                let _: Value = ask(&self.client, &words).await;
            }
        }
        let _: i64 = ask(&self.client, &["EXPIRE", &key, "7200"]).await;
    }

    /// The value of any type as the server would send it to another one, and when it ends.
    async fn dump(&self, token: &Token) -> (Vec<u8>, i64) {
        let key = key_of(token);
        let value: Value = ask(&self.client, &["DUMP", &key]).await;
        let end: i64 = ask(&self.client, &["PEXPIRETIME", &key]).await;
        (value.into_bytes().expect("it is there").to_vec(), end)
    }

    async fn clear(&self) {
        let () = ask(&self.client, &["FLUSHALL"]).await;
    }
}

/// Puts the id where the text says `ID`.
fn replace(text: &[u8], id: &str) -> Vec<u8> {
    match text.windows(2).position(|pair| pair == b"ID") {
        Some(at) => [&text[..at], id.as_bytes(), &replace(&text[at + 2..], id)].concat(),
        None => text.to_vec(),
    }
}
