//! `doctor`: Redis servers.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use test_support::RedisServer;

use crate::redis::{cli, driver_error, stored};
use crate::run::{Tool, check, tool};

fn with_redis(url: &str) -> Tool {
    tool(&["doctor", "--json"])
        .env("SESSION_COOKIE", "shop")
        .redis(url)
}

#[test]
fn a_good_redis_server_passes() {
    let server = RedisServer::start();
    let ran = tool(&["doctor"])
        .env("SESSION_COOKIE", "shop")
        .redis(&server.url())
        .run();
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let lines = ran.out.lines().skip(13).collect::<Vec<_>>();
    for (line, start) in lines.iter().zip([
        "ok    redis settings    REDIS_URL is set",
        "ok    redis             reachable, login accepted",
        "ok    permissions       may read, write and run scripts (EVAL, EVALSHA)",
        "ok    latency           ",
        "ok    version           ",
        "ok    eviction          noeviction: when memory is full, new sessions are refused",
        "ok    memory            ",
        "20 checks: 20 ok, 0 warn, 0 fail",
    ]) {
        assert!(line.starts_with(start), "{line}");
    }
    assert_eq!(lines.len(), 8);
    ran.shows(" ms per load (median of 11, slowest ");
    assert!(lines[6].contains("iB of "), "{}", lines[6]);
    assert_eq!(cli(&server, &["DBSIZE"]), "0\n", "nothing is left behind");
}

#[test]
fn a_redis_server_that_is_down_or_hangs_is_a_failure() {
    let mut server = RedisServer::start();
    server.signal("STOP");
    let start = Instant::now();
    let ran = with_redis(&server.url()).run();
    assert!(start.elapsed() < Duration::from_secs(8));
    let (status, hanging, remedy) = check(&ran, "redis");
    assert_eq!((ran.code, &*status), (1, "fail"));
    let checks = ran.json()["checks"].as_array().unwrap().len();
    assert_eq!(checks, 15, "nothing else is known about it");

    server.kill();
    let error = driver_error(&server.url());
    let start = format!("REDIS_URL {} (", error.problem());
    let (status, detail, _) = check(&with_redis(&server.url()).run(), "redis");
    assert_eq!(
        (status, detail),
        ("fail".to_owned(), format!("{start}Connection refused)"))
    );
    assert!(
        hanging.starts_with(&start) && remedy == error.remedy(),
        "{hanging}"
    );
}

