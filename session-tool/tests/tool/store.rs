//! `show`, `revoke` and `watch`.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use session_redis::RedisDriver;
use test_support::RedisServer;

use crate::redis::{UNKNOWN, cli, driver_error, service, stored};
use crate::run::{Tool, bare, block_on, tool};

/// The program with nothing but a Redis server: these commands need no secret.
fn at(server: &RedisServer, arguments: &[&str]) -> Tool {
    bare(arguments).env("REDIS_URL", server.url())
}

/// `watch`, running.
fn watch(server: &RedisServer) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = at(server, &["watch", "--interval", "0.2"])
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
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
    let whole = at(&server, &["show", "--full-id", &id]).run();
    whole.concludes(0, &format!("id       {id}"));
    let input = at(&server, &["show", "-"]).input(format!("{id}\n")).run();
    input.concludes(0, lines[0]);

    let json = at(&server, &["show", "--json", "--full-id", &id])
        .run()
        .json();
    assert_eq!((&json["found"], &json["id"]), (&true.into(), &id.into()));
    assert_eq!(
        (&json["data"]["user"], &json["size"]),
        (&42.into(), &93.into())
    );
    assert_eq!(json["flash"]["notice"], "Hi");
    assert!(json["expires_at"].is_string() && json["created_at"].is_null());
}

#[test]
fn a_missing_session_is_explained() {
    let server = RedisServer::start();
    for (id, hint) in [
        (
            UNKNOWN,
            "it expired, was logged out, or has a different SESSION_PREFIX or SESSION_TABLE",
        ),
        (
            "22222222…",
            "it expired, was logged out, or has a different SESSION_PREFIX or SESSION_TABLE",
        ),
        (
            "2222222…",
            "pass at least the eight characters that a log line shows",
        ),
        (
            "22222222.abc",
            "this looks like a cookie: `session-tool inspect --full-id` prints its id",
        ),
    ] {
        for command in ["show", "revoke"] {
            let ran = at(&server, &[command, id]).run();
            let expected = format!("session-tool: no session with this id in the store; {hint}\n");
            assert_eq!(
                (ran.code, &*ran.out, ran.err),
                (1, "", expected),
                "{command} {id}"
            );
        }
    }
    at(&server, &["show", "--json", UNKNOWN]).run().says(
        1,
        "{\"found\":false,\"id\":null,\"data\":null,\"flash\":null,\"expires_at\":null,\"created_at\":null,\"size\":null}\n",
    );
    for command in ["show", "revoke"] {
        let error = "the id is empty or not valid UTF-8; `session-tool inspect --full-id` prints the id of a cookie";
        at(&server, &[command, ""]).run().fails(error);
        at(&server, &[command, "-"])
            .input(b"\xff")
            .run()
            .fails(error);
    }
}

#[test]
fn the_eight_characters_of_a_log_line_are_enough() {
    let server = RedisServer::start();
    let ((_, id), (_, other)) = (stored(&server), stored(&server));
    let start = &id[..8];
    for shown in [start, &format!("{start}…"), &id[..20]] {
        let ran = at(&server, &["show", "--full-id", shown]).run();
        ran.concludes(0, &format!("id       {id}"));
    }
    at(&server, &["revoke", start])
        .run()
        .says(0, &format!("revoked {start}…\n"));
    assert_eq!(at(&server, &["show", start]).run().code, 1);
    assert_eq!(at(&server, &["show", &other]).run().code, 0);
}

