//! Each save gets the reply to its own operation.

use std::time::Duration;

use session_core::{Driver as _, Expected, Loaded, Outcome, Saved, Session, Token};

use crate::support::{Log, TestRedis, ask, commit, id_of, json, key_of, open, store, value};

#[tokio::test]
async fn each_save_gets_its_own_reply() {
    let redis = TestRedis::batching().await;
    let mut sessions = redis.sessions(10, 1).await;
    let key = |n: usize, sessions: &[(Token, Session)]| key_of(&sessions[n].0);
    let (gone, changed, other_type, not_a_session, regenerated, unmarked) = (1, 2, 4, 5, 6, 7);
    // Without a mark, the whole value is compared.
    let k = key(unmarked, &sessions);
    let marked = value(&redis.client, &k).await.unwrap();
    let () = ask(
        &redis.client,
        &["SET", &k, marked.trim_end(), "PX", "60000"],
    )
    .await;
    sessions[unmarked].1 = open(&redis.manager, &sessions[unmarked].0).await;
    sessions[unmarked].1.put("late", 1).unwrap();
    let _: i64 = ask(&redis.client, &["DEL", &key(gone, &sessions)]).await;
    let other = open(&redis.manager, &sessions[changed].0).await;
    other.put("other", 1).unwrap();
    commit(&redis.manager, &other).await;
    let k = key(other_type, &sessions);
    let _: i64 = ask(&redis.client, &["DEL", &k]).await;
    let _: i64 = ask(&redis.client, &["LPUSH", &k, "a"]).await;
    let k = key(not_a_session, &sessions);
    let () = ask(&redis.client, &["SET", &k, "not a session"]).await;
    sessions[regenerated].1.regenerate().unwrap();

    let log = Log::capture();
    let mut outcomes = Vec::new();
    let commits = async { outcomes = redis.commit_all(&sessions).await };
    // The first save and the batch. Then, one by one: the missing key, the key of another type, the
    // second attempt of the changed session, and the removal of the old id.
    assert_eq!(redis.count_scripts(commits).await, 6);
    let log = log.take();
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let outcome = outcome.unwrap();
        let Outcome::Set(token) = outcome else {
            assert!(
                [gone, other_type, not_a_session].contains(&n),
                "{n}: {outcome:?}"
            );
            let id = &id_of(&sessions[n].0)[..8];
            assert!(log.iter().any(|line| line.contains(id)), "{n}: {log:?}");
            continue;
        };
        let data = &json(value(&redis.client, &key_of(&token)).await)["data"];
        let mut expected = serde_json::json!({"n": n, "late": 1});
        if n == changed {
            expected["other"] = 1.into();
        }
        assert_eq!(*data, expected);
        assert_eq!(token.as_str() == sessions[n].0.as_str(), n != regenerated);
    }
    for n in [gone, regenerated] {
        assert_eq!(value(&redis.client, &key(n, &sessions)).await, None);
    }
    let left = value(&redis.client, &key(not_a_session, &sessions)).await;
    assert_eq!(left.unwrap(), "not a session");
    let words = ["LRANGE", &key(other_type, &sessions), "0", "-1"];
    let left: Vec<String> = ask(&redis.client, &words).await;
    assert_eq!(left, ["a"]);
}

/// They all loaded the same version, and no update is lost.
#[tokio::test]
async fn saves_of_one_session_are_merged() {
    let redis = TestRedis::batching().await;
    let token = store(&redis.manager, "n", 0).await;
    let mut sessions = Vec::new();
    for n in 0..16 {
        let session = open(&redis.manager, &token).await;
        session.put(&format!("key{n}"), n).unwrap();
        sessions.push(session);
    }
    let commit = |session: Session| {
        let manager = redis.manager.clone();
        tokio::spawn(async move { manager.commit(&session).await })
    };
    let commits: Vec<_> = sessions.into_iter().map(commit).collect();
    for commit in commits {
        assert!(matches!(commit.await.unwrap(), Ok(Outcome::Set(_))));
    }
    let session = open(&redis.manager, &token).await;
    for n in 0..16 {
        assert_eq!(session.get(&format!("key{n}")).unwrap(), Some(n));
    }
}

/// A version in a mark is 32 characters of white space. The first record is saved on its own, the
/// others in a batch.
#[tokio::test]
async fn a_value_of_32_bytes_is_not_mistaken_for_a_version() {
    let redis = TestRedis::batching().await;
    let mut records = Vec::new();
    for id in ["one", "two", "six"] {
        let value = format!(r#"{{"id":"{id}","data":{{"n":1}}}}     "#);
        assert_eq!(value.len(), 32);
        let key = format!("session:{id}");
        let () = ask(&redis.client, &["SET", &key, &value, "PX", "60000"]).await;
        records.push(redis.driver.load(id).await.unwrap().expect("a record"));
    }
    let save = async |loaded: &Loaded| {
        let expected = Expected::Version(&loaded.version);
        let ttl = Duration::from_secs(60);
        let saved = redis.driver.save(&loaded.record, expected, ttl);
        assert!(matches!(saved.await, Ok(Saved::Done { .. })));
    };
    let saves = async { _ = tokio::join!(save(&records[0]), save(&records[1]), save(&records[2])) };
    assert_eq!(redis.count_scripts(saves).await, 2);
}
