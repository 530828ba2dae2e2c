//! What responses tell caches.

use std::time::Duration;

use session_core::{Builder, Caching, ClearSiteData, Renewal};
use test_support::http::{Answer, Method};

use super::lab_reply;
use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    s25_reading_the_session_adds_vary_cookie,
    s24_setting_or_removing_the_cookie_forbids_caching,
    s24_s25_renewal_counts_as_setting_the_cookie,
    s24_a_response_with_the_cookie_is_never_public,
    s25_an_existing_vary_is_extended,
    s25_ignoring_the_session_adds_no_headers,
    caching_headers_can_be_turned_off,
    a_logout_clears_the_data_of_the_site_if_asked_for,
}

async fn s25_reading_the_session_adds_vary_cookie(fixture: Fixture) {
    let browser = fixture.browser().await;
    // Without a session, too: with one, the response would differ.
    let none = browser.get("/api/session/a").await;
    assert_eq!((none.status, none.header("vary")), (404, "Cookie"));
    browser.put("/api/session/a", "1").await;
    for path in ["/api/session/a", "/api/session"] {
        let found = browser.get(path).await;
        assert_eq!((found.status, found.header("vary")), (200, "Cookie"));
        assert_eq!(found.header("cache-control"), "");
        assert!(found.set_cookies().is_empty());
    }
}

async fn s24_setting_or_removing_the_cookie_forbids_caching(fixture: Fixture) {
    let browser = fixture.browser().await;
    for answer in [
        browser.put("/api/session/a", "1").await,
        browser.post("/api/regenerate", "").await,
        browser.post("/api/destroy", "").await,
    ] {
        assert_uncacheable(&answer);
    }
}

async fn s24_s25_renewal_counts_as_setting_the_cookie(fixture: Fixture) {
    for renewal in [Renewal::OnUse, Renewal::Always, Renewal::OnWrite] {
        let server = fixture.serve_with(|builder| builder.renewal(renewal)).await;
        let browser = server.browser();
        browser.put("/api/session/a", "1").await;
        fixture.advance(Duration::from_secs(61 * 60));
        let answer = browser.get("/api/untouched").await;
        match renewal {
            Renewal::OnWrite => assert!(answer.is_silent(), "{answer}"),
            _ => assert_uncacheable(&answer),
        }
    }
}

#[track_caller]
fn assert_uncacheable(answer: &Answer) {
    assert_eq!(answer.set_cookies().len(), 1, "{answer}");
    assert_eq!(answer.header("vary"), "Cookie", "{answer}");
    assert_eq!(answer.header("cache-control"), "no-store", "{answer}");
}

async fn s24_a_response_with_the_cookie_is_never_public(fixture: Fixture) {
    for (chosen, sent) in [
        ("public, max-age=60", "no-store"),
        ("no-cache", "no-store"),
        ("s-maxage=60", "no-store"),
        ("private, max-age=60", "private, max-age=60"),
        ("no-store", "no-store"),
    ] {
        // Each with a new session, because a kept cookie leaves the handler's choice alone.
        let browser = fixture.browser().await;
        let line = format!("cache-control: {chosen}");
        let answer = lab_reply(&browser, Method::POST, &[&line]).await;
        assert_eq!(answer.set_cookies().len(), 1);
        assert_eq!(answer.header("cache-control"), sent, "{chosen}");
        assert_eq!(answer.header("vary"), "Cookie");
    }
}

async fn s25_an_existing_vary_is_extended(fixture: Fixture) {
    let cases: [(&[&str], &[&str]); 8] = [
        (&["Accept-Encoding"], &["Accept-Encoding, Cookie"]),
        (&["Origin, Accept"], &["Origin, Accept, Cookie"]),
        (&["X-Cookie, Cookie2"], &["X-Cookie, Cookie2, Cookie"]),
        (&["*"], &["*"]),
        (&["Accept, *"], &["Accept, *"]),
        (&["accept,COOKIE"], &["accept,COOKIE"]),
        (&["Accept", "cookie"], &["Accept", "cookie"]),
        (&["Accept", "Origin"], &["Accept, Origin, Cookie"]),
    ];
    let browser = fixture.browser().await;
    for (before, after) in cases {
        let lines: Vec<_> = before.iter().map(|vary| format!("vary: {vary}")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let answer = lab_reply(&browser, Method::POST, &lines).await;
        let found: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert_eq!(found, after, "{before:?}");
    }
}

async fn s25_ignoring_the_session_adds_no_headers(fixture: Fixture) {
    let server = fixture.serve().await;
    let (visitor, browser) = (server.browser(), server.browser());
    browser.put("/api/session/a", "1").await;
    for path in ["/api/untouched", "/nothing", "/logout"] {
        for answer in [
            visitor.get(path).await,
            browser.get(path).await,
            visitor.with_cookie(path, "session=forged.token").await,
        ] {
            assert!(answer.is_silent(), "{answer}");
        }
    }
}

async fn caching_headers_can_be_turned_off(fixture: Fixture) {
    let server = fixture
        .serve_with(|builder| builder.caching(Caching::Off))
        .await;
    let browser = server.browser();
    for (lines, vary, cache_control) in [
        (&[][..], "", ""),
        (
            &["vary: Accept", "cache-control: private"],
            "Accept",
            "private",
        ),
    ] {
        let answer = lab_reply(&browser, Method::POST, lines).await;
        assert_eq!(answer.set_cookies().len(), 1);
        assert_eq!(answer.header("vary"), vary);
        assert_eq!(answer.header("cache-control"), cache_control);
    }
}

async fn a_logout_clears_the_data_of_the_site_if_asked_for(fixture: Fixture) {
    let clearing = |builder: Builder| builder.clear_site_data(ClearSiteData::CacheAndStorage);
    let browser = fixture.serve_with(clearing).await.browser();
    let written = browser.put("/api/session/a", "1").await;
    assert_eq!(written.header("clear-site-data"), "");
    let gone = browser.post("/api/destroy", "").await;
    assert_eq!(gone.header("clear-site-data"), r#""cache", "storage""#);
    // By default, nothing is cleared.
    let by_default = fixture.browser().await;
    by_default.put("/api/session/a", "1").await;
    let gone = by_default.post("/api/destroy", "").await;
    assert_eq!(gone.header("clear-site-data"), "");
}
