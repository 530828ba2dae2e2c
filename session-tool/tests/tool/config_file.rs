//! Settings from a configuration file, and settings that a service prints.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use session_core::{CookieOptions, MemoryDriver, SessionConfig, Transport};
use test_support::RedisServer;

use crate::databases::Folder;
use crate::redis::{cli, stored};
use crate::run::{OLD_SECRET, SECRET, bare, check, tool};

/// Writes a file and returns its path.
fn written(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.path(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn json_and_toml_say_the_same() {
    let folder = Folder::new("formats");
    let json = format!(r#"{{"secret":"{SECRET}","lifetime":30,"cookie":{{"name":"shop"}}}}"#);
    let toml = format!("secret = \"{SECRET}\"\nlifetime = 30\n[cookie]\nname = \"shop\"\n");
    let section = format!(
        "port = 3000\n[web.session]\nsecret = \"{SECRET}\"\nlifetime = 30\ncookie.name = \"shop\"\n"
    );
    let files = [
        written(&folder, "a.json", &json),
        written(&folder, "b.toml", &toml),
        written(&folder, "c.conf", &section),
    ];
    for (n, file) in files.iter().enumerate() {
        let mut arguments = vec!["sign", "{}", "--set-cookie", "--config", file];
        if n == 2 {
            arguments.extend(["--section", "web.session"]);
        }
        let ran = bare(&arguments).run();
        assert!(
            ran.out.starts_with("Set-Cookie: shop=") && ran.out.ends_with("Max-Age=1800\n"),
            "{ran:?}"
        );
    }
    // Standard input, too.
    let ran = bare(&["sign", "{}", "--set-cookie", "--config", "-"])
        .input(toml)
        .run();
    assert!(ran.out.starts_with("Set-Cookie: shop="), "{ran:?}");
}

#[test]
fn every_command_reads_the_file_and_the_environment_decides() {
    let server = RedisServer::start();
    let folder = Folder::new("commands");
    let text = format!(
        r#"{{"driver":"redis","redis_url":"{}","secret":"{SECRET}","owner_key":"user","prefix":"session:"}}"#,
        server.url()
    );
    let file = written(&folder, "session.json", &text);
    let (token, id) = stored(&server);
    let run = |arguments: &[&str]| {
        let config = ["--config", &*file];
        bare(&[arguments, &config].concat()).run()
    };
    assert_eq!(run(&["inspect", &token]).code, 0);
    run(&["show", &id]).shows("data     user  42");
    run(&["watch", "--count", "1"]).shows(" 1 session\n");
    assert_eq!(run(&["sign", r#"{"user":"ada"}"#]).code, 0);
    run(&["list", "--owner", "ada"]).shows("1 session\n");
    run(&["revoke", "--owner", "ada"]).says(0, "revoked 1 session\n");
    let ran = run(&["doctor", "--json"]);
    for (name, detail) in [
        ("secret", "36 bytes, from the configuration file"),
        ("driver", "redis"),
        ("owner key", "user"),
        (
            "redis settings",
            "redis_url is set in the configuration file",
        ),
    ] {
        assert_eq!(check(&ran, name).1, detail);
    }
    let other = bare(&["show", &id, "--config", &*file])
        .env("SESSION_PREFIX", "shop:")
        .run();
    assert_eq!(other.code, 1, "{other:?}");
    let other = bare(&["inspect", &token, "--config", &*file]).env("SESSION_SECRET", OLD_SECRET);
    other.run().rejects("forged");
    run(&["revoke", &id]).says(0, &format!("revoked {}…\n", &id[..8]));
    // All that is left is the index, which ends with its sessions.
    assert_eq!(cli(&server, &["KEYS", "session:????????-*"]), "\n");
}

#[test]
fn what_a_service_prints_is_what_is_in_force() {
    let config = SessionConfig::from_vars(|name| match name {
        "SESSION_SECRET" => Some(SECRET),
        "SESSION_COOKIE" => Some("ignored"),
        _ => None,
    });
    let manager = config
        .unwrap()
        .builder(MemoryDriver::new())
        .unwrap()
        .cookie(CookieOptions::default().name("__Host-Http-shop"))
        .lifetime(Duration::from_secs(4 * 60 + 30))
        .grace(Duration::ZERO)
        .owner_key("user")
        .transport(Transport::Both)
        .token_headers("x-token", "x-next-token")
        .build()
        .unwrap();
    let printed = manager.settings().to_string();
    let doctor = |tool: crate::run::Tool| {
        // The service ignores it, so the tool does.
        tool.env("SESSION_COOKIE", "ignored").input(&*printed).run()
    };
    let ran = doctor(tool(&["doctor", "--json", "--config", "-"]));
    let is = |name: &str, status: &str, detail: &str| {
        let (found, text, _) = check(&ran, name);
        assert_eq!(
            (&*found, text.starts_with(detail)),
            (status, true),
            "{ran:?}"
        );
    };
    is("cookie name", "ok", "__Host-Http-shop: only this host");
    is("lifetime", "warn", "4 min 30 s of inactivity");
    is("owner key", "warn", "user, but with the cookie driver");
    is("secret", "ok", "36 bytes");
    let (_, transport, _) = check(&ran, "transport");
    assert!(
        transport.ends_with("; the headers are x-token and x-next-token"),
        "{transport}"
    );
    assert_eq!(ran.code, 0);
    doctor(bare(&["doctor", "--strict", "--config", "-"]))
        .concludes(1, "fail  secret            SESSION_SECRET is not set");
    let signed = tool(&["sign", "{}", "--set-cookie", "--config", "-"])
        .input(&*printed)
        .run();
    assert!(
        signed.out.starts_with("Set-Cookie: __Host-Http-shop="),
        "{signed:?}"
    );
}

#[test]
fn doctor_reads_what_a_playground_prints() {
    let printed = Command::new(playground())
        .arg("--print-settings")
        .env_clear()
        // It would not start with this port.
        .envs([("SESSION_SECRET", SECRET), ("PORT", "none")])
        .output()
        .unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let ran = tool(&["doctor", "--json", "--config", "-"])
        .input(printed.stdout)
        .run();
    assert_eq!(ran.code, 0, "{ran:?}");
    for (name, status, detail) in [
        ("secret", "ok", "36 bytes"),
        ("cookie name", "ok", "axum-playground"),
        ("secure", "warn", "off: "),
        ("driver", "ok", "cookie: "),
    ] {
        let (found, text, _) = check(&ran, name);
        assert_eq!(found, status, "{text}");
        assert!(text.starts_with(detail), "{text}");
    }
}

/// Returns the path of a service's program. A test of the whole workspace has built it.
fn playground() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_session-tool")).with_file_name("axum-playground");
    if !path.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "axum-playground"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
    }
    path
}

#[test]
fn a_mistake_in_the_file_is_named_and_nothing_of_it_is_repeated() {
    let folder = Folder::new("mistakes");
    for (text, error) in [
        (
            "{\"secret\":\n\"hunter2}",
            "is not valid JSON: there is a mistake in line 2, column 9",
        ),
        (
            "lifetime = 1\nsecret = hunter2",
            "is neither a JSON object nor valid TOML: there is a mistake in line 2",
        ),
        (
            "session:\n  secret: hunter2",
            "is neither a JSON object nor valid TOML: there is a mistake in line 1",
        ),
        (
            "secret = [\"hunter2\"]",
            "has an invalid setting: secret: is a list; write a string",
        ),
        (
            "secret = \"hunter2\"",
            "has an invalid setting: secret: has 7 bytes, at least 32 are needed; generate one with `openssl rand -base64 32`",
        ),
    ] {
        let file = written(&folder, "bad", text);
        for command in [
            &["doctor"][..],
            &["inspect", "x"],
            &["show", "11111111"],
            &["list", "--owner", "ada"],
            &["watch", "--count", "1"],
        ] {
            let ran = bare(&[command, &["--config", &*file]].concat()).run();
            ran.fails(&format!("the configuration file {file} {error}"));
        }
    }
    let file = written(&folder, "good", "lifetime = 1");
    let missing = written(&folder, "x", "") + "y";
    let doctor = |arguments: &[&str]| tool(&[&["doctor"], arguments].concat()).run();
    doctor(&["--config", &file, "--section", "web"]).fails(&format!(
        "the configuration file {file} has no table \"web\"; check --section"
    ));
    doctor(&["--config", &missing]).fails_with(&format!(
        "cannot read the configuration file {missing}; check the path and permissions ("
    ));
    doctor(&["--config", "-", "--secret-file", "-"]).fails(
        "cannot read both the configuration and the secret from standard input; pass one of them as a file",
    );
    tool(&["inspect", "--config", "-"]).run().fails(
        "cannot read both the cookie and the configuration from standard input; pass the cookie as an argument",
    );
}
