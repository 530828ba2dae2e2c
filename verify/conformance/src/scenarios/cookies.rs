//! The cookies of requests: duplicates in any order, several headers, and malformed headers.

use std::time::Duration;

use session_core::{KeyRing, Secret};
use test_support::http::{Answer, Browser, Method};

use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    s22_duplicate_cookies_never_lock_a_user_out,
    s22_the_first_live_session_wins,
    s22_at_most_eight_duplicates_are_tried,
    s21_all_cookie_headers_are_read,
    s04_client_chosen_ids_are_never_adopted,
    s05_forged_cookies_never_reach_the_store needs STORE,
    similar_names_are_other_cookies,
    invalid_tokens_are_ignored,
    malformed_cookies_do_not_hide_the_session,
    non_utf_8_headers_do_not_hide_the_session,
    a_64_kb_cookie_header_is_read,
    hundreds_of_cookies_are_harmless,
}

/// Opens a browser whose session has 1 under `a`, and returns it with its Cookie header.
async fn ada(fixture: &Fixture) -> (Browser, String) {
    let browser = fixture.browser().await;
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    (browser, cookie)
}

/// Reads `a` with these Cookie headers.
async fn read(browser: &Browser, cookies: &[impl AsRef<[u8]>]) -> Answer {
    let cookies = cookies.iter().map(|cookie| ("cookie", cookie.as_ref()));
    let headers: Vec<_> = cookies.collect();
    let path = "/api/session/a";
    browser.with_headers(Method::GET, path, &headers).await
}

/// Returns `items` in every order.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = items.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut order = order.clone();
            order.insert(at, first.clone());
            all.push(order);
        }
    }
    all
}

/// The duplicates are forged, expired, unknown and empty, in one Cookie header or several.
async fn s22_duplicate_cookies_never_lock_a_user_out(fixture: Fixture) {
    let (_, expired) = ada(&fixture).await;
    fixture.advance(Duration::from_secs(121 * 60));
    let (browser, valid) = ada(&fixture).await;
    let (handle, _) = valid["session=".len()..].rsplit_once('.').unwrap();
    let other_keys = KeyRing::new(Secret::generate().unwrap());
    let duplicates = [
        format!("session={}", other_keys.sign(handle.to_owned())),
        format!("session={handle}.{}", "A".repeat(43)),
        expired,
        fixture.signed(UNKNOWN),
        "session=".to_owned(),
    ];
    for duplicate in &duplicates {
        assert_eq!(read(&browser, &[duplicate]).await.status, 404);
    }
    // The two forgeries differ only in how their signatures are wrong, so one of them is enough here.
    let mut cookies = duplicates[1..].to_vec();
    cookies.push(valid);
    let orders = orders(&cookies);
    assert_eq!(orders.len(), 120);
    for (n, order) in orders.iter().enumerate() {
        let answer = match n % 2 {
            0 => read(&browser, &[order.join("; ")]).await,
            _ => read(&browser, order).await,
        };
        assert_eq!((answer.status, &*answer.body), (200, "1"), "{order:?}");
        assert!(answer.set_cookies().is_empty(), "{answer}");
    }
}

async fn s22_the_first_live_session_wins(fixture: Fixture) {
    let (browser, ada) = ada(&fixture).await;
    let bob = fixture.browser().await.put("/api/session/a", "2").await;
    let bob = bob.cookie();
    assert_eq!(read(&browser, &[format!("{ada}; {bob}")]).await.body, "1");
    assert_eq!(read(&browser, &[bob, ada]).await.body, "2");
}

async fn s22_at_most_eight_duplicates_are_tried(fixture: Fixture) {
    let (browser, valid) = ada(&fixture).await;
    for unknown in ["session=forged".to_owned(), fixture.signed(UNKNOWN)] {
        let with = |n| format!("{}{valid}", format!("{unknown}; ").repeat(n));
        assert_eq!(read(&browser, &[with(7)]).await.body, "1");
        let loads = fixture.probe.loads();
        let hidden = read(&browser, &[with(8)]).await;
        assert_eq!((hidden.status, hidden.set_cookies().len()), (404, 0));
        assert!(fixture.probe.loads() <= loads + 8);
    }
}

