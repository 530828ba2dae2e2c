//! Versions are never reused (rule 6 of the driver's contract), and the one limit of that.

use std::collections::HashSet;

use session_redis::RedisDriver;

use crate::support::{TestRedis, ask, commit, id_of, key_of, manager, open, store, value};

/// Saved unchanged, or changed and changed back, by one process or by two.
#[tokio::test(flavor = "multi_thread")]
async fn no_value_is_stored_twice() {
    let redis = TestRedis::start().await;
    // Each driver has its own connections and counts its own versions, as in two processes.
    let other = RedisDriver::connect(redis.server.url()).await.unwrap();
    let managers = [&redis.manager, &manager(other)];
    let session = redis.manager.open(None).await.unwrap();
    session.flash("notice", "hi").unwrap();
    let token = commit(&redis.manager, &session).await;
    let key = key_of(&token);
    let mut values = HashSet::from([value(&redis.client, &key).await.unwrap()]);
    for n in 0..500 {
        let session = open(managers[n % 2], &token).await;
        session.reflash().unwrap();
        if n % 3 == 0 {
            session.put("user", n / 3 % 2).unwrap();
        }
        commit(managers[n % 2], &session).await;
        let value = value(&redis.client, &key).await.unwrap();
        assert!(values.insert(value), "save {n}");
    }
}

/// The limit in the crate documentation: other software writes the very same text again. The data
/// is right, and the flash counts as shown.
#[tokio::test]
async fn equal_text_of_other_software_is_the_same_version() {
    let redis = TestRedis::start().await;
    let (manager, client) = (&redis.manager, &redis.client);
    let token = store(manager, "user", 42).await;
    let (key, id) = (key_of(&token), id_of(&token));
    let text = format!(r#"{{"id":"{id}","data":{{"user":42}},"flash_next":{{"notice":"hi"}}}}"#);
    let write = async || {
        let () = ask(client, &["SET", &key, &text, "PX", "60000"]).await;
    };
    write().await;
    let [slow, fast] = [open(manager, &token).await, open(manager, &token).await];
    slow.put("slow", 1).unwrap();
    fast.put("fast", 1).unwrap();
    manager.commit(&fast).await.unwrap();
    write().await;
    manager.commit(&slow).await.unwrap();
    let next = open(manager, &token).await;
    assert_eq!(next.all().to_json(), r#"{"slow":1,"user":42}"#);
    assert!(next.all_flash().is_empty());
}
