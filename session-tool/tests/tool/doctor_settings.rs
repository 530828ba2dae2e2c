//! `doctor`: the settings.

use crate::run::{OLD_SECRET, Ran, SECRET, bare, check, tool};

fn doctor(vars: &[(&str, &str)]) -> Ran {
    let tool = vars
        .iter()
        .fold(bare(&["doctor", "--json"]), |tool, (name, value)| {
            tool.env(name, value)
        });
    tool.run()
}

#[test]
fn a_good_configuration_is_all_ok() {
    tool(&["doctor"]).run().says(
        0,
        "ok    secret            36 bytes, no placeholder\n\
         ok    previous secrets  none\n\
         ok    driver            cookie: a logout does not reach copies of the cookie\n\
         ok    lifetime          2 h without use\n\
         ok    cookie name       session; as __Host-session no other host could set it\n\
         ok    secure            on: the cookie travels over HTTPS only\n\
         ok    same site         lax: of other sites, only links bring the cookie\n\
         ok    path              /, the whole host\n\
         ok    domain            this host only\n\
         9 checks: 9 ok, 0 warn, 0 fail\n",
    );
}

#[test]
fn a_warning_fails_only_where_it_is_to() {
    let insecure = |arguments: &[&str]| tool(arguments).env("SESSION_SECURE", "false").run();
    let ran = insecure(&["doctor"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let expected = "warn  secure            off: the cookie travels over plain HTTP too, where anyone on the way can take it\n\
                    \x20                       → unset SESSION_SECURE, or set it to true, wherever users come over HTTPS\n";
    assert!(ran.out.contains(expected), "{}", ran.out);
    assert!(
        ran.out.ends_with("9 checks: 8 ok, 1 warn, 0 fail\n"),
        "{}",
        ran.out
    );
    assert_eq!(insecure(&["doctor", "--strict"]).code, 1);
    for (name, value) in [("APP_ENV", "production"), ("NODE_ENV", "Production")] {
        let ran = tool(&["doctor", "--json"])
            .env("SESSION_SECURE", "false")
            .env(name, value)
            .run();
        assert_eq!((ran.code, &*check(&ran, "secure").0), (1, "fail"));
    }
}

#[test]
fn every_impossible_setting_is_told_at_once() {
    let ran = doctor(&[
        ("SESSION_SECRET", "short"),
        ("SESSION_PREVIOUS_SECRETS", "change-me"),
        ("SESSION_DRIVER", "file"),
        ("SESSION_LIFETIME", "0"),
        ("SESSION_COOKIE", "a b"),
        ("SESSION_SECURE", "perhaps"),
        ("SESSION_SAME_SITE", "x"),
        ("SESSION_PATH", "x"),
        ("SESSION_DOMAIN", "a..b"),
    ]);
    assert_eq!((ran.code, &ran.json()["fail"]), (1, &9.into()));
    let says = |name: &str, detail: &str, remedy: &str| {
        assert_eq!(
            check(&ran, name),
            ("fail".to_owned(), detail.to_owned(), remedy.to_owned())
        );
    };
    let generate = "generate one with `openssl rand -base64 32`";
    says(
        "secret",
        "SESSION_SECRET: has 5 bytes, at least 32 are needed",
        generate,
    );
    says(
        "previous secrets",
        "SESSION_PREVIOUS_SECRETS: is a placeholder that anyone can guess",
        generate,
    );
    says(
        "driver",
        "SESSION_DRIVER: \"file\" is not possible",
        "use cookie, memory or redis",
    );
    says(
        "lifetime",
        "SESSION_LIFETIME: \"0\" is not possible",
        "use a whole number of minutes, at least 1",
    );
    says(
        "cookie name",
        "SESSION_COOKIE: \"a b\" contains ' '",
        "use letters, digits, '-' and '_' (RFC 6265, cookie-name)",
    );
    says(
        "secure",
        "SESSION_SECURE: \"perhaps\" is not possible",
        "use true or false",
    );
    says(
        "same site",
        "SESSION_SAME_SITE: \"x\" is not possible",
        "use lax, strict or none",
    );
    says(
        "path",
        "SESSION_PATH: \"x\" does not start with '/'",
        "use a path such as \"/\" (RFC 6265, path-value)",
    );
    says(
        "domain",
        "SESSION_DOMAIN: \"a..b\" has an empty label",
        "use a host name such as \"example.com\" (RFC 6265, domain-value)",
    );
}

#[test]
fn the_secret_is_checked() {
    let secret = |vars: &[(&str, &str)]| {
        let (status, detail, _) = check(&doctor(vars), "secret");
        format!("{status} {detail}")
    };
    assert_eq!(secret(&[]), "fail SESSION_SECRET: is missing");
    assert_eq!(
        secret(&[("SESSION_SECRET", "change-me-in-production")]),
        "fail SESSION_SECRET: is a placeholder that anyone can guess"
    );
    assert_eq!(
        secret(&[("APP_KEY", "base64:x")]),
        "fail APP_KEY: has 1 bytes, at least 32 are needed"
    );
    assert_eq!(
        secret(&[("APP_KEY", SECRET)]),
        "ok APP_KEY stands in for SESSION_SECRET, 36 bytes"
    );
    assert_eq!(
        secret(&[("APP_KEY", SECRET), ("SESSION_SECRET", "changeme")]),
        "warn SESSION_SECRET is a placeholder, so APP_KEY stands in"
    );
    assert_eq!(
        secret(&[("SESSION_SECRET", &"ab".repeat(20))]),
        "warn SESSION_SECRET is made of 2 different characters, so it can be guessed"
    );
    assert_eq!(
        secret(&[("SESSION_SECRET", &format!("\"{SECRET}\""))]),
        "warn SESSION_SECRET has quotes around it, and that is part of the secret"
    );
    assert_eq!(
        secret(&[("SESSION_SECRET", &format!("{SECRET}\n"))]),
        "warn SESSION_SECRET has white space at its ends, and that is part of the secret"
    );
    let ran = bare(&["doctor", "--json", "--secret-file", "-"])
        .input(format!("{SECRET}\n"))
        .run();
    assert_eq!(check(&ran, "secret").1, "36 bytes, no placeholder");
    let ran = bare(&["doctor", "--json", "--secret-file", "-"])
        .input("short")
        .run();
    assert_eq!(
        (ran.code, check(&ran, "secret").1),
        (
            1,
            "the secret from standard input: has 5 bytes, at least 32 are needed".to_owned()
        )
    );
}

#[test]
fn every_other_setting_is_judged() {
    let judged = |vars: &[(&str, &str)], name: &str| {
        let (status, detail, _) = check(
            &doctor(&[&[("SESSION_SECRET", SECRET)], vars].concat()),
            name,
        );
        format!("{status} {detail}")
    };
    for (name, value, of, expected) in [
        (
            "SESSION_PREVIOUS_SECRETS",
            OLD_SECRET,
            "previous secrets",
            "ok 1 secret accepted; drop what was replaced more than 2 h ago",
        ),
        (
            "SESSION_PREVIOUS_SECRETS",
            SECRET,
            "previous secrets",
            "warn SESSION_SECRET is among them, so it was not changed",
        ),
        (
            "SESSION_DRIVER",
            "memory",
            "driver",
            "warn memory: sessions end with the process, and no other process knows them",
        ),
        (
            "SESSION_LIFETIME",
            "4",
            "lifetime",
            "warn 4 min without use: users are logged out while they read",
        ),
        ("SESSION_LIFETIME", "5", "lifetime", "ok 5 min without use"),
        (
            "SESSION_LIFETIME",
            "10080",
            "lifetime",
            "ok 7 d without use",
        ),
        (
            "SESSION_LIFETIME",
            "10081",
            "lifetime",
            "warn 7 d without use, and a stolen cookie cannot be revoked",
        ),
        (
            "SESSION_LIFETIME",
            "576001",
            "lifetime",
            "warn 400 d without use, but browsers keep no cookie longer than 400 d",
        ),
        (
            "SESSION_COOKIE",
            "__Host-s",
            "cookie name",
            "ok __Host-s: only this host can set it, over HTTPS",
        ),
        (
            "SESSION_COOKIE",
            "__Secure-s",
            "cookie name",
            "ok __Secure-s: only HTTPS can set it",
        ),
        (
            "SESSION_SAME_SITE",
            "strict",
            "same site",
            "ok strict: who follows a link from another site comes without a session",
        ),
        (
            "SESSION_SAME_SITE",
            "none",
            "same site",
            "warn none: every site can make requests with the cookie",
        ),
        ("SESSION_PATH", "/app", "path", "ok /app and below"),
        (
            "SESSION_DOMAIN",
            "example.com",
            "domain",
            "warn every host of example.com gets the cookie, and can overwrite it",
        ),
    ] {
        assert_eq!(judged(&[(name, value)], of), expected, "{name}={value}");
    }
    let none = [("SESSION_SAME_SITE", "none"), ("SESSION_SECURE", "false")];
    assert_eq!(
        judged(&none, "same site"),
        "warn none: every site can make requests with the cookie; it forces Secure, whatever SESSION_SECURE says"
    );
    assert_eq!(
        judged(&none, "secure"),
        "ok on: the cookie travels over HTTPS only"
    );
    let host = [("SESSION_COOKIE", "__Host-s"), ("SESSION_SECURE", "false")];
    assert_eq!(
        judged(&host, "cookie name"),
        "fail SESSION_COOKIE: the prefix of \"__Host-s\" demands Secure, Path=/ and no Domain"
    );
}
