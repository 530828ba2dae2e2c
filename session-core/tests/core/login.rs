//! A login is never undone by requests that left before it, and other promises about overlapping requests of one client.

use std::time::Duration;

use session_core::testing::{TestSessions, Visitor};
use session_core::{ErrorKind, MemoryDriver, Outcome, Renewal, Secret, Session, SessionManager};

type Verb = fn(&Session) -> Result<(), session_core::Error>;

const GRACE: Duration = Duration::from_secs(10);

/// A guest with a cart, who then logs in. Returns the user, and what the browser sent before the login.
async fn login(sessions: &TestSessions) -> (Visitor, Visitor) {
    let guest = sessions.visitor(|session| session.put("cart", 1)).await;
    let mut user = guest.clone();
    user.visit(|session| {
        session.regenerate()?;
        session.put("user", "ada")
    })
    .await;
    (user, guest)
}

async fn commit(sessions: &TestSessions, session: &Session) -> Outcome {
    sessions.manager().commit(session).await.unwrap()
}

async fn is_logged_in(user: &Visitor) -> bool {
    user.session().await.get::<String>("user").unwrap() == Some("ada".to_owned())
}

/// Security checklist, statements 33 and 34.
#[test]
fn s33_s34_a_straggler_neither_undoes_a_login_nor_sees_it() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let (user, straggler) = login(&sessions).await;
        let write: [Verb; 7] = [
            |_| Ok(()),
            |session| session.put("seen", true),
            |session| session.flash("notice", "hi"),
            |session| session.update("n", 0, |n| n + 1).map(drop),
            |session| session.destroy(),
            |session| {
                session.destroy()?;
                session.put("after", 1)
            },
            |session| session.id().map(drop),
        ];
        for write in write {
            let session = straggler.session().await;
            assert!(session.is_new() && session.all().is_empty() && session.all_flash().is_empty());
            write(&session).unwrap();
            assert_eq!(commit(&sessions, &session).await, Outcome::Keep);
            assert!(is_logged_in(&user).await);
            assert!(!user.session().await.has("seen"));
        }
    });
}

#[test]
fn s33_a_straggler_that_logs_in_gets_a_session_of_its_own() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let (user, mut second_click) = login(&sessions).await;
        second_click
            .visit(|session| {
                session.put("user", "ada")?;
                session.regenerate()
            })
            .await;
        assert!(is_logged_in(&second_click).await && is_logged_in(&user).await);
        assert!(!second_click.session().await.has("cart"));
        assert_ne!(second_click.token(), user.token());
    });
}

/// The new id makes it a session of its own, so its logout is none of the login's.
#[test]
fn s33_a_straggler_that_logs_in_and_out_leaves_the_login_its_cookie() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let (user, straggler) = login(&sessions).await;
        let session = straggler.session().await;
        session.regenerate().unwrap();
        session.destroy().unwrap();
        assert_eq!(commit(&sessions, &session).await, Outcome::Keep);
        assert!(is_logged_in(&user).await);
    });
}

/// Both clicks on "log in" are opened before either is answered.
#[test]
fn s33_two_logins_at_once_both_stand() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let guest = sessions.visitor(|session| session.put("cart", 1)).await;
        let clicks = [guest.session().await, guest.session().await];
        for click in &clicks {
            click.regenerate().unwrap();
            click.put("user", "ada").unwrap();
        }
        for click in &clicks {
            let mut user = guest.clone();
            user.receive(&commit(&sessions, click).await);
            assert!(is_logged_in(&user).await);
            assert_eq!(user.session().await.get("cart").unwrap(), Some(1));
        }
        assert!(guest.session().await.all().is_empty());
    });
}

#[test]
fn s33_a_write_that_began_before_the_login_is_dropped_after_it() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let guest = sessions.visitor(|session| session.put("cart", 1)).await;
        let slow = guest.session().await;
        slow.put("late", 1).unwrap();
        let mut user = guest.clone();
        user.visit(|session| {
            session.regenerate()?;
            session.put("user", "ada")
        })
        .await;
        assert_eq!(commit(&sessions, &slow).await, Outcome::Keep);
        assert!(!user.session().await.has("late") && is_logged_in(&user).await);
    });
}

