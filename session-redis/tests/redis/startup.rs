//! Mistakes that are found at start-up. Each gives a clear error in time, names the remedy, and
//! shows no password.

use std::error::Error as _;
use std::time::{Duration, Instant};

use session_core::{ConfigError, SessionConfig};
use session_redis::RedisDriver;
use test_support::redis::free_port;

use crate::support::{
    RedisServer, SECRET, TestRedis, ask, client, id_of, info, keys, manager, store,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_host_is_an_error() {
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
        let error = connect_error(&url).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: points to a server that does not respond; check the host and the port, and that Redis is running",
            "{url}"
        );
        assert_cause(&error, cause);
    }
}

/// It accepts connections and never responds.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_host_is_an_error_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for scheme in ["redis", "redis-cluster", "rediss"] {
        let error = connect_error(&format!("{scheme}://:{PASSWORD}@127.0.0.1:{port}")).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: points to a server that does not respond; check the host and the port, and that Redis is running"
        );
        assert_cause(&error, "Timeout Error: Request timed out.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_an_error() {
    let server = RedisServer::with(&["--requirepass", "the-right-one"]);
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
        let error = connect_error(&format!("redis://{login}127.0.0.1:{}", server.port)).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: has no user name and password that the server accepts; put them before the host: \
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

/// The client would send the password to the sentinels too. Nothing listens there.
#[tokio::test]
async fn a_password_function_with_sentinel_is_an_error_before_connecting() {
    let url = format!(
        "redis-sentinel://127.0.0.1:{}?sentinelServiceName=sessions",
        free_port()
    );
    let driver = RedisDriver::builder(url).password(|| PASSWORD.to_owned());
    assert!(!format!("{driver:?}").contains(PASSWORD));
    assert_eq!(
        driver.connect().await.unwrap_err().to_string(),
        "redis password: cannot come from a function with Sentinel; put it into the URL, and restart after a rotation"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_database_is_an_error() {
    let server = RedisServer::start();
    let cluster = RedisServer::with(&["--cluster-enabled", "yes"]);
    for (url, cause) in [
        (format!("{}/99", server.url()), "DB index is out of range"),
        (
            format!("{}/1", cluster.url()),
            "SELECT is not allowed in cluster mode",
        ),
    ] {
        let error = connect_error(&url).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: names a database that the server does not have; use one of its databases, usually 0 to 15"
        );
        assert_cause(&error, cause);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_url_is_an_error() {
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
        let error = connect_error(url).await;
        assert_eq!(error.to_string(), INVALID_URL, "{url:?}");
        assert_cause(&error, cause);
    }
}

/// The driver does not even connect, although a Redis server listens there.
#[tokio::test(flavor = "multi_thread")]
async fn a_url_with_another_scheme_is_an_error() {
    let server = RedisServer::start();
    for scheme in ["http", "https", "amqp", "mysql", "memcached", "reddis"] {
        let url = format!("{scheme}://u:{PASSWORD}@127.0.0.1:{}", server.port);
        assert_eq!(
            connect_error(&url).await.to_string(),
            INVALID_URL,
            "{scheme}"
        );
    }
    let client = client(&server.url()).await;
    let connections = &info(&client, "stats").await["total_connections_received"];
    // Those of the test itself.
    assert!(
        connections.parse::<u32>().unwrap() <= 3,
        "the password was sent: {connections}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_prefix_is_an_error_before_connecting() {
    // Nothing listens there.
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
    let server = RedisServer::start();
    for prefix in ["", "session:", "Shop-7.eu/sessions_", "é:"] {
        let driver = RedisDriver::builder(server.url()).prefix(prefix);
        driver.connect().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_run_scripts_is_an_error() {
    for commands in [&["EVAL", "EVALSHA"][..], &["EVAL"], &["EVALSHA"]] {
        let arguments: Vec<&str> = commands
            .iter()
            .flat_map(|command| ["--rename-command", command, ""])
            .collect();
        let error = connect_error(&RedisServer::with(&arguments).url()).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: points to a server that does not run scripts; allow EVAL and EVALSHA there"
        );
        assert_cause(&error, "ERR unknown command 'EVAL");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_replica_is_an_error() {
    let master = RedisServer::start();
    let replica = RedisServer::with(&["--replicaof", "127.0.0.1", &master.port.to_string()]);
    let error = connect_error(&replica.url()).await;
    assert_eq!(
        error.to_string(),
        "REDIS_URL: points to a read-only replica; use the address of the master, or connect through Sentinel or Cluster"
    );
    assert_cause(
        &error,
        "READONLY You can't write against a read only replica.",
    );
}

/// Any missing permission shows at start-up, not with the first visitor.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_an_error() {
    let redis = TestRedis::start().await;
    let url = format!("redis://app:{PASSWORD}@127.0.0.1:{}", redis.server.port);
    for rules in [
        "~* +@all -eval",
        "~* +@all -evalsha",
        "~* +@all -eval -evalsha",
        "~others:* +@all",
        // No permission to write: by commands, and by keys.
        "~* +@all -@write +eval +evalsha",
        "~* +@read +@connection +eval +evalsha",
        "%R~* +@all",
        "~* +@all -set",
        "~* +@all -del",
    ] {
        let () = ask(&redis.client, &["SCRIPT", "FLUSH"]).await;
        let password = format!(">{PASSWORD}");
        let mut words = vec!["ACL", "SETUSER", "app", "reset", "on", &password];
        words.extend(rules.split(' '));
        let () = ask(&redis.client, &words).await;
        let error = connect_error(&url).await;
        assert_eq!(
            error.to_string(),
            "REDIS_URL: points to a server that denies its user commands that sessions need; allow GET, GETRANGE, SET, DEL, \
             PTTL, EVAL and EVALSHA on the prefix's keys",
            "{rules}"
        );
        assert!(error.source().is_some());
    }
}

/// The check at start-up writes a key and must remove it.
#[tokio::test(flavor = "multi_thread")]
async fn connecting_leaves_nothing_behind() {
    let redis = TestRedis::start().await;
    assert_eq!(keys(&redis.client).await, [""; 0]);
}

/// A service that its supervisor restarts over and over must not exhaust the server's connections.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_start_closes_its_connections() {
    let server = RedisServer::with(&["--rename-command", "EVALSHA", ""]);
    let client = client(&server.url()).await;
    for _ in 0..10 {
        connect_error(&server.url()).await;
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

/// In fred, zero means no timeout, and the longest durations overflow.
#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_out_of_range_is_an_error() {
    let redis = TestRedis::start().await;
    let pool = redis.driver.pool();
    for timeout in [
        Duration::ZERO,
        Duration::from_nanos(3),
        Duration::from_secs(61),
        Duration::MAX,
    ] {
        let expected = format!(
            "redis timeout: {timeout:?} is out of range; use 10 ms to 60 s; the default is 1 s"
        );
        let driver = RedisDriver::builder(redis.server.url()).timeout(timeout);
        let error = driver.connect().await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        let error = RedisDriver::from_pool(pool.clone(), "session:", timeout).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    for timeout in [Duration::from_millis(10), Duration::from_secs(60)] {
        assert!(RedisDriver::from_pool(pool.clone(), "session:", timeout).is_ok());
    }
}

#[tokio::test]
async fn a_pool_without_connections_is_an_error() {
    let driver = RedisDriver::builder(RedisDriver::DEFAULT_URL).pool_size(0);
    assert_eq!(
        driver.connect().await.unwrap_err().to_string(),
        "redis pool size: 0 is out of range; use at least 1; the default is 1, or 4 with a Cluster"
    );
}

#[tokio::test]
async fn a_configuration_sets_the_server_and_the_prefix() {
    let server = RedisServer::start();
    let url = server.url();
    let config = SessionConfig::from_vars(|name| match name {
        "SESSION_SECRET" => Some(SECRET),
        "REDIS_URL" => Some(&url),
        "SESSION_PREFIX" => Some("shop:"),
        _ => None,
    })
    .unwrap();
    let driver = RedisDriver::from_config(&config).connect().await.unwrap();
    let token = store(&manager(driver), "n", 1).await;
    let key = format!("shop:{}", id_of(&token));
    assert_eq!(keys(&client(&url).await).await, [key]);
}

/// Connects, and expects an error: in time, with its cause, and without the password.
async fn connect_error(url: &str) -> ConfigError {
    let start = Instant::now();
    let error = RedisDriver::connect(url).await.unwrap_err();
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
        assert!(!text.contains(PASSWORD), "the password leaks: {text}");
    }
    let builder = format!("{:?}", RedisDriver::builder(url));
    assert!(!builder.contains(PASSWORD), "the password leaks: {builder}");
    error
}

#[track_caller]
fn assert_cause(error: &ConfigError, part: &str) {
    let cause = error.source().expect("a source").to_string();
    assert!(cause.contains(part), "{cause}");
}

const PASSWORD: &str = "correct-horse-battery";
const INVALID_URL: &str = "REDIS_URL: is not a valid Redis URL; use the form redis://[user:password@]host[:port][/database]";
