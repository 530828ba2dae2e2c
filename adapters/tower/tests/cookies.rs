//! What clients send as Cookie headers: security.md 4, 5, 21, 22, 28.
// Also outside of its test functions, a test fails by a panic.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Log, cookie_of, memory, request, secret, visit};
use http::header::COOKIE;
use http::{HeaderValue, Request, Response};
use session_tower::{
    CookieDriver, Driver, Error, KeyRing, ManualClock, MemoryDriver, Secret, Session, SessionLayer,
    SessionManager, Timestamp,
};
use tower::{Layer, ServiceExt, service_fn};

/// Whose session a request finds: the value of `user`.
async fn user_of(manager: &SessionManager, request: Request<String>) -> Option<String> {
    let service =
        SessionLayer::new(manager.clone()).layer(service_fn(|_: Request<String>| async {
            let user: Option<String> = Session::current()?.get("user")?;
            Ok::<_, Error>(Response::new(user.unwrap_or_default()))
        }));
    let user = service.oneshot(request).await.unwrap().into_body();
    Some(user).filter(|user| !user.is_empty())
}

async fn user(manager: &SessionManager, cookies: &[&str]) -> Option<String> {
    user_of(manager, request(cookies)).await
}

async fn ada(manager: &SessionManager) -> String {
    cookie_of(manager, |session| session.put("user", "Ada").unwrap()).await
}

/// All orders of `items`.
fn orders(items: &[String]) -> Vec<Vec<String>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for n in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(n);
        for mut order in orders(&rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}

/// Duplicates of the cookie that must change nothing: forged, empty, stale or malformed. And one that does.
async fn duplicates(manager: &SessionManager, clock: &ManualClock, driver: &str) -> Vec<String> {
    let expired = ada(manager).await;
    clock.advance(Duration::from_secs(7201));
    let good = ada(manager).await;
    let others_key = KeyRing::new(Secret::new("another secret of 32 bytes, or more").unwrap());
    let handle = good["session=".len()..].rsplit_once('.').unwrap().0;
    let forged = format!("session={}", others_key.sign(handle.to_owned()));
    let unknown = KeyRing::new(secret()).sign(match driver {
        "cookie" => "bm8gcmVjb3Jk".to_owned(),
        _ => "11111111-1111-4111-8111-111111111111".to_owned(),
    });
    vec![
        good,
        forged,
        "session=".to_owned(),
        expired,
        format!("session={unknown}"),
    ]
}

async fn in_every_order(driver: impl Driver, clock: ManualClock, name: &str) {
    let manager = SessionManager::builder(driver, secret())
        .clock(clock.clone())
        .build()
        .unwrap();
    let duplicates = duplicates(&manager, &clock, name).await;
    for bad in &duplicates[1..] {
        assert_eq!(user(&manager, &[bad]).await, None, "{bad}");
    }
    for order in orders(&duplicates) {
        let one_line = order.join("; ");
        let lines: Vec<&str> = order.iter().map(String::as_str).collect();
        for cookies in [&[&*one_line][..], &lines] {
            let user = user(&manager, cookies).await;
            assert_eq!(user.as_deref(), Some("Ada"), "{cookies:?}");
        }
    }
}

fn start() -> ManualClock {
    ManualClock::new(Timestamp::from_millis(1_700_000_000_000))
}

#[tokio::test]
async fn s22_no_duplicate_locks_a_user_out_in_any_order_with_the_cookie_driver() {
    in_every_order(CookieDriver, start(), "cookie").await;
}

#[tokio::test]
async fn s22_no_duplicate_locks_a_user_out_in_any_order_with_a_server_side_driver() {
    let clock = start();
    let driver = MemoryDriver::new().with_clock(clock.clone());
    in_every_order(driver, clock, "memory").await;
}

#[tokio::test]
async fn s22_of_two_live_sessions_the_first_counts() {
    let (_, manager) = memory();
    let ada = ada(&manager).await;
    let bob = cookie_of(&manager, |session| session.put("user", "Bob").unwrap()).await;
    assert_eq!(user(&manager, &[&ada, &bob]).await.unwrap(), "Ada");
    assert_eq!(user(&manager, &[&bob, &ada]).await.unwrap(), "Bob");
}

#[tokio::test]
async fn s22_at_most_eight_duplicates_are_tried() {
    let (probe, manager) = memory();
    let ada = ada(&manager).await;
    let unknown = format!("session={}", KeyRing::new(secret()).sign("nobody".into()));
    for (duplicates, expected) in [(7, Some("Ada")), (8, None)] {
        let before = probe.loads();
        let line = format!("{}{ada}", format!("{unknown}; ").repeat(duplicates));
        assert_eq!(user(&manager, &[&line]).await.as_deref(), expected);
        assert_eq!(probe.loads() - before, 8);
    }
}

/// security.md 5: the store is not asked about what does not verify.
#[tokio::test]
async fn s05_a_forged_cookie_does_not_reach_the_store_and_is_logged_without_its_value() {
    let log = Log::capture();
    let (probe, manager) = memory();
    let forged = [
        "session=",
        "session=a.b",
        "session=forged-token",
        "session=.",
    ];
    for cookie in forged {
        assert_eq!(user(&manager, &[cookie]).await, None);
    }
    assert_eq!(probe.loads(), 0);
    assert_eq!(log.count("WARN session: session cookie invalid"), 4);
    assert_eq!(log.count("forged-token"), 0, "{}", log.text());
}