#[test]
fn s33_a_renewal_that_began_before_the_login_is_dropped_after_it() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let guest = sessions.visitor(|session| session.put("cart", 1)).await;
        sessions.advance(sessions.manager().lifetime() / 2);
        let slow = guest.session().await;
        let mut user = guest.clone();
        user.visit(|session| {
            session.regenerate()?;
            session.put("user", "ada")
        })
        .await;
        assert_eq!(commit(&sessions, &slow).await, Outcome::Keep);
        sessions.advance(GRACE);
        let session = guest.session().await;
        session.put("n", 1).unwrap();
        assert!(
            matches!(commit(&sessions, &session).await, Outcome::Set(_)),
            "the mark was not extended"
        );
    });
}

#[test]
fn the_grace_period_is_an_option_and_ends() {
    pollster::block_on(async {
        for grace in [Duration::ZERO, GRACE, Duration::from_secs(60)] {
            let sessions = TestSessions::with(|clock| {
                let driver = MemoryDriver::new().with_clock(clock);
                SessionManager::builder(driver, Secret::generate().unwrap()).grace(grace)
            });
            let (_, straggler) = login(&sessions).await;
            if !grace.is_zero() {
                sessions.advance(grace - Duration::from_millis(1));
                let session = straggler.session().await;
                session.put("n", 1).unwrap();
                assert_eq!(commit(&sessions, &session).await, Outcome::Keep);
                sessions.advance(Duration::from_millis(1));
            }
            let session = straggler.session().await;
            session.put("n", 1).unwrap();
            assert!(matches!(commit(&sessions, &session).await, Outcome::Set(_)));
        }
    });
}

#[test]
fn s33_a_straggler_of_the_first_of_three_ids_is_dropped() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let (mut user, first) = login(&sessions).await;
        let second = user.clone();
        user.visit(|session| session.regenerate()).await;
        for straggler in [first, second] {
            let session = straggler.session().await;
            session.put("n", 1).unwrap();
            assert_eq!(commit(&sessions, &session).await, Outcome::Keep);
        }
        assert!(is_logged_in(&user).await);
    });
}

#[test]
fn a_write_that_does_not_renew_sends_no_cookie() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let visitor = sessions.visitor(|session| session.put("n", 0)).await;
        let session = visitor.session().await;
        let expires_at = session.expires_at();
        session.put("n", 1).unwrap();
        assert_eq!(commit(&sessions, &session).await, Outcome::Keep);
        let session = visitor.session().await;
        assert_eq!(session.get("n").unwrap(), Some(1));
        assert_eq!(session.expires_at(), expires_at);

        sessions.advance(sessions.manager().lifetime() / 10);
        let session = visitor.session().await;
        session.put("n", 2).unwrap();
        assert!(matches!(commit(&sessions, &session).await, Outcome::Set(_)));
        assert!(visitor.session().await.expires_at() > expires_at);
    });
}

#[test]
fn on_write_every_write_renews() {
    pollster::block_on(async {
        let sessions = TestSessions::with(|clock| {
            let driver = MemoryDriver::new().with_clock(clock);
            SessionManager::builder(driver, Secret::generate().unwrap()).renewal(Renewal::OnWrite)
        });
        let visitor = sessions.visitor(|session| session.put("n", 0)).await;
        let session = visitor.session().await;
        session.put("n", 1).unwrap();
        assert!(matches!(commit(&sessions, &session).await, Outcome::Set(_)));
    });
}

#[test]
fn verbs_that_find_nothing_are_no_writes() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let visitor = sessions.visitor(|session| session.put("n", 0)).await;
        let verbs: [Verb; 4] = [
            |session| session.pull::<String>("notice").map(drop),
            |session| session.forget("notice").map(drop),
            |session| session.reflash(),
            |session| session.keep(["notice"]),
        ];
        for verb in verbs {
            let session = visitor.session().await;
            verb(&session).unwrap();
            assert!(!session.is_modified());
            assert_eq!(commit(&sessions, &session).await, Outcome::Keep);
        }
        let empty = sessions
            .visitor(|session| session.put("n", 0).and_then(|()| session.flush()))
            .await;
        assert_eq!(empty.token(), None);
    });
}

