//! Starting and stopping the program, and what it says about itself.

mod common;

use common::Browser;
use common::program::Program;
use serde_json::json;

const SECRET: &str = "correct horse battery staple, and then some";

#[tokio::test]
async fn without_settings_it_serves_and_says_what_it_did_without() {
    let program = Program::start(&[]).await;
    assert_eq!(
        program.printed[..2],
        [
            "axum-playground: SESSION_SECRET is unset: a random one, so sessions end with this process",
            "axum-playground: SESSION_SECURE is unset: off, because this speaks plain HTTP",
        ]
    );
    let last = format!(
        "axum-playground: {} with the cookie driver",
        program.address
    );
    assert_eq!(program.printed[2..], [last]);
    assert!(program.address.starts_with("http://127.0.0.1:"));
    assert!(!program.address.ends_with(":0"));

    let browser = Browser::new(&program.address);
    let put = browser.put("/api/session/a", "1").await;
    let attributes = put.set_cookies()[0].split_once("; ").unwrap().1;
    assert_eq!(attributes, "Path=/; SameSite=Lax; HttpOnly; Max-Age=7200");
    assert_eq!(browser.get("/api/session/a").await.body, "1");
}

#[tokio::test]
async fn with_settings_it_follows_them_and_has_nothing_to_remark() {
    let program = Program::start(&[
        ("SESSION_SECRET", SECRET),
        ("SESSION_SECURE", "false"),
        ("SESSION_DRIVER", "memory"),
        ("SESSION_LIFETIME", "30"),
        ("SESSION_COOKIE", "sid"),
        ("SESSION_SAME_SITE", "Strict"),
        ("SESSION_PATH", "/api"),
        ("HOST", "127.0.0.1"),
    ])
    .await;
    let only = format!(
        "axum-playground: {} with the memory driver",
        program.address
    );
    assert_eq!(program.printed, [only]);
    let put = Browser::new(&program.address)
        .put("/api/session/a", "1")
        .await;
    let (cookie, attributes) = put.set_cookies()[0].split_once("; ").unwrap();
    assert!(cookie.starts_with("sid="));
    assert_eq!(
        attributes,
        "Path=/api; SameSite=Strict; HttpOnly; Max-Age=1800"
    );
}

#[tokio::test]
async fn secure_can_be_turned_on() {
    let program = Program::start(&[("SESSION_SECURE", "true")]).await;
    assert!(!program.printed.iter().any(|line| line.contains("SECURE")));
    let put = Browser::new(&program.address)
        .put("/api/session/a", "1")
        .await;
    assert!(put.set_cookies()[0].contains("; Secure"));
}

#[tokio::test]
async fn an_app_key_stands_in_for_the_secret() {
    let key = format!("base64:{SECRET}");
    let one = Program::start(&[("APP_KEY", &*key)]).await;
    assert!(
        !one.printed
            .iter()
            .any(|line| line.contains("SESSION_SECRET"))
    );
    let cookie = Browser::new(&one.address)
        .put("/api/session/a", "1")
        .await
        .cookie();
    // Another process with the same secret reads its cookies, one with a random secret does not.
    let same = Program::start(&[("SESSION_SECRET", SECRET)]).await;
    let found = Browser::new(&same.address)
        .with_cookie("/api/session/a", &cookie)
        .await;
    assert_eq!(found.body, "1");
    let other = Program::start(&[]).await;
    let found = Browser::new(&other.address)
        .with_cookie("/api/session/a", &cookie)
        .await;
    assert_eq!(found.status, 404);
}

#[tokio::test]
async fn an_interrupt_ends_it_well_while_a_connection_is_open() {
    let program = Program::start(&[]).await;
    let browser = Browser::new(&program.address);
    assert_eq!(browser.session().await["data"], json!({}));
    let (ended_well, _) = program.interrupt().await;
    assert!(ended_well);
}

/// An id is logged by its first eight characters: the word before them is `id=`.
fn assert_secret(output: &str, secrets: &[(&str, String)]) {
    for (what, secret) in secrets {
        assert!(!secret.is_empty());
        let leak = output.lines().find(|line| line.contains(&**secret));
        assert_eq!(leak, None, "{what}");
    }
}

/// security.md 26: with everything logged that can be logged, by this crate and all below it.
#[tokio::test]
async fn s26_nothing_secret_is_logged_at_any_level() {
    for driver in ["cookie", "memory"] {
        let program = Program::start(&[
            ("SESSION_SECRET", SECRET),
            ("SESSION_DRIVER", driver),
            ("RUST_LOG", "trace"),
        ])
        .await;
        let browser = Browser::new(&program.address);
        let mut secrets = vec![("secret", SECRET.to_owned())];
        let forms: [(&str, &[(&str, &str)]); 3] = [
            ("/name", &[("name", "Ada the private")]),
            ("/login", &[("user", "Grace the private")]),
            ("/logout", &[]),
        ];
        for (path, fields) in forms {
            let answer = browser.form(path, fields).await;
            let cookie = answer.cookie();
            let (handle, signature) = cookie["session=".len()..].rsplit_once('.').unwrap();
            secrets.push(("handle", handle.to_owned()));
            secrets.push(("signature", signature.to_owned()));
            secrets.push(("id", browser.id().await));
            browser.page().await;
        }
        secrets.push(("name", "the private".to_owned()));
        browser
            .put("/api/session/large", format!("\"{}\"", "x".repeat(9000)))
            .await;
        browser.with_cookie("/", "session=forged-by-hand.x").await;
        secrets.push(("forged", "forged-by-hand".to_owned()));

        let (_, output) = program.interrupt().await;
        for event in ["created", "regenerated", "destroyed", "cookie invalid"] {
            // The cookie driver has no record to destroy, and says nothing then.
            let expected = driver == "memory" || event != "destroyed";
            let found = output.contains(&format!("session {event}"));
            assert!(found || !expected, "{driver}, {event}: {output}");
        }
        assert_secret(&output, &secrets);
    }
}