#[test]
fn the_beginning_of_several_ids_names_none_of_them() {
    let server = RedisServer::start();
    for id in ["11111111-a", "11111111-b", "11111111*", "11111112-c"] {
        let record = format!(r#"{{"id":"{id}"}}"#);
        cli(
            &server,
            &["SET", &format!("session:{id}"), &record, "EX", "60"],
        );
    }
    for command in ["show", "revoke"] {
        at(&server, &[command, "11111111"]).run().fails(
            "the ids of 3 sessions begin like this; pass more characters, or a whole id, which `--full-id` prints",
        );
    }
    assert_eq!(cli(&server, &["DBSIZE"]), "4\n");
    // A whole id is found, even if another begins with it, and nothing in it is a pattern.
    let record = r#"{"id":"11111111"}"#;
    cli(&server, &["SET", "session:11111111", record, "EX", "60"]);
    at(&server, &["revoke", "11111111"])
        .run()
        .says(0, "revoked …\n");
    at(&server, &["revoke", "11111111*"])
        .run()
        .says(0, "revoked 11111111…\n");
    assert_eq!(at(&server, &["show", "1111111?"]).run().code, 1);
    assert_eq!(cli(&server, &["DBSIZE"]), "3\n");
}

#[test]
fn looking_up_part_of_an_id_needs_scan_and_a_whole_id_does_not() {
    let server = RedisServer::start();
    let (_, id) = stored(&server);
    cli(&server, &["ACL", "SETUSER", "default", "-scan"]);
    at(&server, &["show", &id[..8]]).run().fails_with(
        "cannot look up a part of an id; check that Redis is running and that its user may run SCAN (",
    );
    assert_eq!(at(&server, &["show", UNKNOWN]).run().code, 1);
    assert_eq!(at(&server, &["show", &id]).run().code, 0);
}

#[test]
fn a_service_hears_of_a_revoked_session() {
    let server = RedisServer::start();
    let ((_, id), (_, other)) = (stored(&server), stored(&server));
    let heard = block_on(async {
        let driver = RedisDriver::connect(&server.url()).await.unwrap();
        let mut endings = driver.endings().await.unwrap();
        at(&server, &["revoke", &id])
            .run()
            .says(0, &format!("revoked {}…\n", &id[..8]));
        tokio::time::timeout(Duration::from_secs(10), endings.next()).await
    });
    let heard = format!("{:?}", heard.expect("an ending"));
    assert!(heard.contains(&id[..8]), "{heard}");
    // A user who may not announce anything still ends sessions.
    cli(&server, &["ACL", "SETUSER", "default", "-publish"]);
    at(&server, &["revoke", &other])
        .run()
        .says(0, &format!("revoked {}…\n", &other[..8]));
}

#[test]
fn a_revoked_session_is_gone_for_the_service() {
    let server = RedisServer::start();
    let ((token, id), (other, _)) = (stored(&server), stored(&server));
    at(&server, &["revoke", &id])
        .run()
        .says(0, &format!("revoked {}…\n", &id[..8]));
    let inspect = |token: &str| tool(&["inspect", token]).redis(&server.url()).run();
    inspect(&token).rejects("no record");
    inspect(&other).concludes(0, "valid");
    block_on(async {
        let manager = service(&server.url()).await;
        let session = manager.open([&*token]).await.unwrap();
        assert!(session.is_new() && session.get::<u64>("user").unwrap().is_none());
    });
    assert_eq!(at(&server, &["revoke", &id]).run().code, 1);
    assert_eq!(cli(&server, &["DBSIZE"]), "1\n");
}

#[test]
fn keys_that_hold_no_session_are_left_alone() {
    let server = RedisServer::start();
    cli(&server, &["SET", "session:foreign", "not a record"]);
    cli(&server, &["LPUSH", "session:list", "1"]);
    for id in ["foreign", "list"] {
        for command in ["revoke", "show"] {
            assert_eq!(at(&server, &[command, id]).run().code, 1, "{command} {id}");
        }
    }
    assert_eq!(cli(&server, &["DBSIZE"]), "2\n");
    cli(&server, &["SET", "session:eternal", r#"{"id":"eternal"}"#]);
    let ran = at(&server, &["show", "eternal"]).run();
    ran.shows("expires  never (the key has no TTL; services reject the session)\n");
    ran.shows("data     none\n");
}

#[test]
fn watch_follows_the_number_of_sessions() {
    let server = RedisServer::start();
    let (_, id) = stored(&server);
    cli(&server, &["SET", "other", "1"]);
    let (mut child, mut lines) = watch(&server);
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
            let took = start.elapsed();
            assert!(took < Duration::from_secs(10), "no line ends with {end}");
        }
    };
    until(" 3 sessions");
    at(&server, &["revoke", &id]).run();
    until("         2 sessions  -1");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn watch_stops_after_the_requested_number_of_counts() {
    let server = RedisServer::start();
    let start = Instant::now();
    let ran = at(&server, &["watch", "--interval", "0.1", "--count", "3"]).run();
    assert_eq!((ran.code, ran.out.lines().count(), &*ran.err), (0, 3, ""));
    assert!(start.elapsed() >= Duration::from_millis(200));
    let shop = at(&server, &["watch", "--count", "1"]).env("SESSION_PREFIX", "shop:");
    shop.run().shows("         0 sessions\n");
}

#[test]
fn watch_survives_a_restart_of_redis() {
    let mut server = RedisServer::start();
    stored(&server);
    let (mut child, mut lines) = watch(&server);
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().ends_with(" 1 session"));
    server.kill();
    let error = errors.next().unwrap().unwrap();
    let expected = format!("session-tool: {CANNOT_COUNT}");
    assert!(error.starts_with(&expected), "{error}");
    server.restart();
    let mut counts = lines.by_ref().map(Result::unwrap);
    // Redis kept nothing on disk.
    assert!(counts.any(|line| line.contains(" 0 sessions")));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn watch_ends_when_its_pipe_is_closed() {
    let server = RedisServer::start();
    let (child, lines) = watch(&server);
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[test]
fn a_missing_redis_server_is_an_error() {
    let url = format!("redis://127.0.0.1:{}", test_support::redis::free_port());
    let error = driver_error(&url);
    for arguments in [
        &["show", UNKNOWN][..],
        &["revoke", UNKNOWN],
        &["watch", "--count", "1"],
    ] {
        let ran = bare(arguments).env("REDIS_URL", &url).run();
        ran.fails(&format!("{error} (Connection refused)"));
        for variables in [&[("SESSION_DRIVER", "cookie")][..], &[]] {
            bare(arguments).envs(variables).run().fails(
                "no server is configured; set SESSION_DRIVER to postgres, mysql or sqlite, and DATABASE_URL; or REDIS_URL, or \
                 SESSION_DRIVER=redis to use the one on this machine",
            );
        }
        let prefix = [("REDIS_URL", &*url), ("SESSION_PREFIX", "a b")];
        bare(arguments)
            .envs(&prefix)
            .run()
            .fails_with("SESSION_PREFIX");
    }
}

#[test]
fn a_user_who_may_not_scan_cannot_count() {
    let server = RedisServer::start();
    cli(&server, &["ACL", "SETUSER", "default", "-scan"]);
    let ran = at(&server, &["watch", "--count", "1"]).run();
    ran.fails_with(CANNOT_COUNT);
    assert!(ran.err.contains("NOPERM"), "{ran:?}");
}

const CANNOT_COUNT: &str =
    "cannot count the sessions; check that Redis is running and that its user may run SCAN (";
