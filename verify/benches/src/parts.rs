//! The parts of a request, each measured alone.

use std::hint::black_box;

use pollster::block_on;
use serde_json::value::RawValue;
use session_cookie::CookieDriver;
use session_core::merge::Changes;
use session_core::{KeyRing, Loaded, Record, Secret, Version};

use crate::cases::Case;
use crate::requests::{manager, token};
use crate::session::{SECRET, SESSION};

/// Returns the cases: signing, JSON, the session's verbs, merging, and finding the cookie among
/// others.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("verify a token", || verify),
        Case::new("sign a handle", || sign),
        Case::new("decode a record", || decode),
        Case::new("encode a record", || encode),
        Case::new("get a value", || get),
        Case::new("put a value", || put),
        Case::new("merge a change", || merge),
    ];
    for cookies in [1, 5, 10, 20, 50] {
        let name = format!("Cookie header with {cookies}");
        cases.push(Case::new(name, move || move |times| scan(cookies, times)));
    }
    cases
}

fn verify(times: usize) {
    let (keys, token) = (keys(), token(&manager(CookieDriver), SESSION));
    for _ in 0..times {
        assert!(keys.verify(black_box(token.as_str())).is_some());
    }
}

fn sign(times: usize) {
    let (keys, token) = (keys(), token(&manager(CookieDriver), SESSION));
    let (handle, _) = token.as_str().rsplit_once('.').expect("it is a token");
    for _ in 0..times {
        black_box(keys.sign(black_box(handle).to_owned()));
    }
}

fn decode(times: usize) {
    let json = record().to_json();
    for _ in 0..times {
        black_box(Record::from_json(black_box(&*json)).expect("it is a record"));
    }
}

fn encode(times: usize) {
    let record = record();
    for _ in 0..times {
        black_box(black_box(&record).to_json());
    }
}

fn get(times: usize) {
    let manager = manager(CookieDriver);
    let token = token(&manager, SESSION);
    let session = block_on(manager.open(Some(token.as_str()))).expect("the driver cannot fail");
    for _ in 0..times {
        let user_id: Option<u64> = session.get(black_box("user_id")).expect("it is a number");
        assert_eq!(user_id, Some(42));
    }
}

fn put(times: usize) {
    let manager = manager(CookieDriver);
    let token = token(&manager, SESSION);
    let session = block_on(manager.open(Some(token.as_str()))).expect("the driver cannot fail");
    for _ in 0..times {
        session.put(black_box("visits"), 18).expect("it fits");
    }
}

fn merge(times: usize) {
    let current = Loaded::new(record(), Version::none());
    let mut changes = Changes::since(&current);
    let value = RawValue::from_string("18".to_owned()).expect("it is JSON");
    changes.put("visits", &value);
    for _ in 0..times {
        black_box(
            changes
                .onto(black_box(&current))
                .expect("nothing is decoded"),
        );
    }
}

/// How many cookies a request has. The session's is the last one.
fn scan(cookies: usize, times: usize) {
    let manager = manager(CookieDriver);
    let mut header = String::new();
    for n in 1..cookies {
        header += &format!("preference_{n:02}=0123456789abcdef; ");
    }
    header += "session=";
    header += token(&manager, SESSION).as_str();
    for _ in 0..times {
        assert_eq!(manager.tokens(black_box(&*header)).count(), 1);
    }
}

fn record() -> Record {
    let json = format!(
        r#"{{"id":"11111111-1111-4111-8111-111111111111","data":{SESSION},"flash_next":{{}},"exp":1800000000000}}"#
    );
    Record::from_json(json).expect("it is a record")
}

fn keys() -> KeyRing {
    KeyRing::new(Secret::new(SECRET).expect("it is long enough"))
}
