//! `doctor`: servers of all sorts.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use test_support::RedisServer;

use crate::run::{Tool, check, tool};
use crate::with_redis::{cli, stored};

fn with_redis(url: &str) -> Tool {
    tool(&["doctor", "--json"]).redis(url)
}

#[test]
fn a_good_redis_is_all_ok() {
    let server = RedisServer::start();
    let ran = tool(&["doctor"]).redis(&server.url()).run();
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let redis = ran.out.lines().skip(9).collect::<Vec<_>>();
    assert_eq!(redis[0], "ok    redis settings    REDIS_URL is set");
    assert_eq!(
        redis[1],
        "ok    redis             answers, and accepts its user"
    );
    assert_eq!(
        redis[2],
        "ok    rights            its user may read, write and run scripts (EVAL, EVALSHA)"
    );
    assert!(
        redis[3].starts_with("ok    latency           "),
        "{}",
        ran.out
    );
    assert!(
        redis[3].contains(" ms a load (median of 11; the slowest: "),
        "{}",
        ran.out
    );
    assert!(
        redis[4].starts_with("ok    version           "),
        "{}",
        ran.out
    );
    assert_eq!(
        redis[5],
        "ok    eviction          noeviction: with memory full, new sessions are refused"
    );
    assert!(
        redis[6].starts_with("ok    memory            ") && redis[6].contains("iB of "),
        "{}",
        ran.out
    );
    assert_eq!(redis[7], "16 checks: 16 ok, 0 warn, 0 fail");
    assert_eq!(cli(&server, &["DBSIZE"]), "0\n", "it leaves nothing behind");
}

#[test]
fn a_redis_that_is_down_or_hangs_is_a_failure() {
    let mut server = RedisServer::start();
    let remedy = "check the host, the port and that Redis runs";
    server.signal("STOP");
    let start = Instant::now();
    let ran = with_redis(&server.url()).run();
    assert!(start.elapsed() < Duration::from_secs(8));
    let (status, detail, told) = check(&ran, "redis");
    assert_eq!((ran.code, &*status, &*told), (1, "fail", remedy));
    assert!(
        detail.starts_with("REDIS_URL leads to no server that answers ("),
        "{detail}"
    );

    server.kill();
    let (status, detail, told) = check(&with_redis(&server.url()).run(), "redis");
    assert_eq!((&*status, &*told), ("fail", remedy));
    assert!(detail.contains("Connection refused"), "{detail}");
    assert_eq!(
        ran.json()["checks"].as_array().unwrap().len(),
        11,
        "nothing else is known of it"
    );
}

/// Passes everything on, what the server says so much later.
fn slowly(port: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap().port();
    let pass = |mut from: TcpStream, mut to: TcpStream, delay: Duration| {
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(n @ 1..) = from.read(&mut buffer) {
                thread::sleep(delay);
                if to.write_all(&buffer[..n]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
    };
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (client2, server2) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            pass(client, server, Duration::ZERO);
            pass(server2, client2, delay);
        }
    });
    here
}

#[test]
fn a_slow_redis_is_a_warning() {
    let server = RedisServer::start();
    let port = slowly(server.port, Duration::from_millis(40));
    let ran = with_redis(&format!("redis://127.0.0.1:{port}")).run();
    let (status, detail, _) = check(&ran, "latency");
    assert_eq!((ran.code, &*status), (0, "warn"));
    assert!(
        detail.ends_with(": each request waits for one to three of them"),
        "{detail}"
    );
}

#[test]
fn a_password_that_is_missing_or_wrong_is_a_failure_and_not_shown() {
    let server = RedisServer::with(&["--requirepass", "a-password-of-redis"]);
    for url in [
        server.url(),
        format!("redis://:not-a-password-of-redis@127.0.0.1:{}", server.port),
    ] {
        let ran = with_redis(&url).run();
        let (status, detail, remedy) = check(&ran, "redis");
        assert_eq!((ran.code, &*status), (1, "fail"));
        assert!(
            detail.starts_with("REDIS_URL has no user and password that the server accepts ("),
            "{detail}"
        );
        assert_eq!(
            remedy,
            "put them in front of the host: redis://user:password@host"
        );
        assert!(!ran.out.contains("a-password"), "{ran:?}");
    }
    let ran = with_redis(&format!(
        "redis://:a-password-of-redis@127.0.0.1:{}",
        server.port
    ))
    .run();
    assert_eq!((ran.code, &ran.json()["fail"]), (0, &0.into()));
    assert!(!ran.out.contains("a-password"), "{ran:?}");
}

#[test]
fn a_user_who_may_not_run_scripts_is_a_failure_beside_the_rest() {
    let server = RedisServer::start();
    cli(&server, &["ACL", "SETUSER", "default", "-@scripting"]);
    let ran = with_redis(&server.url()).run();
    assert_eq!((ran.code, check(&ran, "redis").0), (1, "ok".to_owned()));
    let (status, detail, remedy) = check(&ran, "rights");
    assert_eq!(status, "fail");
    assert!(
        detail
            .starts_with("REDIS_URL leads to a server whose user may not do what sessions need (")
            && detail.contains("NOPERM"),
        "{detail}"
    );
    assert_eq!(
        remedy,
        "allow GET, GETRANGE, SET, DEL, PTTL, EVAL and EVALSHA on the prefix's keys"
    );
    for name in ["version", "eviction", "memory"] {
        assert_eq!(check(&ran, name).0, "ok", "{name}");
    }
}

