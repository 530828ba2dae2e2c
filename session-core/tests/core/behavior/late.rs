//! Requests that end late, and callbacks at awkward moments.

use pollster::block_on;
use session_core::{Outcome, Renewal, Session};

use crate::common::{LIFETIME, MINUTE, Service, without_deadlock};

/// A guest's slow page, opened when the session was due for renewal.
#[test]
fn a_slow_reader_sets_no_cookie_after_a_faster_login() {
    let service = Service::new();
    let guest = service.login();
    service.clock.advance(LIFETIME * 2 / 3);
    let (slow, login) = (service.open(&guest), service.open(&guest));
    login.regenerate().unwrap();
    service.save(&login);
    assert_eq!(service.commit(&slow), Outcome::Keep);
}

#[test]
fn a_slow_reader_with_an_old_key_sets_no_cookie_after_a_faster_logout() {
    let service = Service::new();
    let token = service.login();
    let rotated = service.rotated(|builder| builder);
    let (slow, logout) = (rotated.open(&token), rotated.open(&token));
    logout.destroy().unwrap();
    assert_eq!(rotated.commit(&logout), Outcome::Clear);
    assert_eq!(rotated.commit(&slow), Outcome::Keep);
}

/// The store never forgets, and another request wrote the record before it expired.
#[test]
fn s08_s09_a_late_write_does_not_revive_an_expired_record() {
    let service = Service::minimal(|builder| builder);
    let late: [fn(&Session); 2] = [
        |session| session.put("late", 1).unwrap(),
        |session| session.regenerate().unwrap(),
    ];
    for change in late {
        let token = service.login();
        let (slow, faster) = (service.open(&token), service.open(&token));
        faster.put("faster", 1).unwrap();
        service.save(&faster);
        change(&slow);
        service.clock.advance(LIFETIME);
        assert_eq!(service.commit(&slow), Outcome::Keep);
        assert!(service.open(&token).is_new());
    }
}

/// Without `touch`, the manager loads the record to check it.
#[test]
fn without_touch_a_cookie_is_reissued_only_for_a_live_session() {
    let service = Service::minimal(|builder| builder);
    let token = service.login();
    let rotated = service.rotated(|builder| builder);
    let [first, slow, logout] = [(); 3].map(|()| rotated.open(&token));
    assert!(matches!(rotated.commit(&first), Outcome::Set(_)));
    logout.destroy().unwrap();
    rotated.commit(&logout);
    assert_eq!(rotated.commit(&slow), Outcome::Keep);
}

/// One request renews the session by a write, the other only gets its cookie reissued.
#[test]
fn reissuing_a_cookie_does_not_shorten_a_renewed_session() {
    let service = Service::new();
    let token = service.login();
    let rotated = service.rotated(|builder| builder.renewal(Renewal::OnWrite));
    service.clock.advance(LIFETIME - 5 * MINUTE);
    let (reader, writer) = (rotated.open(&token), rotated.open(&token));
    writer.put("k", 1).unwrap();
    for session in [writer, reader] {
        assert!(matches!(rotated.commit(&session), Outcome::Set(_)));
    }
    service.clock.advance(6 * MINUTE);
    assert!(!rotated.open(&token).is_new());
}

#[test]
fn keep_runs_no_callback_under_the_lock() {
    struct Nosy(Session);
    impl AsRef<str> for Nosy {
        fn as_ref(&self) -> &str {
            assert!(!self.0.has("anything"));
            "n"
        }
    }
    ends(|session| session.keep([Nosy(session.clone())]).unwrap());
}

/// Counts with a function that uses the session when it is dropped.
fn count(session: &Session) {
    struct Nosy(Session);
    impl Drop for Nosy {
        fn drop(&mut self) {
            let _ = self.0.has("anything");
        }
    }
    let nosy = Nosy(session.clone());
    let change = move |n: u8| {
        let _ = &nosy;
        n + 1
    };
    session.update("n", 0, change).unwrap();
}

#[test]
fn an_update_of_a_session_that_ended_is_not_dropped_under_the_lock() {
    without_deadlock(|| {
        let service = Service::new();
        let token = service.login();
        let session = service.open(&token);
        let other = service.open(&token);
        other.destroy().unwrap();
        service.commit(&other);
        count(&session);
        assert!(!block_on(session.reload()).unwrap());
        assert_eq!(service.commit(&session), Outcome::Keep);
    });
}

#[test]
fn an_overridden_update_is_not_dropped_under_the_lock() {
    ends(move |session| {
        session.put("n", 5).unwrap();
        count(session);
    });
    let overrides: [fn(&Session); 4] = [
        |session| session.put("n", 5).unwrap(),
        |session| assert!(session.forget("n").unwrap()),
        |session| session.flush().unwrap(),
        |session| session.destroy().unwrap(),
    ];
    for replace in overrides {
        ends(move |session| {
            count(session);
            replace(session);
        });
    }
}

/// Runs `work` on a new session, commits and drops it, all without a deadlock.
fn ends(work: impl FnOnce(&Session) + Send + 'static) {
    without_deadlock(move || {
        let service = Service::new();
        let session = service.visit();
        work(&session);
        service.commit(&session);
        drop(session);
    });
}
