//! A session that is used goes on living, without a cookie on every response.

use std::time::Duration;

use session_core::{Outcome, Renewal, SessionManager};

use crate::common::{
    attributes, builder, clock, commit, keys, minutes, open, payload, save, token, visit,
};
use crate::{SECRET, START, manager};

fn begin(manager: &SessionManager) -> String {
    let session = visit(manager);
    session.put("user", 42).unwrap();
    save(manager, &session)
}

#[test]
fn a_session_that_is_only_read_is_encoded_anew_once_half_its_life_is_spent() {
    let clock = clock(START);
    let manager = manager(&clock);
    let first = begin(&manager);

    clock.advance(minutes(60));
    let session = open(&manager, &first);
    assert_eq!(session.get("user").unwrap(), Some(42));
    assert_eq!(commit(&manager, &session), Outcome::Keep);

    clock.advance(Duration::from_millis(1));
    let session = open(&manager, &first);
    assert!(!session.is_modified());
    let outcome = commit(&manager, &session);
    let second = token(&outcome);
    assert_eq!(
        payload(&second),
        payload(&first).replace("1700007200000", "1700010800001"),
        "only the expiry differs"
    );
    let line = manager.set_cookie(&outcome).unwrap();
    assert!(attributes(&line).contains("max-age=7200"), "{line}");

    // It lives on when the first has ended.
    clock.advance(minutes(119));
    assert!(open(&manager, &first).is_new());
    assert_eq!(open(&manager, &second).get("user").unwrap(), Some(42));
}

#[test]
fn renewal_keeps_the_beginning() {
    let clock = clock(START);
    let manager = builder(keys(SECRET), &clock)
        .absolute_lifetime(minutes(600))
        .build()
        .unwrap();
    let first = begin(&manager);
    clock.advance(minutes(61));
    let second = save(&manager, &open(&manager, &first));
    assert_eq!(
        payload(&second),
        payload(&first).replace("1700007200000", "1700010860000")
    );
    assert!(payload(&second).ends_with(r#","iat":1700000000000}"#));
}

#[test]
fn renewal_on_write_leaves_a_read_session_alone_until_it_ends() {
    let clock = clock(START);
    let manager = builder(keys(SECRET), &clock)
        .renewal(Renewal::OnWrite)
        .build()
        .unwrap();
    let first = begin(&manager);
    clock.advance(minutes(119));
    let session = open(&manager, &first);
    assert_eq!(commit(&manager, &session), Outcome::Keep);
    let session = open(&manager, &first);
    session.put("seen", true).unwrap();
    let second = save(&manager, &session);
    assert!(payload(&second).ends_with(r#""exp":1700014340000}"#));
    clock.advance(minutes(1));
    assert!(open(&manager, &first).is_new());
    assert!(!open(&manager, &second).is_new());
}

#[test]
fn renewal_always_encodes_anew_on_every_request() {
    let clock = clock(START);
    let manager = builder(keys(SECRET), &clock)
        .renewal(Renewal::Always)
        .build()
        .unwrap();
    let first = begin(&manager);
    clock.advance(Duration::from_millis(1));
    let second = save(&manager, &open(&manager, &first));
    assert_eq!(
        payload(&second),
        payload(&first).replace("1700007200000", "1700007200001")
    );
}

/// With nothing to gain, the same cookie on every response would only keep caches from working.
#[test]
fn near_its_absolute_end_a_session_that_is_only_read_sets_no_cookie() {
    let clock = clock(START);
    let manager = builder(keys(SECRET), &clock)
        .absolute_lifetime(minutes(120))
        .build()
        .unwrap();
    let first = begin(&manager);
    clock.advance(minutes(100));
    let session = open(&manager, &first);
    assert_eq!(session.get("user").unwrap(), Some(42));
    assert_eq!(commit(&manager, &session), Outcome::Keep);
}