#[test]
fn a_user_with_the_least_rights_may_not_ask_for_more() {
    let server = RedisServer::start();
    let rights = [
        "~session:*",
        "+get",
        "+getrange",
        "+set",
        "+del",
        "+pttl",
        "+eval",
        "+evalsha",
    ];
    cli(
        &server,
        &[&["ACL", "SETUSER", "app", "on", ">a-password"], &rights[..]].concat(),
    );
    let ran = with_redis(&format!("redis://app:a-password@127.0.0.1:{}", server.port)).run();
    assert_eq!(ran.code, 0);
    for name in ["redis", "rights", "latency"] {
        assert_eq!(check(&ran, name).0, "ok", "{name}");
    }
    for (name, detail) in [
        ("version", "the server does not tell its version"),
        ("eviction", "the server does not tell its maxmemory-policy"),
        ("memory", "the server does not tell what memory it uses"),
    ] {
        let remedy = "look at the server itself, or allow INFO there (ACL: +info)";
        assert_eq!(
            check(&ran, name),
            ("warn".to_owned(), detail.to_owned(), remedy.to_owned())
        );
    }
}

#[test]
fn a_server_that_throws_live_sessions_away_is_a_warning() {
    let server = RedisServer::with(&["--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb"]);
    let ran = with_redis(&server.url()).run();
    assert_eq!(
        check(&ran, "eviction"),
        (
            "warn".to_owned(),
            "allkeys-lru: once maxmemory is reached, live sessions go as any other key".to_owned(),
            "set maxmemory-policy to noeviction or volatile-ttl".to_owned()
        )
    );
    assert_eq!(ran.code, 0);
    let strict = tool(&["doctor", "--strict"]).redis(&server.url()).run();
    assert_eq!(strict.code, 1);
    let (status, detail, _) = check(&ran, "memory");
    assert!(
        status == "ok" && detail.contains(" of 100.0 MiB of maxmemory ("),
        "{detail}"
    );

    cli(
        &server,
        &[
            "CONFIG",
            "SET",
            "maxmemory",
            "1",
            "maxmemory-policy",
            "volatile-ttl",
        ],
    );
    let ran = with_redis(&server.url()).run();
    assert_eq!(check(&ran, "memory").0, "warn");
}

#[test]
fn a_full_server_that_refuses_sessions_is_a_failure() {
    let server = RedisServer::with(&["--maxmemory", "1"]);
    let ran = with_redis(&server.url()).run();
    assert_eq!(ran.code, 1);
    // It cannot even be shown that sessions can be written.
    let (status, detail, _) = check(&ran, "rights");
    assert!(status == "fail" && detail.contains("OOM"), "{detail}");
    let (status, detail, _) = check(&ran, "memory");
    assert!(
        status == "fail" && detail.ends_with("%): new sessions are refused"),
        "{detail}"
    );
}

#[test]
fn redis_settings_are_judged() {
    let server = RedisServer::start();
    let judged = |name: &str, value: &str, of: &str| {
        check(&with_redis(&server.url()).env(name, value).run(), of)
    };
    let (status, detail, _) = judged("SESSION_PREFIX", "", "redis settings");
    assert_eq!(
        (&*status, &*detail),
        (
            "warn",
            "SESSION_PREFIX is empty: sessions cannot be told from other keys"
        )
    );
    let (status, detail, _) = judged("SESSION_PREFIX", "a b", "prefix");
    assert_eq!(
        (&*status, &*detail),
        ("fail", "SESSION_PREFIX \"a b\" contains ' '")
    );
    for url in ["http://127.0.0.1", "redis://:hunter2@:::"] {
        let ran = with_redis(url).run();
        let (status, detail, _) = check(&ran, "redis");
        assert!(
            status == "fail" && detail.starts_with("REDIS_URL does not parse"),
            "{detail}"
        );
        assert!(!ran.out.contains("hunter2"), "{ran:?}");
    }
}

#[test]
fn each_master_of_a_cluster_is_looked_at_and_counted() {
    let port = || test_support::redis::free_port().to_string();
    let [a, b] = [(); 2].map(|()| {
        RedisServer::with(&[
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            &port(),
            "--cluster-node-timeout",
            "2000",
        ])
    });
    cli(&a, &["CLUSTER", "ADDSLOTSRANGE", "0", "8191"]);
    cli(&b, &["CLUSTER", "ADDSLOTSRANGE", "8192", "16383"]);
    let bus = cli(&b, &["CONFIG", "GET", "cluster-port"]);
    let bus = bus.lines().nth(1).unwrap();
    cli(
        &a,
        &["CLUSTER", "MEET", "127.0.0.1", &b.port.to_string(), bus],
    );
    let end = Instant::now() + Duration::from_secs(20);
    while ![&a, &b]
        .iter()
        .all(|server| cli(server, &["CLUSTER", "INFO"]).contains("cluster_state:ok"))
    {
        assert!(Instant::now() < end, "the cluster does not come up");
        thread::sleep(Duration::from_millis(50));
    }
    let url = format!("redis-cluster://127.0.0.1:{}", a.port);
    let ran = with_redis(&url).run();
    assert_eq!(ran.code, 0, "{}", ran.out);
    for server in [&a, &b] {
        for name in ["version", "eviction", "memory"] {
            assert_eq!(
                check(&ran, &format!("{name} 127.0.0.1:{}", server.port)).0,
                "ok",
                "{}",
                ran.out
            );
        }
    }
    for _ in 0..8 {
        assert_eq!(tool(&["sign", "{}"]).redis(&url).run().code, 0);
    }
    let ran = tool(&["watch", "--count", "1"]).redis(&url).run();
    assert!(ran.out.ends_with("         8 sessions\n"), "{ran:?}");
}

#[test]
fn its_own_loads_are_no_sessions() {
    let server = RedisServer::start();
    stored(&server);
    with_redis(&server.url()).run();
    let ran = tool(&["watch", "--count", "1"]).redis(&server.url()).run();
    assert!(ran.out.ends_with(" 1 session\n"), "{ran:?}");
}
