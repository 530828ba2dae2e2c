//! Cookie headers, valid or not.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use pollster::block_on;
use session_core::{Outcome, Session, SessionManager};
use test_support::vectors::json::Json;
use test_support::vectors::{CookieLoad, Expect, Vectors, report};

use super::LOADS;
use crate::common::{NAME, builder, clock, commit, keys, minutes};

#[test]
fn cookies_are_accepted_or_refused_as_in_the_file() {
    run("cookie_loads", false, |load| load.expect);
}

#[test]
fn cookies_are_accepted_or_refused_as_in_the_file_while_migrating() {
    run("cookie_loads while migrating", true, |load| {
        load.expect_migrating
    });
}

fn run(what: &str, migrating: bool, expect: impl Fn(&CookieLoad) -> Expect) {
    let vectors = Vectors::read();
    assert_eq!(vectors.cookie_name, NAME);
    let (mut accepted, mut fresh, mut headerless) = (0, 0, 0);
    for load in &vectors.cookie_loads {
        let manager = builder(keys(&vectors.secret), &clock(load.now_ms))
            .lifetime(minutes(120))
            .accept_without_expiry(migrating)
            .build()
            .unwrap();
        let session = open(&manager, &load.cookie_header).unwrap_or_else(|tokens| {
            headerless += 1;
            tokens
        });
        match expect(load) {
            Expect::Accepted => {
                assert_accepted(load, &session);
                accepted += 1;
            }
            Expect::Fresh => {
                assert_fresh(load, &manager, &session);
                fresh += 1;
            }
        }
    }
    report(format_args!(
        "{what}: {} headers, {accepted} accepted, {fresh} fresh; {headerless} as text, because no HTTP header can contain them",
        accepted + fresh
    ));
    assert_eq!(
        (accepted + fresh, vectors.cookie_loads.len()),
        (LOADS, LOADS),
        "all of them"
    );
}

/// Opens the session of a Cookie header. If `HeaderValue` cannot contain the header, no HTTP server
/// passes it on. In that case, returns the session of the text as `Err`, so that the entry still
/// counts.
fn open(manager: &SessionManager, header: &str) -> Result<Session, Session> {
    let mut headers = HeaderMap::new();
    if !header.is_empty() {
        let Ok(value) = HeaderValue::from_bytes(header.as_bytes()) else {
            let tokens = header
                .split(';')
                .filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
            return Err(block_on(manager.open(tokens)).unwrap());
        };
        headers.append(COOKIE, value);
    }
    Ok(block_on(manager.open_headers(&headers)).unwrap())
}

fn assert_accepted(load: &CookieLoad, session: &Session) {
    let name = &load.name;
    assert!(!session.is_new(), "{name}");
    assert_eq!(
        Json::read(&session.all().to_json()),
        Json::read(&load.seed_data_json),
        "{name}"
    );
    assert_eq!(
        Json::read(&session.all_flash().to_json()),
        Json::read(&load.seed_flash_json),
        "{name}"
    );
}

fn assert_fresh(load: &CookieLoad, manager: &SessionManager, session: &Session) {
    let name = &load.name;
    assert!(session.is_new(), "{name}");
    assert!(session.all().is_empty(), "{name}");
    assert!(session.all_flash().is_empty(), "{name}");
    assert!(!session.is_modified(), "{name}");
    assert_eq!(commit(manager, session), Outcome::Keep, "{name}");
}