#[test]
fn pull_and_forget_remove_what_they_saw() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let visitor = sessions
            .visitor(|session| {
                session.put("same", 1)?;
                session.put("changed", 1)
            })
            .await;
        for remove in ["pull", "forget", "flush"] {
            let slow = visitor.session().await;
            let mut fast = visitor.clone();
            fast.visit(|session| {
                session.put("same", 1)?;
                session.put("changed", 2)?;
                session.put("new", 1)
            })
            .await;
            match remove {
                "pull" => {
                    slow.pull::<u8>("same").unwrap();
                    slow.pull::<u8>("changed").unwrap();
                    slow.pull::<u8>("new").unwrap();
                }
                "forget" => {
                    slow.forget("same").unwrap();
                    slow.forget("changed").unwrap();
                    slow.forget("new").unwrap();
                }
                _ => slow.flush().unwrap(),
            }
            commit(&sessions, &slow).await;
            let left = visitor.session().await;
            assert_eq!(left.all().to_json(), r#"{"changed":2,"new":1}"#, "{remove}");
            let mut again = visitor.clone();
            again
                .visit(|session| {
                    session.forget("new")?;
                    session.put("same", 1)?;
                    session.put("changed", 1)
                })
                .await;
        }
    });
}

/// Security checklist, statement 36.
#[test]
fn s36_a_logout_without_the_cookie_removes_none() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let manager = sessions.manager();
        let session = manager.open(None).await.unwrap();
        session.destroy().unwrap();
        assert!(!session.is_modified());
        assert_eq!(manager.commit(&session).await.unwrap(), Outcome::Keep);
        let session = manager.open(Some("forged")).await.unwrap();
        session.destroy().unwrap();
        assert_eq!(manager.commit(&session).await.unwrap(), Outcome::Clear);
    });
}

#[test]
fn an_update_that_writes_its_own_key_is_an_error() {
    pollster::block_on(async {
        let session = TestSessions::new().manager().open(None).await.unwrap();
        let inner = session.clone();
        let error = session
            .update("n", 0, move |n: u32| {
                let _ = inner.put("n", n + 1);
                n
            })
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.key()),
            (ErrorKind::Conflict, Some("n"))
        );
    });
}

/// Security checklist, statement 41.
#[test]
fn s41_a_record_has_at_most_one_mebibyte_by_default() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let session = sessions.manager().open(None).await.unwrap();
        session.put("small", 1).unwrap();
        let error = session.put("large", "x".repeat(1 << 20)).unwrap_err();
        let ErrorKind::TooLarge { size, limit, .. } = error.kind() else {
            panic!("{error}");
        };
        assert!(size > limit && limit == 1 << 20);
        assert_eq!(session.keys(), ["small"]);
        session.put("large", "x".repeat((1 << 20) - 200)).unwrap();
        assert!(matches!(commit(&sessions, &session).await, Outcome::Set(_)));
    });
}

#[test]
fn a_session_is_opened_and_revoked_by_its_id() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let manager = sessions.manager();
        let visitor = sessions
            .visitor(|session| {
                session.put("n", 1)?;
                session.flash("notice", "hi")
            })
            .await;
        let id = visitor.session().await.id().unwrap();
        let job = manager.open_id(&id).await.unwrap().unwrap();
        job.put("message", "from a job").unwrap();
        assert_eq!(manager.commit(&job).await.unwrap(), Outcome::Keep);
        let session = visitor.session().await;
        assert_eq!(session.get_flash_or("notice", String::new()).unwrap(), "hi");
        assert!(session.has("message"));

        manager.revoke(&id).await.unwrap();
        manager.revoke(&id).await.unwrap();
        assert!(manager.open_id(&id).await.unwrap().is_none());
        assert!(visitor.session().await.is_new());
    });
}
