//! The session as a handle: shared, typed, and safe to use from code that it runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use serde::{Serialize, Serializer};
use session_core::{ErrorKind, Session};

use crate::common::Site;

#[test]
fn a_session_is_send_and_sync_and_its_clones_share_their_state() {
    fn assert_shareable<T: Send + Sync + Clone + 'static>(_: &T) {}
    let site = Site::new();
    let session = site.visit();
    assert_shareable(&session);
    let clone = session.clone();
    let id = thread::spawn(move || {
        clone.put("a", 1).unwrap();
        clone.id().unwrap()
    });
    assert_eq!(id.join().unwrap(), session.id().unwrap());
    assert_eq!(session.get::<u8>("a").unwrap(), Some(1));
}

#[test]
fn eight_threads_that_update_clones_count_exactly() {
    let site = Site::new();
    let session = site.open(&site.login());
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let session = session.clone();
                start.wait();
                for _ in 0..200 {
                    session.update("n", 0, |n: u32| n + 1).unwrap();
                }
            });
        }
    });
    assert_eq!(session.get::<u32>("n").unwrap(), Some(1_600));
    let token = site.save(&session);
    assert_eq!(site.open(&token).get::<u32>("n").unwrap(), Some(1_600));
}

#[test]
fn of_many_threads_that_pull_one_gets_the_value() {
    let site = Site::new();
    let session = site.visit();
    session.put("ticket", 1).unwrap();
    let found = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let pulled = session.pull::<u8>("ticket").unwrap();
                found.fetch_add(usize::from(pulled.is_some()), Ordering::SeqCst);
            });
        }
    });
    assert_eq!(found.into_inner(), 1);
}

#[test]
fn a_value_of_another_type_is_an_error_and_stays() {
    let site = Site::new();
    let session = site.open(&site.login());
    let message = r#"the value of "user" is not of the requested type"#;
    assert_eq!(session.get::<u8>("user").unwrap_err().to_string(), message);
    assert_eq!(session.get_or("user", 7).unwrap_err().to_string(), message);
    assert_eq!(session.pull::<u8>("user").unwrap_err().to_string(), message);
    let error = session.update("user", 0, |n: u8| n + 1).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(session.all().to_json(), r#"{"user":"ada"}"#);
    assert!(!session.is_modified());
}

#[test]
fn a_value_that_is_no_json_is_an_error_and_changes_nothing() {
    struct Unwritable;
    impl Serialize for Unwritable {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let site = Site::new();
    let session = site.open(&site.login());
    for result in [
        session.put("user", Unwritable),
        session.flash("user", Unwritable),
        session.flash_now("user", Unwritable),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert_eq!(
            error.to_string(),
            r#"the value of "user" cannot be written as JSON"#
        );
    }
    assert_eq!(session.all().to_json(), r#"{"user":"ada"}"#);
    assert!(!session.is_modified() && session.all_flash().is_empty());
}

#[test]
fn null_is_a_value() {
    let site = Site::new();
    let session = site.visit();
    session.put("k", ()).unwrap();
    assert!(session.has("k"));
    assert_eq!(session.get::<Option<u8>>("k").unwrap(), Some(None));
}

/// Code that the session runs may use the session. A deadlock must fail the test and not hang it.
#[test]
fn code_that_the_session_runs_may_use_the_session() {
    within_ten_seconds(|| {
        let site = Site::new();
        let session = site.visit();
        session.put("a", Nosy(session.clone())).unwrap();
        session.flash("f", Nosy(session.clone())).unwrap();
        session.flash_now("f", Nosy(session.clone())).unwrap();
        let inner = session.clone();
        let n = session
            .update("n", 0, move |n: u32| {
                inner.put("b", n).unwrap();
                inner.get::<u32>("n").unwrap().unwrap_or(0) + n + 1
            })
            .unwrap();
        assert_eq!(n, 1);
        let inner = session.clone();
        let names = ["f"]
            .into_iter()
            .inspect(|_| inner.forget("b").map(drop).unwrap());
        session.keep(names).unwrap();
        assert_eq!(session.keys(), ["a", "n", "seen"]);
    });
}

#[test]
fn an_update_that_writes_its_own_key_is_run_again() {
    within_ten_seconds(|| {
        let site = Site::new();
        let session = site.visit();
        let (inner, runs) = (session.clone(), Arc::new(AtomicUsize::new(0)));
        let counted = runs.clone();
        let n = session
            .update("n", 0, move |n: u32| {
                if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                    inner.put("n", 10).unwrap();
                }
                n + 1
            })
            .unwrap();
        assert_eq!((n, runs.load(Ordering::SeqCst)), (11, 2));
    });
}

#[test]
fn a_closure_that_panics_leaves_the_session_usable() {
    let site = Site::new();
    let session = site.visit();
    session.put("n", 1).unwrap();
    let clone = session.clone();
    let panicked = thread::spawn(move || clone.update("n", 0, |_: u8| panic!("boom")).map(drop));
    assert!(panicked.join().is_err());
    assert_eq!(session.update("n", 0, |n: u8| n + 1).unwrap(), 2);
    site.save(&session);
}

/// Writes to the session while it is written to the session.
struct Nosy(Session);

impl Serialize for Nosy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.put("seen", true).unwrap();
        serializer.serialize_bool(self.0.has("seen"))
    }
}

fn within_ten_seconds(work: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    match finished.recv_timeout(Duration::from_secs(10)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("deadlock"),
        // A panic of the work's own dropped the sender.
        _ => worker.join().unwrap(),
    }
}
