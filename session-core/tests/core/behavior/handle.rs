//! Sessions as handles: shared, typed, and safe to use from code that they call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::{Serialize, Serializer};
use session_core::{ErrorKind, Session};

use crate::common::{Service, without_deadlock};

#[test]
fn sessions_are_send_and_sync_and_clones_share_their_state() {
    fn assert_shareable<T: Send + Sync + Clone + 'static>(_: &T) {}
    let service = Service::new();
    let session = service.visit();
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
fn a_value_of_another_type_is_an_error_and_is_kept() {
    let service = Service::new();
    let session = service.open(&service.login());
    let message = r#"the value of "user" is a string and cannot be read as u8"#;
    assert_eq!(session.get::<u8>("user").unwrap_err().to_string(), message);
    assert_eq!(
        session.get_or("user", 7_u8).unwrap_err().to_string(),
        message
    );
    assert_eq!(session.pull::<u8>("user").unwrap_err().to_string(), message);
    let error = session.update("user", 0, |n: u8| n + 1).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(session.all().to_json(), r#"{"user":"ada"}"#);
    assert!(!session.is_modified());
}

#[test]
fn a_value_without_a_json_form_is_an_error_and_changes_nothing() {
    struct Unwritable;
    impl Serialize for Unwritable {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let service = Service::new();
    let session = service.open(&service.login());
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
    let service = Service::new();
    let session = service.visit();
    session.put("k", ()).unwrap();
    assert!(session.has("k"));
    assert_eq!(session.get::<Option<u8>>("k").unwrap(), Some(None));
}

/// Code that the session calls may use the session.
#[test]
fn callbacks_may_use_the_session() {
    without_deadlock(|| {
        let service = Service::new();
        let session = service.visit();
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
fn an_update_that_writes_its_own_key_runs_again() {
    without_deadlock(|| {
        let service = Service::new();
        let session = service.visit();
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
fn a_panicking_closure_leaves_the_session_usable() {
    let service = Service::new();
    let session = service.visit();
    session.put("n", 1).unwrap();
    let clone = session.clone();
    let panicked = thread::spawn(move || clone.update("n", 0, |_: u8| panic!("boom")).map(drop));
    assert!(panicked.join().is_err());
    assert_eq!(session.update("n", 0, |n: u8| n + 1).unwrap(), 2);
    service.save(&session);
}

/// Writes to the session while it is being serialized.
struct Nosy(Session);

impl Serialize for Nosy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.put("seen", true).unwrap();
        serializer.serialize_bool(self.0.has("seen"))
    }
}
