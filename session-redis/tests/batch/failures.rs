//! What fails, fails for those that it concerns, and nothing that is stored is lost.

use std::time::{Duration, Instant};

use session_core::ErrorKind;

use crate::common::{Server, ServerExt as _, ask, commit, open};
use crate::site::Site;

#[tokio::test]
async fn a_script_that_the_server_forgot_is_sent_again() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let () = ask(&site.client, &["SCRIPT", "FLUSH"]).await;
    site.all_are_stored(&sessions, 1).await;
}

#[tokio::test]
async fn on_a_full_server_each_gets_its_error_and_nothing_is_lost() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let () = ask(&site.client, &["CONFIG", "SET", "maxmemory", "1"]).await;
    for outcome in site.commit_all(&sessions).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("OOM"), "{source}");
    }
    let () = ask(&site.client, &["CONFIG", "SET", "maxmemory", "0"]).await;
    site.all_hold(&sessions, None).await;
}

/// A right that only a conflict needs: those that have none are stored.
#[tokio::test]
async fn where_one_may_not_the_others_are_stored() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let meanwhile = open(&site.manager, &sessions[3].0).await;
    meanwhile.put("other", 1).unwrap();
    commit(&site.manager, &meanwhile).await;
    let () = ask(&site.client, &["ACL", "SETUSER", "default", "-pttl"]).await;
    for (n, outcome) in site.commit_all(&sessions).await.into_iter().enumerate() {
        assert_eq!(outcome.is_err(), n == 3, "{n}: {outcome:?}");
    }
    site.all_hold(&sessions[..3], Some(1)).await;
    site.all_hold(&sessions[3..4], None).await;
    site.all_hold(&sessions[4..], Some(1)).await;
}

/// One that all need.
#[tokio::test]
async fn where_none_may_each_gets_its_error() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let () = ask(&site.client, &["ACL", "SETUSER", "default", "-getrange"]).await;
    for outcome in site.commit_all(&sessions).await {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    site.all_hold(&sessions, None).await;
}

#[tokio::test]
async fn when_no_answer_comes_each_is_given_up_in_time() {
    let limit = Duration::from_millis(300);
    let server = Server::start();
    let site = Site::with(&server, limit).await;
    let sessions = site.sessions(8, 1).await;
    server.signal("STOP");
    let start = Instant::now();
    for outcome in site.commit_all(&sessions).await {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    let took = start.elapsed();
    assert!(limit <= took && took < 10 * limit, "{took:?}");
    server.signal("CONT");
    site.settle().await;
}

#[tokio::test]
async fn when_the_connection_breaks_each_fails_and_the_next_go_together_again() {
    let mut server = Server::start();
    let mut site = Site::with(&server, Duration::from_secs(1)).await;
    let sessions = site.sessions(8, 1).await;
    server.signal("STOP");
    let commits = site.begin(&sessions);
    // By then they are on their way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.kill();
    for commit in commits {
        assert_eq!(commit.await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    server.restart();
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let session = site.manager.open(None).await.unwrap();
        session.put("n", 1).unwrap();
        if site.manager.commit(&session).await.is_ok() {
            break;
        }
        assert!(Instant::now() < end, "it does not come back");
    }
    site.client = server.client().await;
    site.settle().await;
}

#[tokio::test]
async fn one_whose_request_went_away_is_not_sent() {
    let site = Site::new(Server::start()).await;
    let sessions = site.sessions(8, 1).await;
    let mut commits = site.begin(&sessions);
    // The first of those that stay was sent at once.
    let stay = commits.split_off(6);
    let first = commits.remove(0);
    drop(commits);
    assert!(first.await.is_ok());
    for commit in stay {
        assert!(commit.await.is_ok());
    }
    site.all_hold(&sessions[..1], Some(1)).await;
    site.all_hold(&sessions[1..6], None).await;
    site.all_hold(&sessions[6..], Some(1)).await;
}
