//! Requests that end late, and code of the caller's that runs at an awkward moment.

use std::sync::mpsc;
use std::time::Duration;

use session_core::{KeyRing, Outcome, Secret, Session};

use crate::common::{LIFETIME, Site, secret};

/// A guest's page that takes long, opened when its session was due for renewal.
#[test]
fn a_slow_reader_whose_session_is_renewed_sets_no_cookie_after_a_faster_login() {
    let site = Site::new();
    let guest = site.login();
    site.clock.advance(LIFETIME * 2 / 3);
    let (slow, login) = (site.open(&guest), site.open(&guest));
    login.regenerate().unwrap();
    site.save(&login);
    assert_eq!(site.commit(&slow), Outcome::Keep);
}

#[test]
fn a_slow_reader_under_an_old_key_sets_no_cookie_after_a_faster_logout() {
    let site = Site::new();
    let stored = site.login();
    let ring = KeyRing::new(Secret::generate().unwrap()).with_previous(secret());
    let rotated = session_core::SessionManager::builder(site.store.clone(), ring)
        .clock(site.clock.clone())
        .build()
        .unwrap();
    let open = || pollster::block_on(rotated.open([&*stored])).unwrap();
    let (slow, logout) = (open(), open());
    logout.destroy().unwrap();
    assert_eq!(
        pollster::block_on(rotated.commit(&logout)).unwrap(),
        Outcome::Clear
    );
    assert_eq!(
        pollster::block_on(rotated.commit(&slow)).unwrap(),
        Outcome::Keep
    );
}

/// In a store that forgets nothing by itself, another request wrote the record before it ended.
#[test]
fn s08_s09_a_late_write_is_not_joined_with_a_record_that_has_ended() {
    let site = Site::plain(|builder| builder);
    let late: [fn(&Session); 2] = [
        |session| session.put("late", 1).unwrap(),
        |session| session.regenerate().unwrap(),
    ];
    for change in late {
        let token = site.login();
        let (slow, faster) = (site.open(&token), site.open(&token));
        faster.put("faster", 1).unwrap();
        site.save(&faster);
        change(&slow);
        site.clock.advance(LIFETIME);
        assert_eq!(site.commit(&slow), Outcome::Keep);
        assert!(site.open(&token).is_new());
    }
}

/// A store that cannot touch is asked by a load.
#[test]
fn without_a_touch_a_cookie_under_an_old_key_is_issued_again_only_while_its_session_lives() {
    let site = Site::plain(|builder| builder);
    let stored = site.login();
    let ring = KeyRing::new(Secret::generate().unwrap()).with_previous(secret());
    let rotated = session_core::SessionManager::builder(site.store.clone(), ring)
        .clock(site.clock.clone())
        .build()
        .unwrap();
    let open = || pollster::block_on(rotated.open([&*stored])).unwrap();
    let commit = |session: &Session| pollster::block_on(rotated.commit(session)).unwrap();
    let (first, slow, logout) = (open(), open(), open());
    assert!(matches!(commit(&first), Outcome::Set(_)));
    logout.destroy().unwrap();
    commit(&logout);
    assert_eq!(commit(&slow), Outcome::Keep);
}

/// Two requests under an old key: one renews the session by writing, the other one only gets its cookie again.
#[test]
fn issuing_a_cookie_again_does_not_shorten_a_session_that_was_renewed_meanwhile() {
    let site = Site::new();
    let stored = site.login();
    let ring = KeyRing::new(Secret::generate().unwrap()).with_previous(secret());
    let rotated = session_core::SessionManager::builder(site.store.clone(), ring)
        .clock(site.clock.clone())
        .renewal(session_core::Renewal::OnWrite)
        .build()
        .unwrap();
    let open = || pollster::block_on(rotated.open([&*stored])).unwrap();
    site.clock.advance(LIFETIME - Duration::from_secs(300));
    let (reader, writer) = (open(), open());
    writer.put("k", 1).unwrap();
    for session in [writer, reader] {
        let outcome = pollster::block_on(rotated.commit(&session)).unwrap();
        assert!(matches!(outcome, Outcome::Set(_)));
    }
    site.clock.advance(Duration::from_secs(360));
    assert!(!open().is_new());
}

#[test]
fn keeping_flash_runs_no_code_of_the_callers_under_the_lock() {
    struct Nosy(Session);
    impl AsRef<str> for Nosy {
        fn as_ref(&self) -> &str {
            assert!(!self.0.has("anything"));
            "n"
        }
    }
    ends(|session| session.keep([Nosy(session.clone())]).unwrap());
}

#[test]
fn an_update_that_is_overridden_is_not_dropped_under_the_lock() {
    struct Nosy(Session);
    impl Drop for Nosy {
        fn drop(&mut self) {
            let _ = self.0.has("anything");
        }
    }
    let count = |session: &Session| {
        let nosy = Nosy(session.clone());
        let change = move |n: u8| {
            let _ = &nosy;
            n + 1
        };
        session.update("n", 0, change).unwrap();
    };
    ends(move |session| {
        count(session);
        session.put("n", 5).unwrap();
    });
    ends(move |session| {
        session.put("n", 5).unwrap();
        count(session);
    });
    ends(move |session| {
        count(session);
        session.forget("n").unwrap();
    });
    ends(move |session| {
        count(session);
        session.flush().unwrap();
    });
    ends(move |session| {
        count(session);
        session.destroy().unwrap();
    });
}

/// Fails instead of hanging where `work` locks the session twice.
fn ends(work: impl FnOnce(&Session) + Send + 'static) {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let site = Site::new();
        let session = site.visit();
        work(&session);
        site.commit(&session);
        drop(session);
        done.send(()).unwrap();
    });
    wait.recv_timeout(Duration::from_secs(10))
        .expect("a deadlock, or a panic above");
}
