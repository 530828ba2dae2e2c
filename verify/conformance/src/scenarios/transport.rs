//! Tokens in headers, for clients that keep no cookies.

use serde_json::json;
use session_core::Transport;
use test_support::http::{Answer, Browser, Method};

use crate::fixture::Fixture;
use crate::scenario::scenarios;

scenarios! {
    a_client_without_cookies_keeps_a_token,
    by_default_a_token_in_a_header_is_ignored,
    without_cookies_a_cookie_is_ignored,
    with_both_the_token_goes_back_as_it_came,
    a_logout_in_a_header_empties_the_token,
    odd_authorization_headers_give_a_fresh_session,
    headers_with_other_names_carry_tokens,
}

async fn browser(fixture: &Fixture, transport: Transport) -> Browser {
    let server = fixture
        .serve_with(|builder| builder.transport(transport))
        .await;
    server.browser()
}

/// Sends a request with these Authorization headers and no cookies.
async fn ask(browser: &Browser, method: Method, path: &str, values: &[&str]) -> Answer {
    let headers: Vec<_> = values
        .iter()
        .map(|value| ("authorization", value.as_bytes()))
        .collect();
    browser.with_headers(method, path, &headers).await
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Logs in without any token, and returns the token in the response's header.
async fn log_in(browser: &Browser) -> String {
    let login = ask(browser, Method::POST, "/api/regenerate", &[]).await;
    assert_eq!(login.status, 204);
    login.header("x-session-token").to_owned()
}

async fn a_client_without_cookies_keeps_a_token(fixture: Fixture) {
    let browser = browser(&fixture, Transport::Header).await;
    let login = ask(&browser, Method::POST, "/api/regenerate", &[]).await;
    assert!(login.set_cookies().is_empty(), "{login}");
    assert_eq!(login.header("vary"), "Authorization");
    assert_eq!(login.header("cache-control"), "no-store");
    let token = login.header("x-session-token");
    let id = ask(&browser, Method::GET, "/api/peek", &[&bearer(token)]).await;
    assert!(id.json()["id"].is_string());
    assert_eq!(id.header("vary"), "Authorization");
    // The name of the scheme is not case-sensitive.
    let same = ask(
        &browser,
        Method::GET,
        "/api/peek",
        &[&format!("bEARER  {token}")],
    )
    .await;
    assert_eq!(same.body, id.body);
}

async fn by_default_a_token_in_a_header_is_ignored(fixture: Fixture) {
    let both = browser(&fixture, Transport::Both).await;
    let token = log_in(&both).await;
    let cookies = browser(&fixture, Transport::Cookie).await;
    let peek = ask(&cookies, Method::GET, "/api/peek", &[&bearer(&token)]).await;
    assert_eq!(
        (peek.json(), peek.header("vary")),
        (json!({ "id": null }), "Cookie")
    );
    let put = cookies.put("/api/session/a", "1").await;
    assert_eq!(put.set_cookies().len(), 1);
    assert!(!put.has_header("x-session-token"), "{put}");
}

async fn without_cookies_a_cookie_is_ignored(fixture: Fixture) {
    let both = browser(&fixture, Transport::Both).await;
    let token = log_in(&both).await;
    let headers = browser(&fixture, Transport::Header).await;
    let cookie = format!("session={token}");
    let peek = headers.with_cookie("/api/peek", &cookie).await;
    assert_eq!(peek.json(), json!({ "id": null }));
}

async fn with_both_the_token_goes_back_as_it_came(fixture: Fixture) {
    let browser = browser(&fixture, Transport::Both).await;
    let login = ask(&browser, Method::POST, "/api/regenerate", &[]).await;
    assert_eq!(login.header("vary"), "Cookie, Authorization");
    let token = login.header("x-session-token").to_owned();
    let cookie = login.cookie();
    assert_eq!(
        cookie,
        format!("session={token}"),
        "the client takes the one it understands"
    );

    let renewed = ask(
        &browser,
        Method::POST,
        "/api/regenerate",
        &[&bearer(&token)],
    )
    .await;
    assert!(renewed.set_cookies().is_empty(), "{renewed}");
    let token = renewed.header("x-session-token").to_owned();
    let sent = [("cookie", format!("session={token}"))];
    let sent: Vec<_> = sent
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let renewed = browser
        .with_headers(Method::POST, "/api/regenerate", &sent)
        .await;
    assert!(
        !renewed.has_header("x-session-token"),
        "a script cannot read it: {renewed}"
    );
    assert_eq!(renewed.set_cookies().len(), 1);

    // A client that sends both chose the header.
    let other = log_in(&browser).await;
    let sent = [
        ("cookie", renewed.cookie()),
        ("authorization", bearer(&other)),
    ];
    let sent: Vec<_> = sent
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let both = browser.with_headers(Method::GET, "/api/peek", &sent).await;
    let expected = ask(&browser, Method::GET, "/api/peek", &[&bearer(&other)]).await;
    assert_eq!(both.body, expected.body);
}

async fn a_logout_in_a_header_empties_the_token(fixture: Fixture) {
    let browser = browser(&fixture, Transport::Both).await;
    let token = log_in(&browser).await;
    let logout = ask(&browser, Method::POST, "/api/destroy", &[&bearer(&token)]).await;
    assert_eq!((logout.status, logout.header("x-session-token")), (204, ""));
    assert!(logout.set_cookies().is_empty());
    if fixture.is_server_side() {
        let peek = ask(&browser, Method::GET, "/api/peek", &[&bearer(&token)]).await;
        assert_eq!(peek.json(), json!({ "id": null }));
    }
}

async fn odd_authorization_headers_give_a_fresh_session(fixture: Fixture) {
    let browser = browser(&fixture, Transport::Header).await;
    let token = log_in(&browser).await;
    let good = bearer(&token);
    let long = bearer(&"x".repeat(12_000));
    let forged = bearer(&format!("{token}x"));
    for values in [
        &[&*good, &*good][..],
        &[&*token],
        &["Basic YTpi"],
        &["Bearer"],
        &["Bearer "],
        &[&*long],
        &[&*forged],
        &[""],
    ] {
        let peek = ask(&browser, Method::GET, "/api/peek", values).await;
        assert_eq!(
            (peek.status, peek.json()),
            (200, json!({ "id": null })),
            "{values:?}"
        );
    }
    let peek = ask(&browser, Method::GET, "/api/peek", &[&good]).await;
    assert!(peek.json()["id"].is_string());
}

async fn headers_with_other_names_carry_tokens(fixture: Fixture) {
    let server = fixture
        .serve_with(|builder| {
            let builder = builder.transport(Transport::Header);
            builder.token_headers("x-token", "x-next-token")
        })
        .await;
    let browser = server.browser();
    let login = ask(&browser, Method::POST, "/api/regenerate", &[]).await;
    let token = login.header("x-next-token").to_owned();
    let sent = [("x-token", token.as_bytes())];
    let peek = browser.with_headers(Method::GET, "/api/peek", &sent).await;
    assert!(peek.json()["id"].is_string());
    assert_eq!(peek.header("vary"), "x-token");
}
