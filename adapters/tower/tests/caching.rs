//! What caches are told: security.md 24 and 25.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{cookie_of, memory, respond, secret, values, visit};
use http::Response;
use http::header::{CACHE_CONTROL, HeaderName, SET_COOKIE, VARY};
use session_tower::{
    Caching, ManualClock, MemoryDriver, Renewal, Session, SessionManager, Timestamp,
};

/// The headers Vary and Cache-Control.
fn caching<B>(response: &Response<B>) -> [Vec<&str>; 2] {
    [VARY, CACHE_CONTROL].map(|name| values(response, name))
}

fn with(lines: &[(HeaderName, &str)]) -> Response<String> {
    let mut response = Response::default();
    for (name, value) in lines {
        let value = value.parse().expect("a header");
        response.headers_mut().append(name, value);
    }
    response
}

#[tokio::test]
async fn s25_a_response_that_read_the_session_varies_by_cookie() {
    let (_, manager) = memory();
    let cookie = cookie_of(&manager, |session| session.put("user", 42).unwrap()).await;
    let readers: [fn(&Session); 6] = [
        |session| drop(session.get::<u32>("user")),
        |session| assert!(session.has("user")),
        |session| drop(session.all()),
        |session| drop(session.get_flash::<u32>("notice")),
        |session| assert!(!session.is_new()),
        |session| drop(session.id()),
    ];
    for (n, read) in readers.into_iter().enumerate() {
        let response = visit(&manager, &[&cookie], read).await;
        assert_eq!(caching(&response), [vec!["Cookie"], vec![]], "reader {n}");
    }
    // Also when there was nothing to read: with a cookie there might be.
    let response = visit(&manager, &[], |session| drop(session.get::<u32>("user"))).await;
    assert_eq!(caching(&response), [vec!["Cookie"], vec![]]);
}

#[tokio::test]
async fn s24_s25_a_response_that_sets_the_cookie_is_not_stored() {
    let (_, manager) = memory();
    let response = visit(&manager, &[], |session| session.put("user", 42).unwrap()).await;
    assert_eq!(caching(&response), [["Cookie"], ["no-store"]]);
}

#[tokio::test]
async fn s24_s25_a_response_that_removes_the_cookie_is_not_stored() {
    let (_, manager) = memory();
    let cookie = cookie_of(&manager, |session| session.put("user", 42).unwrap()).await;
    let response = visit(&manager, &[&cookie], |session| session.destroy().unwrap()).await;
    assert_eq!(caching(&response), [["Cookie"], ["no-store"]]);
}

#[tokio::test]
async fn s24_s25_a_session_that_is_only_renewed_counts_as_well() {
    for renewal in [Renewal::HalfLife, Renewal::Always, Renewal::OnWrite] {
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        let driver = Arc::new(MemoryDriver::new().with_clock(clock.clone()));
        let manager = SessionManager::builder(driver, secret())
            .clock(clock.clone())
            .renewal(renewal)
            .build()
            .unwrap();
        let cookie = cookie_of(&manager, |session| session.put("user", 42).unwrap()).await;
        clock.advance(Duration::from_secs(3601));
        let response = visit(&manager, &[&cookie], |_| {}).await;
        let expected = match renewal {
            Renewal::OnWrite => [vec![], vec![]],
            _ => [vec!["Cookie"], vec!["no-store"]],
        };
        assert_eq!(caching(&response), expected, "{renewal:?}");
    }
}

#[tokio::test]
async fn s25_a_response_that_did_not_look_may_be_cached() {
    let (_, manager) = memory();
    let cookie = cookie_of(&manager, |session| session.put("user", 42).unwrap()).await;
    for cookies in [&[][..], &[&*cookie], &["session=forged.token"]] {
        let response = visit(&manager, cookies, |_| {}).await;
        assert!(response.headers().is_empty(), "{:?}", response.headers());
    }
}

#[tokio::test]
async fn s25_an_existing_vary_is_extended() {
    let cases: [(&[&str], &[&str]); 7] = [
        (&["Accept-Encoding"], &["Accept-Encoding, Cookie"]),
        (&["Origin, Accept"], &["Origin, Accept, Cookie"]),
        (&["*"], &["*"]),
        (&["Accept, *"], &["Accept, *"]),
        (&["accept,COOKIE"], &["accept,COOKIE"]),
        (&["Accept", "cookie"], &["Accept", "cookie"]),
        (&["Accept", "Origin"], &["Accept, Cookie", "Origin"]),
    ];
    let (_, manager) = memory();
    for (before, after) in cases {
        let response = respond(&manager, &[], move |session| {
            session.put("user", 42).unwrap();
            let lines: Vec<_> = before.iter().map(|value| (VARY, *value)).collect();
            with(&lines)
        })
        .await;
        assert_eq!(values(&response, VARY), after, "{before:?}");
    }
}

/// The name in another header is not the name.
#[tokio::test]
async fn s25_a_vary_by_a_similar_name_is_extended() {
    let (_, manager) = memory();
    let response = respond(&manager, &[], |session| {
        drop(session.all());
        with(&[(VARY, "X-Cookie, Cookie2")])
    })
    .await;
    assert_eq!(values(&response, VARY), ["X-Cookie, Cookie2, Cookie"]);
}

#[tokio::test]
async fn s24_what_the_handler_chose_for_caches_stays() {
    let (_, manager) = memory();
    for chosen in ["public, max-age=60", "private", "no-cache"] {
        let response = respond(&manager, &[], move |session| {
            session.put("user", 42).unwrap();
            with(&[(CACHE_CONTROL, chosen)])
        })
        .await;
        assert_eq!(caching(&response), [["Cookie"], [chosen]]);
    }
}

#[tokio::test]
async fn caching_off_leaves_both_headers_alone() {
    let manager = SessionManager::builder(MemoryDriver::new(), secret())
        .caching(Caching::Off)
        .build()
        .unwrap();
    let response = visit(&manager, &[], |session| session.put("user", 42).unwrap()).await;
    assert_eq!(caching(&response), [vec![], vec![] as Vec<&str>]);
    assert!(response.headers().contains_key(SET_COOKIE));
    let response = respond(&manager, &[], |session| {
        session.put("user", 42).unwrap();
        with(&[(VARY, "Accept"), (CACHE_CONTROL, "private")])
    })
    .await;
    assert_eq!(caching(&response), [["Accept"], ["private"]]);
}
