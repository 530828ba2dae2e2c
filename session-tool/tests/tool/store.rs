//! `show`, `revoke` and `watch`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use test_support::RedisServer;

use crate::run::{Tool, bare, tool};
use crate::with_redis::{cli, stored};

const GONE: &str = "22222222-2222-4222-8222-222222222222";

/// The program with nothing but a Redis: these commands need no secret.
fn at(server: &RedisServer, arguments: &[&str]) -> Tool {
    bare(arguments).env("REDIS_URL", server.url())
}

#[test]
fn a_session_is_shown_by_its_id() {
    let server = RedisServer::start();
    let (_, id) = stored(&server);
    let ran = at(&server, &["show", &id]).run();
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[0], format!("id       {}…", &id[..8]));
    assert!(
        lines[1].starts_with("expires  2") && lines[1].ends_with("Z, in 1 h 59 min"),
        "{ran:?}"
    );
    assert_eq!(
        lines[2..],
        [
            "size     93 bytes of JSON",
            "data     user  42",
            "flash    notice  \"Hi\""
        ]
    );
    assert!(
        at(&server, &["show", "--full-id", &id])
            .run()
            .out
            .starts_with(&format!("id       {id}\n"))
    );
    assert_eq!(
        at(&server, &["show", "-"])
            .input(format!("{id}\n"))
            .run()
            .out
            .lines()
            .next(),
        Some(lines[0])
    );

    let json = at(&server, &["show", "--json", "--full-id", &id])
        .run()
        .json();
    assert_eq!((&json["found"], &json["id"]), (&true.into(), &id.into()));
    assert_eq!(
        (
            &json["data"]["user"],
            &json["flash"]["notice"],
            &json["size"]
        ),
        (&42.into(), &"Hi".into(), &93.into())
    );
    assert!(json["expires_at"].is_string() && json["created_at"].is_null());
}

#[test]
fn what_is_not_there_is_no_session() {
    let server = RedisServer::start();
    let nothing = "there is no session of this id in Redis";
    for (id, hint) in [
        (
            GONE,
            "it ended, was logged out, or has another SESSION_PREFIX",
        ),
        (
            "22222222…",
            "this may be shortened: the whole id is needed, `session-tool inspect --full-id` prints it",
        ),
        (
            "22222222.abc",
            "this may be a cookie: `session-tool inspect --full-id` prints its id",
        ),
    ] {
        for command in ["show", "revoke"] {
            let ran = at(&server, &[command, id]).run();
            let expected = format!("session-tool: {nothing}; {hint}\n");
            assert_eq!(
                (ran.code, &*ran.out, &*ran.err),
                (1, "", &*expected),
                "{command} {id}"
            );
        }
    }
    let ran = at(&server, &["show", "--json", GONE]).run();
    ran.says(
        1,
        "{\"found\":false,\"id\":null,\"data\":null,\"flash\":null,\"expires_at\":null,\"created_at\":null,\"size\":null}\n",
    );
    for command in ["show", "revoke"] {
        let empty =
            "the id is empty or no text; `session-tool inspect --full-id` prints that of a cookie";
        at(&server, &[command, ""]).run().fails(empty);
        at(&server, &[command, "-"])
            .input(b"\xff")
            .run()
            .fails(empty);
    }
}

#[test]
fn a_revoked_session_is_gone_and_its_cookie_worth_nothing() {
    let server = RedisServer::start();
    let ((token, id), (other, _)) = (stored(&server), stored(&server));
    at(&server, &["revoke", &id])
        .run()
        .says(0, &format!("revoked {}…\n", &id[..8]));
    let ran = tool(&["inspect", &token]).redis(&server.url()).run();
    assert!(
        ran.headline().starts_with("not valid (no record)"),
        "{ran:?}"
    );
    assert_eq!(
        tool(&["inspect", &other]).redis(&server.url()).run().code,
        0
    );
    assert_eq!(at(&server, &["revoke", &id]).run().code, 1);
    assert_eq!(cli(&server, &["DBSIZE"]), "1\n");
}

