//! The cookies of requests: duplicates in every order, several headers, and whatever else clients send.

use std::time::Duration;

use test_support::http::{Answer, Browser, Method};

use crate::scenario::{NO_STORE, Scenario, scenario};
use crate::stage::Stage;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(s22_no_duplicate_locks_a_user_out_in_any_order),
    scenario!(s22_of_two_live_sessions_the_first_counts),
    scenario!(s22_at_most_eight_duplicates_are_tried),
    scenario!(s21_several_cookie_headers_are_read),
    scenario!(s04_the_clients_id_is_never_adopted),
    scenario!(s05_a_forged_cookie_does_not_reach_the_store).except(NO_STORE),
    scenario!(a_similar_name_is_another_cookie),
    scenario!(junk_instead_of_a_token_is_no_session),
    scenario!(junk_around_the_cookie_does_not_hide_it),
    scenario!(headers_that_are_not_utf_8_are_read_around),
    scenario!(a_cookie_header_of_64_kilobytes_breaks_nothing),
    scenario!(hundreds_of_cookies_break_nothing),
];

/// A browser whose session has 1 under `a`, and its Cookie header.
async fn ada(stage: &Stage) -> (Browser, String) {
    let browser = stage.browser().await;
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

/// All orders of `items`.
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

/// Forged, expired, unknown, empty; in one Cookie header and in several.
async fn s22_no_duplicate_locks_a_user_out_in_any_order(stage: Stage) {
    let (_, expired) = ada(&stage).await;
    stage.advance(Duration::from_secs(121 * 60));
    let (browser, valid) = ada(&stage).await;
    let (handle, _) = valid.rsplit_once('.').unwrap();
    let cookies = [
        format!("{handle}.{}", "A".repeat(43)),
        expired,
        stage.signed("7d444840-9dc0-11d1-b245-5ffdce74fad2"),
        "session=".to_owned(),
        valid,
    ];
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

async fn s22_of_two_live_sessions_the_first_counts(stage: Stage) {
    let (browser, ada) = ada(&stage).await;
    let bob = stage.browser().await.put("/api/session/a", "2").await;
    let bob = bob.cookie();
    assert_eq!(read(&browser, &[format!("{ada}; {bob}")]).await.body, "1");
    assert_eq!(read(&browser, &[bob, ada]).await.body, "2");
}

async fn s22_at_most_eight_duplicates_are_tried(stage: Stage) {
    let (browser, valid) = ada(&stage).await;
    let forged = |n: usize| "session=forged; ".repeat(n);
    let found = read(&browser, &[forged(7) + &valid]).await;
    assert_eq!(found.body, "1");
    let hidden = read(&browser, &[forged(8) + &valid]).await;
    assert_eq!((hidden.status, hidden.set_cookies().len()), (404, 0));
}

async fn s21_several_cookie_headers_are_read(stage: Stage) {
    let (browser, valid) = ada(&stage).await;
    let theme = format!("theme=dark; {valid}");
    for cookies in [
        ["session=forged.one", &valid, "session="],
        ["a=b", "c=d", &theme],
        ["", &valid, ";;; ="],
    ] {
        assert_eq!(read(&browser, &cookies).await.body, "1", "{cookies:?}");
    }
}

/// Not with an intact signature either: there is no such record.
async fn s04_the_clients_id_is_never_adopted(stage: Stage) {
    let browser = stage.browser().await;
    let id = "7d444840-9dc0-11d1-b245-5ffdce74fad2";
    for cookie in [format!("session={id}"), stage.signed(id)] {
        let shown = browser.with_cookie("/api/session", &cookie).await;
        let session = shown.json();
        assert_eq!(session["new"], true);
        assert_ne!(session["id"], id);
        assert!(!shown.cookie().contains(id));
        let headers = [("cookie", cookie.as_bytes())];
        let put = browser.with_headers(Method::POST, "/api/regenerate", &headers);
        assert!(!put.await.cookie().contains(id));
    }
}

async fn s05_a_forged_cookie_does_not_reach_the_store(stage: Stage) {
    let (browser, valid) = ada(&stage).await;
    let loads = stage.probe.loads();
    let forged = format!("{}x", &valid[..valid.len() - 1]);
    for cookie in [&*forged, "session=a.b", "session=", "session=a"] {
        assert_eq!(read(&browser, &[cookie]).await.status, 404);
    }
    assert_eq!(stage.probe.loads(), loads);
}

/// Names differ by case (RFC 6265, "The Cookie Header Field").
async fn a_similar_name_is_another_cookie(stage: Stage) {
    let (browser, valid) = ada(&stage).await;
    let token = valid.strip_prefix("session=").unwrap();
    for name in [
        "Session",
        "SESSION",
        "sessions",
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

/// It is no error either, and a write begins a new session.
async fn junk_instead_of_a_token_is_no_session(stage: Stage) {
    let (browser, valid) = ada(&stage).await;
    let token = valid.strip_prefix("session=").unwrap();
    let quoted = format!("session=\"{token}\"");
    let spaced = format!("session= {token}");
    let cut = &valid[..valid.len() - 1];
    let doubled = format!("{valid}{token}");
    for junk in [
        &*quoted,
        &*spaced,
        cut,
        &*doubled,
        "session",
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
        let answer = read(&browser, &[junk]).await;
        assert_eq!(
            (answer.status, answer.set_cookies().len()),
            (404, 0),
            "{junk}"
        );
        let headers = [("cookie", junk.as_bytes())];
        let put = browser
            .with_headers(Method::POST, "/lab/recover", &headers)
            .await;
        assert!(put.cookie().starts_with("session="), "{junk}");
    }
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn junk_around_the_cookie_does_not_hide_it(stage: Stage) {
    let (browser, valid) = ada(&stage).await;
    for cookies in [
        format!(";;{valid};;"),
        format!("a=\"b; {valid}"),
        format!("=; {valid}; ="),
        format!("  {valid}  "),
        format!("a;b;c;{valid}"),
        format!("a=b=c\t;\t{valid}"),
        format!("$Version=1; {valid}; $Path=/"),
    ] {
        assert_eq!(read(&browser, &[&cookies]).await.body, "1", "{cookies:?}");
    }
}

async fn headers_that_are_not_utf_8_are_read_around(stage: Stage) {
    let (browser, valid) = ada(&stage).await;
    let valid = valid.as_bytes();
    for cookies in [
        [b"theme=\xff\xfe; ", valid].concat(),
        [valid, b"; \x80\x81=\xff"].concat(),
        [b"session=\xc3\x28; ", valid].concat(),
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

/// A server may refuse so much (RFC 6585, "431 Request Header Fields Too Large"); the session is as it was then.
#[track_caller]
fn assert_found_or_refused(answer: &Answer) {
    let is_found = answer.status == 200 && answer.body == "1";
    assert!(is_found || answer.status == 431, "{answer}");
    assert!(answer.set_cookies().is_empty(), "{answer}");
}

async fn a_cookie_header_of_64_kilobytes_breaks_nothing(stage: Stage) {
    let (browser, valid) = ada(&stage).await;
    let junk = "x".repeat(64 << 10);
    for cookies in [
        format!("junk={junk}; {valid}"),
        format!("{valid}; junk={junk}"),
        format!("session={junk}; {valid}"),
        format!("{}; {valid}", stage.signed(&junk)),
    ] {
        assert_found_or_refused(&read(&browser, &[cookies]).await);
    }
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn hundreds_of_cookies_break_nothing(stage: Stage) {
    let (browser, valid) = ada(&stage).await;
    let others: Vec<String> = (0..500).map(|n| format!("name{n}=value")).collect();
    let joined = others.join("; ");
    assert_found_or_refused(&read(&browser, &[format!("{joined}; {valid}")]).await);
    for headers in [50, 500] {
        let mut cookies = others[..headers].to_vec();
        cookies.push(valid.clone());
        assert_found_or_refused(&read(&browser, &cookies).await);
    }
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}
