//! Bad input at start-up: each mistake gives a clear error that names the remedy, in time, and shows no secret.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::error::Error as _;
use std::time::{Duration, Instant};

use session_core::{ConfigError, SessionConfig};
use session_redis::RedisDriver;

use crate::common::{Server, ServerExt as _, ask, free_port, info, keys};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_reached_is_refused() {
    let port = free_port();
    for (url, cause) in [
        (format!("redis://127.0.0.1:{port}"), "Connection refused"),
        (
            format!("redis://u:{PASSWORD}@127.0.0.1:{port}"),
            "Connection refused",
        ),
        (
            format!("redis-cluster://:{PASSWORD}@127.0.0.1:{port}"),
            "Connection refused",
        ),
        (
            format!("rediss://:{PASSWORD}@127.0.0.1:{port}"),
            "Connection refused",
        ),
        (
            format!("redis://:{PASSWORD}@no-such-host.invalid"),
            "failed to lookup address",
        ),
        (
            "redis+unix:///no/such/socket".to_owned(),
            "No such file or directory",
        ),
    ] {
        let error = refused(&url).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: leads to no server that answers; check the host, the port and that Redis runs",
            "{url}"
        );
        assert_cause(&error, cause);
    }
}

/// It accepts the connection and says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_answer_is_refused_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for scheme in ["redis", "redis-cluster", "rediss"] {
        let error = refused(&format!("{scheme}://:{PASSWORD}@127.0.0.1:{port}")).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: leads to no server that answers; check the host, the port and that Redis runs"
        );
        assert_cause(&error, "Timeout Error: Request timed out.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused() {
    let server = Server::with(&["--requirepass", "the-right-one"]);
    for (login, cause) in [
        ("", "NOAUTH Authentication required."),
        (
            ":correct-horse-battery@",
            "WRONGPASS invalid username-password pair",
        ),
        (
            "joe:correct-horse-battery@",
            "WRONGPASS invalid username-password pair",
        ),
        (
            "joe:the-right-one@",
            "WRONGPASS invalid username-password pair",
        ),
    ] {
        let error = refused(&format!("redis://{login}127.0.0.1:{}", server.port)).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: has no user and password that the server accepts; put them in front of the host: \
             redis://user:password@host",
            "{login}"
        );
        assert_cause(&error, cause);
        assert!(!format!("{error:?}").contains("the-right-one"));
    }
    let url = format!("redis://:the-right-one@127.0.0.1:{}", server.port);
    let driver = RedisDriver::connect(url).await.unwrap();
    assert!(!format!("{driver:?}").contains("the-right-one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_database_is_refused() {
    let (server, cluster) = (Server::start(), Server::with(&["--cluster-enabled", "yes"]));
    for (url, cause) in [
        (format!("{}/99", server.url()), "DB index is out of range"),
        (
            format!("{}/1", cluster.url()),
            "SELECT is not allowed in cluster mode",
        ),
    ] {
        let error = refused(&url).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: names a database that the server does not have; use one of its databases, usually 0 to 15"
        );
        assert_cause(&error, cause);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_does_not_parse_is_refused() {
    for (url, cause) in [
        ("", "RelativeUrlWithoutBase"),
        ("redis", "RelativeUrlWithoutBase"),
        ("correct-horse-battery", "RelativeUrlWithoutBase"),
        ("127.0.0.1:6379", "RelativeUrlWithoutBase"),
        ("localhost:6379", "Invalid or missing host"),
        ("redis:", "Invalid or missing host"),
        ("redis://", "Invalid or missing host"),
        ("redis://:correct-horse-battery@host:port", "InvalidPort"),
        (
            "redis://:correct-horse-battery@127.0.0.1:99999",
            "InvalidPort",
        ),
        ("redis://:correct-horse-battery@[::1", "InvalidIpv6Address"),
        (
            "redis://:correct-horse-battery@127.0.0.1/x",
            "Invalid integer string",
        ),
        (
            "redis://:correct-horse-battery@127.0.0.1/-1",
            "Invalid integer string",
        ),
        (
            "redis-sentinel://:correct-horse-battery@127.0.0.1",
            "sentinel service name",
        ),
    ] {
        let error = refused(url).await;
        assert_eq!(error.to_string(), UNPARSABLE, "{url:?}");
        assert_cause(&error, cause);
    }
}

/// What is behind another scheme is no Redis, even if one listens there.
#[tokio::test(flavor = "multi_thread")]
async fn a_url_of_another_scheme_is_refused() {
    let server = Server::start();
    for scheme in ["http", "https", "amqp", "mysql", "memcached", "reddis"] {
        let url = format!("{scheme}://u:{PASSWORD}@127.0.0.1:{}", server.port);
        assert_eq!(refused(&url).await.to_string(), UNPARSABLE, "{scheme}");
    }
    let connections = &info(&server.client().await, "stats").await["total_connections_received"];
    assert!(
        connections.parse::<u32>().unwrap() <= 3,
        "somebody sent it the password: {connections}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_that_is_not_possible_is_refused_before_anything_else() {
    // No server is asked.
    let url = format!("redis://127.0.0.1:{}", free_port());
    for (prefix, shown) in [
        ("a b:", r#""a b:" contains ' '"#),
        (" ", r#"" " contains ' '"#),
        ("app\u{a0}", r#""app\u{a0}" contains '\u{a0}'"#),
        ("{app}:", r#""{app}:" contains '{'"#),
        ("app}:", r#""app}:" contains '}'"#),
        ("app\n", r#""app\n" contains '\n'"#),
        ("a\tb", r#""a\tb" contains '\t'"#),
        ("a\0", r#""a\0" contains '\0'"#),
        ("a\u{7f}", r#""a\u{7f}" contains '\u{7f}'"#),
        ("\u{1b}[31m", r#""\u{1b}[31m" contains '\u{1b}'"#),
    ] {
        let error = RedisDriver::builder(&*url)
            .prefix(prefix)
            .connect()
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "SESSION_PREFIX: {shown}; use letters, digits and colons, such as \"session:\""
            )
        );
        assert_eq!(error.setting(), "SESSION_PREFIX");
    }
    let server = Server::start();
    for prefix in ["", "session:", "Shop-7.eu/sessions_", "é:"] {
        let driver = RedisDriver::builder(server.url()).prefix(prefix);
        driver.connect().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_scripts_is_refused() {
    for commands in [&["EVAL", "EVALSHA"][..], &["EVAL"], &["EVALSHA"]] {
        let arguments: Vec<&str> = commands
            .iter()
            .flat_map(|command| ["--rename-command", command, ""])
            .collect();
        let error = refused(&Server::with(&arguments).url()).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: leads to a server that refuses scripts; allow EVAL and EVALSHA there"
        );
        assert_cause(&error, "ERR unknown command 'EVAL");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_replica_is_refused() {
    let master = Server::start();
    let replica = Server::with(&["--replicaof", "127.0.0.1", &master.port.to_string()]);
    let error = refused(&replica.url()).await;
    assert_eq!(
        error.to_string(),
        "REDIS_URL: leads to a read-only replica; name the master, or use Sentinel or Cluster"
    );
    assert_cause(
        &error,
        "READONLY You can't write against a read only replica.",
    );
}

/// Whatever it is that the user may not: it shows at start-up, and not with the first visitor.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_do_all_that_sessions_need_is_refused() {
    let server = Server::start();
    let client = server.client().await;
    let url = format!("redis://app:{PASSWORD}@127.0.0.1:{}", server.port);
    for rules in [
        "~* +@all -eval",
        "~* +@all -evalsha",
        "~* +@all -eval -evalsha",
        "~others:* +@all",
        // No rights to write: of the commands, and of the keys.
        "~* +@all -@write +eval +evalsha",
        "~* +@read +@connection +eval +evalsha",
        "%R~* +@all",
        "~* +@all -set",
        "~* +@all -del",
    ] {
        let () = ask(&client, &["SCRIPT", "FLUSH"]).await;
        let password = format!(">{PASSWORD}");
        let mut words = vec!["ACL", "SETUSER", "app", "reset", "on", &password];
        words.extend(rules.split(' '));
        let () = ask(&client, &words).await;
        let error = refused(&url).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: leads to a server whose user may not do what sessions need; allow GET, GETRANGE, SET, DEL, PTTL, EVAL \
             and EVALSHA on the prefix's keys",
            "{rules}"
        );
        assert!(error.source().is_some());
    }
}

/// The probe writes a key, which must not stay.
#[tokio::test(flavor = "multi_thread")]
async fn connecting_leaves_nothing_behind() {
    let server = Server::start();
    server.driver().await;
    assert_eq!(keys(&server.client().await).await, [""; 0]);
}

/// A service that is started again and again by its supervisor must not fill the server with connections.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_refused_is_closed() {
    let server = Server::with(&["--rename-command", "EVALSHA", ""]);
    let client = server.client().await;
    for _ in 0..10 {
        refused(&server.url()).await;
    }
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let open = &info(&client, "clients").await["connected_clients"];
        if open == "1" {
            break;
        }
        assert!(Instant::now() < end, "{open} connections are open");
        tokio::task::yield_now().await;
    }
}

/// The error of a connection that must not come about: in time, with its cause, and without the password.
async fn refused(url: &str) -> ConfigError {
    let start = Instant::now();
    let error = common::refused(url).await;
    let time = start.elapsed();
    assert!(time < Duration::from_secs(6), "{time:?} for {url}");
    assert_eq!(error.setting(), "REDIS_URL");
    let mut texts = vec![
        error.to_string(),
        format!("{error:?}"),
        format!("{error:#?}"),
    ];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.extend([cause.to_string(), format!("{cause:?}")]);
        source = cause.source();
    }
    for text in texts {
        assert!(!text.contains(PASSWORD), "the password is shown: {text}");
    }
    let builder = format!("{:?}", RedisDriver::builder(url));
    assert!(
        !builder.contains(PASSWORD),
        "the password is shown: {builder}"
    );
    error
}

#[track_caller]
fn assert_cause(error: &ConfigError, part: &str) {
    let cause = error.source().expect("the source is kept").to_string();
    assert!(cause.contains(part), "{cause}");
}

const PASSWORD: &str = "correct-horse-battery";
const UNPARSABLE: &str =
    "REDIS_URL: does not parse; use the form redis://[user:password@]host[:port][/database]";

/// Zero and the longest duration would be a panic or no limit further down.
#[tokio::test(flavor = "multi_thread")]
async fn an_impossible_timeout_is_refused() {
    let server = Server::start();
    let pool = server.driver().await.pool().clone();
    for timeout in [
        Duration::ZERO,
        Duration::from_nanos(3),
        Duration::from_secs(61),
        Duration::MAX,
    ] {
        let expected = format!(
            "redis timeout: {timeout:?} is not possible; use 10 ms to 60 s; the default is 1 s"
        );
        let error = RedisDriver::builder(server.url())
            .timeout(timeout)
            .connect()
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), expected);
        let error = RedisDriver::from_pool(pool.clone(), "session:", timeout).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    for timeout in [Duration::from_millis(10), Duration::from_secs(60)] {
        assert!(RedisDriver::from_pool(pool.clone(), "session:", timeout).is_ok());
    }
    assert!(
        RedisDriver::builder(server.url())
            .pool_size(0)
            .connect()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_configuration_names_the_server_and_the_prefix() {
    let server = Server::start();
    let url = server.url();
    let config = SessionConfig::from_vars(|name| match name {
        "SESSION_SECRET" => Some(common::SECRET),
        "REDIS_URL" => Some(&url),
        "SESSION_PREFIX" => Some("shop:"),
        _ => None,
    })
    .unwrap();
    let driver = RedisDriver::from_config(&config).connect().await.unwrap();
    let token = common::stored(&common::manager(driver), "n", 1).await;
    let key = format!("shop:{}", common::id_of(&token));
    assert_eq!(keys(&server.client().await).await, [key]);
}