#[tokio::test]
async fn s21_several_cookie_headers_are_read() {
    let (_, manager) = memory();
    let ada = ada(&manager).await;
    for cookies in [
        &["theme=dark", &*ada][..],
        &[&ada, "theme=dark"],
        &["a=1; b=2", "", "c=3", &ada, ";;"],
    ] {
        let user = user(&manager, cookies).await;
        assert_eq!(user.as_deref(), Some("Ada"), "{cookies:?}");
    }
}

#[tokio::test]
async fn junk_around_the_cookie_does_not_hide_it() {
    let (_, manager) = memory();
    let ada = ada(&manager).await;
    for line in [
        format!("{ada};theme=dark"),
        format!("theme=dark;{ada}"),
        format!(" ;; ; {ada} ; ;"),
        format!("\t{ada}\t"),
        format!("=; =x; session; x; {ada}; session"),
        format!("a=\"quoted; {ada}; \""),
        format!("a=session={ada}; {ada}"),
        format!("sess=1; session_id=2; sessions=3; xsession=4; {ada}"),
        format!("$Version=1; {ada}; $Path=/"),
    ] {
        let user = user(&manager, &[&line]).await;
        assert_eq!(user.as_deref(), Some("Ada"), "{line}");
    }
}

#[tokio::test]
async fn a_similar_name_is_another_cookie() {
    let (_, manager) = memory();
    let ada = ada(&manager).await;
    let token = ada.strip_prefix("session=").unwrap();
    for name in [
        "Session",
        "SESSION",
        "sessio",
        "session2",
        "xsession",
        "__Host-session",
    ] {
        let line = format!("{name}={token}");
        assert_eq!(user(&manager, &[&line]).await, None, "{line}");
    }
    for line in ["session", "session;", "session; =", token] {
        assert_eq!(user(&manager, &[line]).await, None, "{line}");
    }
}

#[tokio::test]
async fn a_cookie_header_that_is_not_utf_8_is_read_around_its_junk() {
    let (_, manager) = memory();
    let ada = ada(&manager).await;
    let headers: [&[&[u8]]; 4] = [
        &[b"junk=\xff\xfe; ", ada.as_bytes()],
        &[ada.as_bytes(), b"; \x80=\x80"],
        &[b"session=\xff\xfe; ", ada.as_bytes()],
        &[b"\xe4\xb8; ", ada.as_bytes(), b";\xff"],
    ];
    for parts in headers {
        let mut request = request(&[]);
        let value = HeaderValue::from_bytes(&parts.concat()).unwrap();
        request.headers_mut().insert(COOKIE, value);
        let user = user_of(&manager, request).await;
        assert_eq!(user.as_deref(), Some("Ada"), "{parts:?}");
    }
}

#[tokio::test]
async fn a_cookie_header_of_64_kilobytes_is_read() {
    let (probe, manager) = memory();
    let ada = ada(&manager).await;
    let junk = "x".repeat(64 * 1024);
    let line = format!("junk={junk}; {ada}");
    assert_eq!(user(&manager, &[&line]).await.unwrap(), "Ada");
    let before = probe.loads();
    let line = format!("session={junk}");
    assert_eq!(user(&manager, &[&line]).await, None);
    assert_eq!(probe.loads(), before);
}

#[tokio::test]
async fn hundreds_of_cookies_are_read() {
    let (_, manager) = memory();
    let ada = ada(&manager).await;
    let many: String = (0..500).map(|n| format!("c{n}={n}; ")).collect();
    let line = format!("{many}{ada}; {many}");
    assert_eq!(user(&manager, &[&line]).await.unwrap(), "Ada");
}

/// security.md 4: neither an unknown id nor one that is merely claimed is adopted.
#[tokio::test]
async fn s04_the_clients_id_is_never_adopted() {
    let (probe, manager) = memory();
    let claimed = "11111111-1111-4111-8111-111111111111";
    let signed = KeyRing::new(secret()).sign(claimed.to_owned());
    for token in [claimed, &signed] {
        let line = format!("session={token}");
        let response = visit(&manager, &[&line], |session| {
            session.put("user", "Mallory").unwrap();
        })
        .await;
        assert!(!common::cookie(&response).contains(claimed));
    }
    assert_eq!(probe.memory.len(), 2);
    assert!(probe.memory.load(claimed).await.unwrap().is_none());
}

#[tokio::test]
async fn one_driver_serves_managers_with_other_cookie_names() {
    let probe = Arc::new(MemoryDriver::new());
    let named = |name: &str| {
        SessionManager::builder(probe.clone(), secret())
            .cookie(session_tower::CookieOptions::default().name(name))
            .build()
            .unwrap()
    };
    let (web, admin) = (named("session"), named("admin"));
    let ada = ada(&web).await;
    assert_eq!(user(&web, &[&ada]).await.unwrap(), "Ada");
    assert_eq!(user(&admin, &[&ada]).await, None);
}
