//! Each gets the answer to its own.

use std::time::Duration;

use session_core::{Driver as _, Expected, Loaded, Outcome, Saved, Session, Token};

use crate::common::{Log, Server, ask, commit, id_of, json, key_of, open, stored, text};
use crate::site::Site;

#[tokio::test]
async fn each_gets_the_answer_to_its_own() {
    let site = Site::new(Server::start()).await;
    let mut sessions = site.sessions(10, 1).await;
    let key = |n: usize, sessions: &[(Token, Session)]| key_of(&sessions[n].0);
    let (gone, changed, other_type, foreign, renamed, by_others) = (1, 2, 4, 5, 6, 7);
    // What other software wrote has no mark, and is compared as a whole.
    let k = key(by_others, &sessions);
    let plain = text(&site.client, &k).await.unwrap();
    let () = ask(&site.client, &["SET", &k, plain.trim_end(), "PX", "60000"]).await;
    sessions[by_others].1 = open(&site.manager, &sessions[by_others].0).await;
    sessions[by_others].1.put("late", 1).unwrap();
    let _: i64 = ask(&site.client, &["DEL", &key(gone, &sessions)]).await;
    let meanwhile = open(&site.manager, &sessions[changed].0).await;
    meanwhile.put("other", 1).unwrap();
    commit(&site.manager, &meanwhile).await;
    let k = key(other_type, &sessions);
    let _: i64 = ask(&site.client, &["DEL", &k]).await;
    let _: i64 = ask(&site.client, &["LPUSH", &k, "a"]).await;
    let () = ask(&site.client, &["SET", &key(foreign, &sessions), "not ours"]).await;
    sessions[renamed].1.regenerate().unwrap();

    let log = Log::capture();
    let mut outcomes = Vec::new();
    let commits = async { outcomes = site.commit_all(&sessions).await };
    // The first one, and the others; then alone that which is gone, that of another type, the changed one once more, and
    // the old id of the renamed one.
    assert_eq!(site.scripts_of(commits).await, 6);
    let log = log.take();
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let outcome = outcome.unwrap();
        let Outcome::Set(token) = outcome else {
            assert!([gone, other_type, foreign].contains(&n), "{n}: {outcome:?}");
            let id = &id_of(&sessions[n].0)[..8];
            assert!(log.iter().any(|line| line.contains(id)), "{n}: {log:?}");
            continue;
        };
        let data = &json(text(&site.client, &key_of(&token)).await)["data"];
        let mut expected = serde_json::json!({"n": n, "late": 1});
        if n == changed {
            expected["other"] = 1.into();
        }
        assert_eq!(*data, expected);
        assert_eq!(token.as_str() == sessions[n].0.as_str(), n != renamed);
    }
    assert_eq!(text(&site.client, &key(gone, &sessions)).await, None);
    assert_eq!(text(&site.client, &key(renamed, &sessions)).await, None);
    let left = text(&site.client, &key(foreign, &sessions)).await.unwrap();
    assert_eq!(left, "not ours");
    let left: Vec<String> = ask(
        &site.client,
        &["LRANGE", &key(other_type, &sessions), "0", "-1"],
    )
    .await;
    assert_eq!(left, ["a"]);
}

/// None is lost, although all of them saw the same version.
#[tokio::test]
async fn those_of_one_session_are_merged() {
    let site = Site::new(Server::start()).await;
    let token = stored(&site.manager, "n", 0).await;
    let mut sessions = Vec::new();
    for n in 0..16 {
        let session = open(&site.manager, &token).await;
        session.put(&format!("key{n}"), n).unwrap();
        sessions.push(session);
    }
    let commit = |session: Session| {
        let manager = site.manager.clone();
        tokio::spawn(async move { manager.commit(&session).await })
    };
    let commits: Vec<_> = sessions.into_iter().map(commit).collect();
    for commit in commits {
        assert!(matches!(commit.await.unwrap(), Ok(Outcome::Set(_))));
    }
    let session = open(&site.manager, &token).await;
    for n in 0..16 {
        assert_eq!(session.get(&format!("key{n}")).unwrap(), Some(n));
    }
}

/// Which has 32 characters of white space for a version. The first record goes alone and the others together.
#[tokio::test]
async fn a_text_that_is_as_long_as_a_mark_is_none() {
    let site = Site::new(Server::start()).await;
    let mut records = Vec::new();
    for id in ["one", "two", "six"] {
        let text = format!(r#"{{"id":"{id}","data":{{"n":1}}}}     "#);
        assert_eq!(text.len(), 32);
        let () = ask(
            &site.client,
            &["SET", &format!("session:{id}"), &text, "PX", "60000"],
        )
        .await;
        records.push(site.driver.load(id).await.unwrap().expect("a record"));
    }
    let save = async |loaded: &Loaded| {
        let expected = Expected::Version(&loaded.version);
        let saved = site
            .driver
            .save(&loaded.record, expected, Duration::from_secs(60));
        assert!(matches!(saved.await, Ok(Saved::Done { .. })));
    };
    let saves = async { _ = tokio::join!(save(&records[0]), save(&records[1]), save(&records[2])) };
    assert_eq!(site.scripts_of(saves).await, 2);
}
