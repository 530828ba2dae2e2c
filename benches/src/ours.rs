//! One request through the session manager, as a middleware drives it.

use std::hint::black_box;

use pollster::block_on;
use session_cookie::CookieDriver;
use session_core::{Outcome, RawValue, Secret, SessionManager};

/// The session of every measurement here: 143 bytes.
pub(crate) const SESSION: &str = r#"{"user_id":42,"name":"Ada Lovelace","roles":["admin","editor"],"theme":"dark","cart":[{"sku":"A-1","qty":2},{"sku":"B-9","qty":1}],"visits":17}"#;
pub(crate) const SECRET: &str = "a benchmark's secret of 32 bytes and more";

pub(crate) fn read(times: usize) {
    let (manager, token) = manager();
    for _ in 0..times {
        block_on(async {
            let session = manager
                .open(Some(black_box(&*token)))
                .await
                .expect("the driver cannot fail");
            assert_eq!(
                session.get::<u64>("user_id").expect("it is a number"),
                Some(42)
            );
            let outcome = manager
                .commit(&session)
                .await
                .expect("there is nothing to save");
            assert!(black_box(manager.set_cookie(&outcome)).is_none());
        });
    }
}

pub(crate) fn read_write(times: usize) {
    let (manager, token) = manager();
    for _ in 0..times {
        block_on(async {
            let session = manager
                .open(Some(black_box(&*token)))
                .await
                .expect("the driver cannot fail");
            let visits = session
                .get::<u64>("visits")
                .expect("it is a number")
                .unwrap_or_default();
            session.put("visits", visits + 1).expect("it fits");
            let outcome = manager
                .commit(&session)
                .await
                .expect("the driver cannot fail");
            assert!(black_box(manager.set_cookie(&outcome)).is_some());
        });
    }
}

pub(crate) fn bad_signature(times: usize) {
    let (manager, token) = manager();
    let forged = token.replacen("ey", "eY", 1);
    for _ in 0..times {
        block_on(async {
            let session = manager
                .open(Some(black_box(&*forged)))
                .await
                .expect("that is no failure");
            assert!(session.is_new());
            manager
                .commit(&session)
                .await
                .expect("there is nothing to save");
        });
    }
}

fn manager() -> (SessionManager, String) {
    let secret = Secret::new(SECRET).expect("it is long enough");
    let manager = SessionManager::builder(CookieDriver, secret)
        .build()
        .expect("the defaults are possible");
    let session = block_on(manager.open(None)).expect("the driver cannot fail");
    let values: std::collections::BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(SESSION).expect("it is JSON");
    for (key, value) in values {
        session.put(&key, value).expect("it fits");
    }
    let Outcome::Set(token) = block_on(manager.commit(&session)).expect("the driver cannot fail")
    else {
        panic!("a new session sets its cookie");
    };
    (manager, token.as_str().to_owned())
}