async fn s21_all_cookie_headers_are_read(fixture: Fixture) {
    let (browser, valid) = ada(&fixture).await;
    let theme = format!("theme=dark; {valid}");
    for cookies in [
        &["session=forged.one", &valid, "session="][..],
        &[&valid, "theme=dark"],
        &["a=b", "c=d", &theme],
        &["a=1; b=2", "", "c=3", &valid, ";;; ="],
    ] {
        assert_eq!(read(&browser, cookies).await.body, "1", "{cookies:?}");
    }
}

/// A valid signature makes no difference, because there is no record with the id.
async fn s04_client_chosen_ids_are_never_adopted(fixture: Fixture) {
    let browser = fixture.browser().await;
    for cookie in [format!("session={UNKNOWN}"), fixture.signed(UNKNOWN)] {
        let shown = browser.with_cookie("/api/session", &cookie).await;
        let session = shown.json();
        assert_eq!(session["new"], true);
        assert_ne!(session["id"], UNKNOWN);
        assert!(!shown.cookie().contains(UNKNOWN));
        let headers = [("cookie", cookie.as_bytes())];
        for path in ["/api/regenerate", "/lab/reply"] {
            let written = browser.with_headers(Method::POST, path, &headers).await;
            assert!(!written.cookie().contains(UNKNOWN), "{path}");
        }
        let after = browser.with_cookie("/api/session", &cookie).await.json();
        assert_eq!(after["new"], true);
    }
}

async fn s05_forged_cookies_never_reach_the_store(fixture: Fixture) {
    let (browser, valid) = ada(&fixture).await;
    let loads = fixture.probe.loads();
    let forged = format!("{}x", &valid[..valid.len() - 1]);
    let long = format!("session={}", "x".repeat(64 << 10));
    for cookie in [
        &*forged,
        &*long,
        "session=a.b",
        "session=.",
        "session=",
        "session=a",
    ] {
        assert_eq!(read(&browser, &[cookie]).await.status, 404);
    }
    assert_eq!(fixture.probe.loads(), loads);
}

/// Names are case-sensitive (RFC 6265, "The Cookie Header Field").
async fn similar_names_are_other_cookies(fixture: Fixture) {
    let (browser, valid) = ada(&fixture).await;
    let token = valid.strip_prefix("session=").unwrap();
    for name in [
        "Session",
        "SESSION",
        "sessio",
        "sessions",
        "session2",
        "xsession",
        "session ",
        "__Host-session",
    ] {
        let similar = format!("{name}={token}");
        assert_eq!(read(&browser, &[&similar]).await.status, 404, "{name}");
        let both = read(&browser, &[format!("{similar}; {valid}")]).await;
        assert_eq!(both.body, "1", "{name}");
    }
}