#[test]
fn what_is_no_session_is_left_alone() {
    let server = RedisServer::start();
    cli(&server, &["SET", "session:foreign", "not a record"]);
    cli(&server, &["LPUSH", "session:list", "1"]);
    for id in ["foreign", "list"] {
        assert_eq!(at(&server, &["revoke", id]).run().code, 1);
        assert_eq!(at(&server, &["show", id]).run().code, 1);
    }
    assert_eq!(cli(&server, &["DBSIZE"]), "2\n");
    cli(&server, &["SET", "session:eternal", r#"{"id":"eternal"}"#]);
    let ran = at(&server, &["show", "eternal"]).run();
    assert!(
        ran.out
            .contains("expires  never: its key has no TTL, so no service accepts it\n"),
        "{ran:?}"
    );
    assert!(ran.out.contains("data     none\n"), "{ran:?}");
}

#[test]
fn the_number_of_sessions_is_followed() {
    let server = RedisServer::start();
    let (_, id) = stored(&server);
    cli(&server, &["SET", "other", "1"]);
    let mut child = at(&server, &["watch", "--interval", "0.2"])
        .command()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    let first = next();
    assert!(
        first.ends_with("Z          1 session") && first.starts_with('2'),
        "{first}"
    );
    stored(&server);
    stored(&server);
    let mut until = |end: &str| {
        let start = Instant::now();
        while !next().ends_with(end) {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "no line ends with {end}"
            );
        }
    };
    until(" 3 sessions");
    at(&server, &["revoke", &id]).run();
    until("         2 sessions  -1");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn watching_stops_after_so_many_counts() {
    let server = RedisServer::start();
    let start = Instant::now();
    let ran = at(&server, &["watch", "--interval", "0.1", "--count", "3"]).run();
    assert_eq!((ran.code, ran.out.lines().count(), &*ran.err), (0, 3, ""));
    assert!(start.elapsed() >= Duration::from_millis(200));
    let shop = at(&server, &["watch", "--count", "1"])
        .env("SESSION_PREFIX", "shop:")
        .run();
    assert!(shop.out.ends_with("         0 sessions\n"), "{shop:?}");
}

#[test]
fn watching_goes_on_when_redis_comes_back() {
    let mut server = RedisServer::start();
    stored(&server);
    let mut child = at(&server, &["watch", "--interval", "0.2"])
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().ends_with(" 1 session"));
    server.kill();
    let error = errors.next().unwrap().unwrap();
    let expected = "session-tool: the sessions cannot be counted; check that Redis runs and that its user may SCAN (";
    assert!(error.starts_with(expected), "{error}");
    server.restart();
    let back = lines
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.contains(" 0 sessions"));
    assert!(back.is_some(), "nothing was stored on the disk");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_pipe_that_is_closed_ends_watching() {
    let server = RedisServer::start();
    let mut child = at(&server, &["watch", "--interval", "0.1"])
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn without_redis_there_is_no_answer() {
    let port = test_support::redis::free_port();
    for arguments in [
        &["show", GONE][..],
        &["revoke", GONE],
        &["watch", "--count", "1"],
    ] {
        bare(arguments).env("REDIS_URL", format!("redis://127.0.0.1:{port}")).run().fails(
            "REDIS_URL: leads to no server that answers; check the host, the port and that Redis runs \
             (Connection refused)",
        );
        for driver in ["cookie", ""] {
            let tool = bare(arguments);
            let tool = if driver.is_empty() {
                tool
            } else {
                tool.env("SESSION_DRIVER", driver)
            };
            tool.run().fails(
                "nothing says where Redis is; set REDIS_URL, or SESSION_DRIVER=redis for the one on this machine",
            );
        }
        bare(arguments)
            .env("REDIS_URL", "redis://127.0.0.1:1")
            .env("SESSION_PREFIX", "a b")
            .run()
            .fails("SESSION_PREFIX: \"a b\" contains ' '; use letters, digits and colons, such as \"session:\"");
    }
}

#[test]
fn a_user_without_the_right_to_count_is_told_so() {
    let server = RedisServer::start();
    cli(&server, &["ACL", "SETUSER", "default", "-scan"]);
    let ran = at(&server, &["watch", "--count", "1"]).run();
    assert_eq!((ran.code, &*ran.out), (2, ""));
    let expected = "session-tool: the sessions cannot be counted; check that Redis runs and that its user may SCAN (";
    assert!(ran.err.starts_with(expected), "{ran:?}");
    assert!(ran.err.contains("NOPERM"), "{ran:?}");
}
