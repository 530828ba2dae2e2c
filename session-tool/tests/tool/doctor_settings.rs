//! `doctor`: the settings.

use crate::run::{OLD_SECRET, Ran, SECRET, bare, check, library_error, tool};

fn doctor(variables: &[(&str, &str)]) -> Ran {
    bare(&["doctor", "--json"]).envs(variables).run()
}

#[test]
fn a_good_configuration_passes() {
    let ran = tool(&["doctor"]).env("SESSION_COOKIE", "shop").run();
    ran.says(
        0,
        "ok    secret            36 bytes\n\
         ok    previous secrets  none\n\
         ok    driver            cookie: logging out does not invalidate copies of the cookie\n\
         ok    encryption        off: users can read their sessions\n\
         ok    lifetime          2 h of inactivity\n\
         ok    grace             not used: the cookie driver knows no old ids\n\
         ok    owner key         none: a user's sessions cannot be listed or ended\n\
         ok    transport         cookie\n\
         ok    cookie name       shop; with the name __Host-Http-shop, no other host and no script could set it\n\
         ok    secure            on: the cookie is only sent over HTTPS\n\
         ok    same site         lax: from other sites, only links send the cookie\n\
         ok    path              / (the whole host)\n\
         ok    domain            this host only\n\
         13 checks: 13 ok, 0 warn, 0 fail\n",
    );
}

#[test]
fn a_warning_fails_only_if_strict_or_in_production() {
    let insecure = |arguments: &[&str]| {
        let tool = tool(arguments).env("SESSION_COOKIE", "shop");
        tool.env("SESSION_SECURE", "false")
    };
    let ran = insecure(&["doctor"]).run();
    assert_eq!((ran.code, &*ran.err), (0, ""));
    ran.shows(
        "warn  secure            off: the cookie is also sent over plain HTTP, \
                                 where anyone on the network can steal it\n\
         \x20                       → unset SESSION_SECURE or set it to true wherever users connect over HTTPS\n",
    );
    assert!(
        ran.out.ends_with("13 checks: 12 ok, 1 warn, 0 fail\n"),
        "{ran:?}"
    );
    assert_eq!(insecure(&["doctor", "--strict"]).run().code, 1);
    for (name, value) in [("APP_ENV", "production"), ("NODE_ENV", "Production")] {
        let ran = insecure(&["doctor", "--json"]).env(name, value).run();
        assert_eq!((ran.code, &*check(&ran, "secure").0), (1, "fail"));
    }
}

#[test]
fn all_invalid_settings_are_reported_at_once() {
    let invalid = [
        ("secret", ("SESSION_SECRET", "short")),
        (
            "previous secrets",
            ("SESSION_PREVIOUS_SECRETS", "change-me"),
        ),
        ("driver", ("SESSION_DRIVER", "file")),
        ("lifetime", ("SESSION_LIFETIME", "0")),
        ("grace", ("SESSION_GRACE", "long")),
        ("transport", ("SESSION_TRANSPORT", "post")),
        ("cookie name", ("SESSION_COOKIE", "a b")),
        ("secure", ("SESSION_SECURE", "perhaps")),
        ("same site", ("SESSION_SAME_SITE", "x")),
        ("path", ("SESSION_PATH", "x")),
        ("domain", ("SESSION_DOMAIN", "a..b")),
    ];
    let ran = doctor(&invalid.map(|(_, variable)| variable));
    assert_eq!((ran.code, &ran.json()["fail"]), (1, &11.into()));
    for (name, variable) in invalid {
        let error = match variable.0 {
            "SESSION_SECRET" => library_error(&[variable]),
            _ => library_error(&[("SESSION_SECRET", SECRET), variable]),
        };
        let detail = format!("{} {}", variable.0, error.problem());
        let expected = ("fail".to_owned(), detail, error.remedy().to_owned());
        assert_eq!(check(&ran, name), expected);
    }
}

#[test]
fn the_secret_is_checked() {
    for variables in [
        &[][..],
        &[("SESSION_SECRET", "change-me-in-production")],
        &[("APP_KEY", "base64:x")],
        &[("SESSION_SECRET", "0123456789abcdef0123456789abcdef\n")],
    ] {
        let error = library_error(variables);
        let detail = format!("{} {}", error.setting(), error.problem());
        let (status, found, _) = check(&doctor(variables), "secret");
        assert_eq!((&*status, found), ("fail", detail));
    }
    let (repeated, quoted) = ("ab".repeat(20), format!("\"{SECRET}\""));
    for (variables, expected) in [
        (&[("APP_KEY", SECRET)][..], "ok 36 bytes, from APP_KEY"),
        (
            &[("APP_KEY", SECRET), ("SESSION_SECRET", "changeme")],
            "warn SESSION_SECRET is a placeholder, so the service uses APP_KEY",
        ),
        (
            &[("SESSION_SECRET", &*repeated)],
            "warn SESSION_SECRET is easy to guess: it has only 2 different characters",
        ),
        (
            &[("SESSION_SECRET", &*quoted)],
            "warn SESSION_SECRET is wrapped in quotes, which the service takes as part of the secret",
        ),
    ] {
        let (status, detail, _) = check(&doctor(variables), "secret");
        assert_eq!(format!("{status} {detail}"), expected);
    }
    let with_input = |input: &str| {
        let ran = bare(&["doctor", "--json", "--secret-file", "-"])
            .input(input)
            .run();
        (ran.code, check(&ran, "secret").1)
    };
    assert_eq!(with_input(SECRET), (0, "36 bytes".to_owned()));
    let error = library_error(&[("SESSION_SECRET", "short")]);
    let detail = format!("the secret on standard input {}", error.problem());
    assert_eq!(with_input("short"), (1, detail));
}

