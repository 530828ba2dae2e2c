//! How many go together.

use crate::common::{Server, ask, commit, key_of, open, text};
use crate::site::Site;

#[tokio::test]
async fn the_first_goes_alone_and_the_others_by_sixty_four() {
    let site = Site::new(Server::start()).await;
    for (saves, scripts) in [
        (1, 1),
        (2, 2),
        (32, 2),
        (65, 2),
        (66, 3),
        (129, 3),
        (130, 4),
    ] {
        let sessions = site.sessions(saves, 1).await;
        let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
        assert_eq!(sent, scripts, "{saves} saves");
    }
    let probes: Vec<String> = ask(&site.client, &["KEYS", "*session-probe*"]).await;
    assert_eq!(probes, [""; 0]);
}

/// Of what it saves, or of what it compares with, which is the whole text where other software wrote it.
#[tokio::test]
async fn a_large_one_goes_alone() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    sessions[3].1.put("large", "x".repeat(16 * 1024)).unwrap();
    let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
    assert_eq!(sent, 3);

    let mut sessions = site.sessions(8, 1).await;
    let key = key_of(&sessions[3].0);
    let foreign = text(&site.client, &key).await.unwrap();
    let foreign = foreign.trim_end().replace(
        r#""n":"#,
        &format!(r#""large":"{}","n":"#, "x".repeat(16 * 1024)),
    );
    let () = ask(&site.client, &["SET", &key, &foreign, "PX", "60000"]).await;
    sessions[3].1 = open(&site.manager, &sessions[3].0).await;
    sessions[3].1.forget("large").unwrap();
    sessions[3].1.put("late", 1).unwrap();
    let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
    assert_eq!(sent, 3);
}

/// The answer to a conflict brings what is there instead.
#[tokio::test]
async fn a_large_answer_keeps_nobody_waiting() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let meanwhile = open(&site.manager, &sessions[3].0).await;
    meanwhile.put("large", "x".repeat(16 * 1024)).unwrap();
    commit(&site.manager, &meanwhile).await;
    // The first one, the others, and of the large one: alone, and again with what came back.
    let sent = site.scripts_of(site.all_are_stored(&sessions, 1)).await;
    assert_eq!(sent, 4);
    let session = open(&site.manager, &sessions[3].0).await;
    let large: String = session.get("large").unwrap().unwrap();
    assert_eq!(large.len(), 16 * 1024);
}
