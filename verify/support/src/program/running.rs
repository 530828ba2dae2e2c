//! Starting and stopping the program, and what it prints.

use serde_json::json;

use super::{Playground, Program, SECRET, Test, tests};
use crate::RedisServer;

pub(super) const TESTS: &[Test] = tests![
    without_settings_it_starts_and_prints_its_defaults,
    with_settings_it_follows_them_and_prints_no_remarks,
    secure_can_be_turned_on,
    s38_encryption_can_be_turned_on,
    app_key_replaces_a_missing_secret,
    an_interrupt_stops_it_cleanly_despite_an_open_connection,
    s26_no_secret_is_logged_at_any_level,
];

async fn without_settings_it_starts_and_prints_its_defaults(playground: Playground) {
    let program = Program::start(playground, &[]).await;
    let name = playground.name;
    let lines = [
        "SESSION_SECRET is not set; the secret is random, so sessions end with this process",
        "SESSION_SECURE is not set; the cookie is not Secure, because this is plain HTTP",
        &format!("{} with the cookie driver", program.address),
    ];
    assert_eq!(program.printed, lines.map(|line| format!("{name}: {line}")));
    assert!(program.address.starts_with("http://127.0.0.1:"));
    assert!(!program.address.ends_with(":0"));

    let browser = program.browser();
    let (_, attributes) = browser.put("/api/session/a", "1").await.set_cookie();
    assert_eq!(attributes, "Path=/; SameSite=Lax; HttpOnly; Max-Age=7200");
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

async fn with_settings_it_follows_them_and_prints_no_remarks(playground: Playground) {
    let vars = [
        ("SESSION_SECRET", SECRET),
        ("SESSION_SECURE", "false"),
        ("SESSION_DRIVER", "memory"),
        ("SESSION_LIFETIME", "30"),
        ("SESSION_COOKIE", "sid"),
        ("SESSION_SAME_SITE", "Strict"),
        ("SESSION_PATH", "/api"),
        ("HOST", "127.0.0.1"),
    ];
    let program = Program::start(playground, &vars).await;
    let (name, address) = (playground.name, &program.address);
    let only = format!("{name}: {address} with the memory driver");
    assert_eq!(program.printed, [only]);
    let put = program.browser().put("/api/session/a", "1").await;
    let (cookie, attributes) = put.set_cookie();
    assert!(cookie.starts_with("sid="));
    assert_eq!(
        attributes,
        "Path=/api; SameSite=Strict; HttpOnly; Max-Age=1800"
    );
}

async fn secure_can_be_turned_on(playground: Playground) {
    let program = Program::start(playground, &[("SESSION_SECURE", "true")]).await;
    assert!(!program.printed.iter().any(|line| line.contains("SECURE")));
    let put = program.browser().put("/api/session/a", "1").await;
    assert!(put.set_cookie().1.contains("; Secure"));
}

async fn s38_encryption_can_be_turned_on(playground: Playground) {
    let settings = |driver, encrypt| {
        [
            ("SESSION_SECRET", SECRET),
            ("SESSION_DRIVER", driver),
            ("SESSION_ENCRYPT", encrypt),
        ]
    };
    let program = Program::start(playground, &settings("cookie", "true")).await;
    let last = program.printed.last().unwrap();
    assert!(
        last.ends_with("with the cookie driver, encrypted"),
        "{last}"
    );
    let browser = program.browser();
    let cookie = browser.put("/api/session/a", "1").await.cookie();
    assert!(cookie.contains("=v1."), "{cookie}");
    assert_eq!(browser.get("/api/session/a").await.body, "1");
    let page = browser.page().await;
    assert!(page.contains("in your browser’s cookie, encrypted"));
    // The cookie is of no use where encryption is off.
    let plain = Program::start(playground, &settings("cookie", "false")).await;
    let found = plain.browser().with_cookie("/api/session/a", &cookie).await;
    assert_eq!(found.status, 404);

    let memory = Program::start(playground, &settings("memory", "true")).await;
    let browser = memory.browser();
    browser.put("/api/session/a", "1").await;
    assert_eq!(browser.get("/api/session/a").await.body, "1");
    assert!(browser.page().await.contains("on the server, encrypted"));
}

async fn app_key_replaces_a_missing_secret(playground: Playground) {
    let key = format!("base64:{SECRET}");
    let one = Program::start(playground, &[("APP_KEY", &*key)]).await;
    let has_remark = |line: &String| line.contains("SESSION_SECRET");
    assert!(!one.printed.iter().any(has_remark));
    let cookie = one.browser().put("/api/session/a", "1").await.cookie();
    // A process with the same secret reads its cookies. One with a random secret does not.
    let same = Program::start(playground, &[("SESSION_SECRET", SECRET)]).await;
    let found = same.browser().with_cookie("/api/session/a", &cookie).await;
    assert_eq!(found.body, "1");
    let other = Program::start(playground, &[]).await;
    let found = other.browser().with_cookie("/api/session/a", &cookie).await;
    assert_eq!(found.status, 404);
}

async fn an_interrupt_stops_it_cleanly_despite_an_open_connection(playground: Playground) {
    let program = Program::start(playground, &[]).await;
    let browser = program.browser();
    assert_eq!(browser.session().await["data"], json!({}));
    let (ended_well, _) = program.interrupt().await;
    assert!(ended_well);
}

/// Security checklist, statement 26. Logs everything at the lowest level, including dependencies.
async fn s26_no_secret_is_logged_at_any_level(playground: Playground) {
    assert_no_secret_is_logged(playground, "cookie", "").await;
    assert_no_secret_is_logged(playground, "memory", "").await;
    if playground.has_redis {
        let redis = RedisServer::start();
        assert_no_secret_is_logged(playground, "redis", &redis.url()).await;
    }
}

async fn assert_no_secret_is_logged(playground: Playground, driver: &str, redis_url: &str) {
    let vars = [
        ("SESSION_SECRET", SECRET),
        ("SESSION_DRIVER", driver),
        ("REDIS_URL", redis_url),
        ("RUST_LOG", "trace"),
    ];
    let program = Program::start(playground, &vars).await;
    let browser = program.browser();
    let mut secrets = vec![
        ("secret", SECRET.to_owned()),
        ("name", "the private".to_owned()),
        ("forged", "forged-by-hand".to_owned()),
    ];
    let forms: [(&str, &[(&str, &str)]); 3] = [
        ("/name", &[("name", "Ada the private")]),
        ("/login", &[("name", "Grace the private")]),
        ("/logout", &[]),
    ];
    for (path, fields) in forms {
        let cookie = browser.form(path, fields).await.cookie();
        let (handle, signature) = cookie.split_once('=').unwrap().1.rsplit_once('.').unwrap();
        secrets.push(("handle", handle.to_owned()));
        secrets.push(("signature", signature.to_owned()));
        secrets.push(("id", browser.id().await));
        browser.page().await;
    }
    let large = format!("\"{}\"", "x".repeat(9000));
    browser.put("/api/session/large", large).await;
    let forged = format!("{}=forged-by-hand.x", playground.name);
    browser.with_cookie("/", &forged).await;

    let (_, output) = program.interrupt().await;
    for event in ["created", "regenerated", "destroyed", "cookie invalid"] {
        // The cookie driver has no record to destroy, so it logs nothing.
        let expected = driver != "cookie" || event != "destroyed";
        let found = output.contains(&format!("session {event}"));
        assert!(found || !expected, "{driver}, {event}: {output}");
    }
    // Of an id, only the first eight characters are logged.
    for (what, secret) in secrets {
        assert!(!secret.is_empty());
        let leak = output.lines().find(|line| line.contains(&secret));
        assert_eq!(leak, None, "{driver}: {what}");
    }
}