/// A visitor with such a cookie starts a new session with the first write.
async fn invalid_tokens_are_ignored(fixture: Fixture) {
    let (browser, valid) = ada(&fixture).await;
    let token = valid.strip_prefix("session=").unwrap();
    let quoted = format!("session=\"{token}\"");
    let spaced = format!("session= {token}");
    let cut = &valid[..valid.len() - 1];
    let doubled = format!("{valid}{token}");
    for invalid in [
        &*quoted,
        &*spaced,
        cut,
        &*doubled,
        token,
        "session",
        "session;",
        "session; =",
        "=session",
        "session==",
        "session=.",
        "session=..",
        "session=\t",
        "session=a b c",
        "session=\"",
        "session=%00%ff",
        "session=eyJpZCI6IngifQ==.AAAA",
        "session=////++++.////++++",
        "session={\"id\":\"x\"}",
    ] {
        let answer = read(&browser, &[invalid]).await;
        assert_eq!(answer.status, 404, "{invalid}");
        assert!(answer.set_cookies().is_empty(), "{invalid}");
        let headers = [("cookie", invalid.as_bytes())];
        let written = browser.with_headers(Method::POST, "/lab/reply", &headers);
        let cookie = written.await.cookie();
        assert!(cookie.starts_with("session="), "{invalid}");
    }
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn malformed_cookies_do_not_hide_the_session(fixture: Fixture) {
    let (browser, valid) = ada(&fixture).await;
    for cookies in [
        format!("{valid};theme=dark"),
        format!("theme=dark;{valid}"),
        format!(";;{valid};;"),
        format!(" ;; ; {valid} ; ;"),
        format!("a=\"b; {valid}; \""),
        format!("=; =x; session; x; {valid}; session"),
        format!("  {valid}  "),
        format!("\t{valid}\t"),
        format!("a;b;c;{valid}"),
        format!("a=b=c\t;\t{valid}"),
        format!("a=session={valid}; {valid}"),
        format!("sess=1; session_id=2; sessions=3; xsession=4; {valid}"),
        format!("$Version=1; {valid}; $Path=/"),
    ] {
        assert_eq!(read(&browser, &[&cookies]).await.body, "1", "{cookies:?}");
    }
}

async fn non_utf_8_headers_do_not_hide_the_session(fixture: Fixture) {
    let (browser, valid) = ada(&fixture).await;
    let valid = valid.as_bytes();
    for cookies in [
        [b"theme=\xff\xfe; ", valid].concat(),
        [valid, b"; \x80\x81=\xff"].concat(),
        [b"session=\xc3\x28; ", valid].concat(),
        [b"\xe4\xb8; ", valid, b";\xff"].concat(),
    ] {
        assert_eq!(read(&browser, &[&cookies]).await.body, "1", "{cookies:?}");
    }
    let headers = [
        ("user-agent", &b"\xff\xfe"[..]),
        ("cookie", valid),
        ("x-anything", b"caf\xe9"),
    ];
    let path = "/api/session/a";
    let answer = browser.with_headers(Method::GET, path, &headers).await;
    assert_eq!(answer.body, "1");
    let alone = read(&browser, &[b"session=\xff\xff"]).await;
    assert_eq!((alone.status, alone.set_cookies().len()), (404, 0));
}

async fn a_64_kb_cookie_header_is_read(fixture: Fixture) {
    let (browser, valid) = ada(&fixture).await;
    let long = "x".repeat(64 << 10);
    for cookies in [
        format!("long={long}; {valid}"),
        format!("{valid}; long={long}"),
        format!("session={long}; {valid}"),
        format!("{}; {valid}", fixture.signed(&long)),
    ] {
        assert_eq!(read(&browser, &[cookies]).await.body, "1");
    }
}

/// A server may refuse hundreds of headers (RFC 6585, "431 Request Header Fields Too Large"), but not one long header.
async fn hundreds_of_cookies_are_harmless(fixture: Fixture) {
    let (browser, valid) = ada(&fixture).await;
    let others: Vec<String> = (0..500).map(|n| format!("name{n}=value")).collect();
    let joined = others.join("; ");
    let answer = read(&browser, &[format!("{joined}; {valid}; {joined}")]).await;
    assert_eq!(answer.body, "1");
    for headers in [50, 500] {
        let mut cookies = others[..headers].to_vec();
        cookies.push(valid.clone());
        let answer = read(&browser, &cookies).await;
        let is_found = answer.status == 200 && answer.body == "1";
        assert!(is_found || answer.status == 431, "{answer}");
        assert!(answer.set_cookies().is_empty(), "{answer}");
    }
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

/// A valid id that no store has.
const UNKNOWN: &str = "7d444840-9dc0-11d1-b245-5ffdce74fad2";