/// Starts a proxy that delays answers. Returns its port.
fn delayed(port: u16, delay: Duration) -> u16 {
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
fn a_slow_redis_server_is_a_warning() {
    let server = RedisServer::start();
    let port = delayed(server.port, Duration::from_millis(40));
    let ran = with_redis(&format!("redis://127.0.0.1:{port}")).run();
    let (status, detail, _) = check(&ran, "latency");
    assert_eq!((ran.code, &*status), (0, "warn"));
    assert!(
        detail.ends_with(": every request waits for one to three of these"),
        "{detail}"
    );
}

#[test]
fn a_missing_or_wrong_password_is_a_failure_and_not_shown() {
    let server = RedisServer::with(&["--requirepass", "a-password-of-redis"]);
    for url in [
        server.url(),
        format!("redis://:not-a-password-of-redis@127.0.0.1:{}", server.port),
    ] {
        let ran = with_redis(&url).run();
        let (status, detail, remedy) = check(&ran, "redis");
        let error = driver_error(&url);
        assert_eq!((ran.code, &*status, &*remedy), (1, "fail", error.remedy()));
        let start = format!("REDIS_URL {} (", error.problem());
        assert!(detail.starts_with(&start), "{detail}");
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
fn a_user_who_may_not_run_scripts_is_a_failure() {
    let server = RedisServer::start();
    cli(&server, &["ACL", "SETUSER", "default", "-@scripting"]);
    let ran = with_redis(&server.url()).run();
    assert_eq!((ran.code, check(&ran, "redis").0), (1, "ok".to_owned()));
    let (status, detail, remedy) = check(&ran, "permissions");
    let error = driver_error(&server.url());
    assert_eq!((&*status, &*remedy), ("fail", error.remedy()));
    let start = format!("REDIS_URL {} (", error.problem());
    assert!(
        detail.starts_with(&start) && detail.contains("NOPERM"),
        "{detail}"
    );
    for name in ["version", "eviction", "memory"] {
        assert_eq!(check(&ran, name).0, "ok", "{name}");
    }
}

#[test]
fn a_user_with_minimal_permissions_passes_with_warnings() {
    let server = RedisServer::start();
    let permissions = [
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
        &[
            &["ACL", "SETUSER", "app", "on", ">a-password"],
            &permissions[..],
        ]
        .concat(),
    );
    let ran = with_redis(&format!("redis://app:a-password@127.0.0.1:{}", server.port)).run();
    assert_eq!(ran.code, 0);
    for name in ["redis", "permissions", "latency"] {
        assert_eq!(check(&ran, name).0, "ok", "{name}");
    }
    for (name, detail) in [
        ("version", "the server does not report its version"),
        (
            "eviction",
            "the server does not report its maxmemory-policy",
        ),
        ("memory", "the server does not report its memory usage"),
    ] {
        let remedy = "check it on the server, or allow its user to run INFO (ACL: +info)";
        assert_eq!(
            check(&ran, name),
            ("warn".to_owned(), detail.to_owned(), remedy.to_owned())
        );
    }
}

#[test]
fn a_server_that_evicts_live_sessions_is_a_warning() {
    let server = RedisServer::with(&["--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb"]);
    let ran = with_redis(&server.url()).run();
    assert_eq!(
        check(&ran, "eviction"),
        (
            "warn".to_owned(),
            "allkeys-lru: once maxmemory is reached, live sessions are evicted like any other key"
                .to_owned(),
            "set maxmemory-policy to noeviction or volatile-ttl".to_owned()
        )
    );
    assert_eq!(ran.code, 0);
    let strict = tool(&["doctor", "--strict"])
        .env("SESSION_COOKIE", "shop")
        .redis(&server.url())
        .run();
    assert_eq!(strict.code, 1);
    let (status, detail, _) = check(&ran, "memory");
    assert!(
        status == "ok" && detail.ends_with(" of 100.0 MiB) of maxmemory"),
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
    // The driver cannot even try a write.
    let (status, detail, _) = check(&ran, "permissions");
    assert!(status == "fail" && detail.contains("OOM"), "{detail}");
    let (status, detail, _) = check(&ran, "memory");
    assert!(
        status == "fail" && detail.ends_with(": new sessions are refused"),
        "{detail}"
    );
}

#[test]
fn redis_settings_are_checked() {
    let server = RedisServer::start();
    let checked = |name: &str, value: &str, of: &str| {
        check(&with_redis(&server.url()).env(name, value).run(), of)
    };
    let (status, detail, _) = checked("SESSION_PREFIX", "", "redis settings");
    assert_eq!(
        (&*status, &*detail),
        (
            "warn",
            "SESSION_PREFIX is empty: sessions cannot be told apart from other keys"
        )
    );
    let (status, detail, _) = checked("SESSION_PREFIX", "a b", "prefix");
    assert!(
        status == "fail" && detail.starts_with("SESSION_PREFIX "),
        "{detail}"
    );
    for url in ["http://127.0.0.1", "redis://:hunter2@:::"] {
        let ran = with_redis(url).run();
        let (status, detail, _) = check(&ran, "redis");
        let expected = format!("REDIS_URL {}", driver_error(url).problem());
        assert!(
            status == "fail" && detail.starts_with(&expected),
            "{detail}"
        );
        assert!(!ran.out.contains("hunter2"), "{ran:?}");
    }
}

#[test]
fn every_master_of_a_cluster_is_checked_and_counted() {
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
        assert!(Instant::now() < end, "the cluster does not start");
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
fn the_doctor_creates_no_sessions() {
    let server = RedisServer::start();
    stored(&server);
    with_redis(&server.url()).run();
    let ran = tool(&["watch", "--count", "1"]).redis(&server.url()).run();
    assert!(ran.out.ends_with(" 1 session\n"), "{ran:?}");
}