/// Returns the status and the detail of a check.
fn checked(variables: &[(&str, &str)], name: &str) -> String {
    let variables = [&[("SESSION_SECRET", SECRET)], variables].concat();
    let (status, detail, _) = check(&doctor(&variables), name);
    format!("{status} {detail}")
}

#[test]
fn every_other_setting_is_checked() {
    for (name, value, of, expected) in [
        (
            "SESSION_PREVIOUS_SECRETS",
            OLD_SECRET,
            "previous secrets",
            "ok 1 secret accepted; remove those that were replaced more than 2 h ago",
        ),
        (
            "SESSION_PREVIOUS_SECRETS",
            SECRET,
            "previous secrets",
            "warn SESSION_SECRET is one of them, so it was not changed",
        ),
        (
            "SESSION_DRIVER",
            "memory",
            "driver",
            "warn memory: sessions end with the process and are not shared with others",
        ),
        (
            "SESSION_LIFETIME",
            "4",
            "lifetime",
            "warn 4 min of inactivity: users may be logged out while reading a page",
        ),
        (
            "SESSION_LIFETIME",
            "5",
            "lifetime",
            "ok 5 min of inactivity",
        ),
        (
            "SESSION_LIFETIME",
            "10080",
            "lifetime",
            "ok 7 d of inactivity",
        ),
        (
            "SESSION_LIFETIME",
            "10081",
            "lifetime",
            "warn 7 d of inactivity, and a stolen cookie cannot be revoked",
        ),
        (
            "SESSION_LIFETIME",
            "576001",
            "lifetime",
            "warn 400 d of inactivity, but browsers keep cookies for at most 400 d",
        ),
        (
            "SESSION_COOKIE",
            "session",
            "cookie name",
            "warn session, the default: any other application on this host that uses it replaces the cookie",
        ),
        (
            "SESSION_COOKIE",
            "__Host-s",
            "cookie name",
            "ok __Host-s: only this host can set it, over HTTPS",
        ),
        (
            "SESSION_COOKIE",
            "__Host-Http-s",
            "cookie name",
            "ok __Host-Http-s: only this host can set it, over HTTPS, and no script can",
        ),
        (
            "SESSION_COOKIE",
            "__Http-s",
            "cookie name",
            "ok __Http-s: can only be set over HTTPS, and by no script",
        ),
        (
            "SESSION_COOKIE",
            "__Secure-s",
            "cookie name",
            "ok __Secure-s: can only be set over HTTPS",
        ),
        (
            "SESSION_SAME_SITE",
            "strict",
            "same site",
            "ok strict: users who follow a link from another site arrive without a session",
        ),
        (
            "SESSION_SAME_SITE",
            "none",
            "same site",
            "warn none: any site can send requests with the cookie",
        ),
        ("SESSION_PATH", "/app", "path", "ok /app and below"),
        (
            "SESSION_DOMAIN",
            "example.com",
            "domain",
            "warn every host under example.com receives the cookie and can overwrite it",
        ),
    ] {
        assert_eq!(checked(&[(name, value)], of), expected, "{name}={value}");
    }
    let none = [("SESSION_SAME_SITE", "none"), ("SESSION_SECURE", "false")];
    assert_eq!(
        checked(&none, "same site"),
        "warn none: any site can send requests with the cookie; this implies Secure and overrides SESSION_SECURE"
    );
    assert_eq!(
        checked(&none, "secure"),
        "ok on: the cookie is only sent over HTTPS"
    );
    let host = [("SESSION_COOKIE", "__Host-s"), ("SESSION_SECURE", "false")];
    assert!(checked(&host, "cookie name").starts_with("fail SESSION_COOKIE "));
}

#[test]
fn what_happens_around_a_login_is_checked() {
    let redis = ("SESSION_DRIVER", "redis");
    for (variables, of, expected) in [
        (
            &[redis][..],
            "grace",
            "ok 10 s: requests that left before a login cannot undo it",
        ),
        (
            &[redis, ("SESSION_GRACE", "0")],
            "grace",
            "warn off: a request that left the browser before a login can replace the login",
        ),
        (
            &[redis, ("SESSION_OWNER_KEY", "user_id")],
            "owner key",
            "ok user_id",
        ),
        (
            &[("SESSION_OWNER_KEY", "user_id")],
            "owner key",
            "warn user_id, but with the cookie driver a user's sessions cannot be listed or ended",
        ),
        (
            &[("SESSION_TRANSPORT", "both")],
            "transport",
            "ok both: a client without a token gets it in both, where scripts can read it; \
             the headers are authorization and x-session-token",
        ),
    ] {
        let closed = [("REDIS_URL", "redis://127.0.0.1:1")];
        assert_eq!(checked(&[variables, &closed].concat(), of), expected);
    }
}
