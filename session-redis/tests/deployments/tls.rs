//! A server with TLS, with certificates of this test.
//!
//! A process reads its trusted certificates from the environment, so each test runs itself again as
//! a child process with its own `SSL_CERT_FILE`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use session_core::ConfigError;
use session_redis::RedisDriver;
use test_support::redis::free_port;

use crate::report;
use crate::support::{RedisServer, commit, manager, open, store};

/// A server with a TLS port, and its certificates in a folder that is removed with it.
struct TlsServer {
    server: RedisServer,
    port: u16,
    folder: PathBuf,
}

impl TlsServer {
    /// Starts a server whose certificate is valid for `name`.
    fn start(name: &str) -> Self {
        let port = free_port();
        let folder =
            std::env::temp_dir().join(format!("session-redis-tls-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (issuer, certificate) = authority("this");
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new([name.to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let file = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let certificates = [
            file("trusted.pem", certificate),
            file("server.pem", signed.pem()),
            file("server.key", key.serialize_pem()),
        ];
        file("other.pem", authority("another").1);
        let server = RedisServer::with(&[
            "--tls-port",
            &port.to_string(),
            "--tls-auth-clients",
            "no",
            "--tls-ca-cert-file",
            &certificates[0],
            "--tls-cert-file",
            &certificates[1],
            "--tls-key-file",
            &certificates[2],
        ]);
        std::net::TcpStream::connect(("127.0.0.1", port))
            .expect("this redis-server is built without TLS");
        Self {
            server,
            port,
            folder,
        }
    }

    fn url(&self, host: &str) -> String {
        format!("rediss://{host}:{}", self.port)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A certificate authority, and its certificate.
fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), certificate)
}

/// Runs a test again in a process that trusts the certificates in `trusted`. Returns what it
/// printed with `say`.
fn run_in_child(name: &str, url: &str, trusted: &Path) -> String {
    let start = Instant::now();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("tls::{name}"), "--nocapture"])
        .env(URL, url)
        .env("SSL_CERT_FILE", trusted)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "it took {:?}",
        start.elapsed()
    );
    said.lines()
        .filter_map(|line| line.split_once("said: "))
        .map(|(_, words)| words.to_owned())
        .collect()
}

/// In the child: connects, and prints why that failed.
async fn fail_to_connect(url: &str) {
    say(&explain(&connect_error(url).await));
}

async fn connect_error(url: &str) -> ConfigError {
    tokio::time::timeout(LIMIT, RedisDriver::connect(url))
        .await
        .expect("the driver hangs")
        .unwrap_err()
}

fn explain(error: &ConfigError) -> String {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    format!("{error}: {cause}")
}

/// Prints on a line of its own, for the parent process.
fn say(words: &str) {
    std::io::stdout()
        .write_all(format!("\nsaid: {words}\n").as_bytes())
        .unwrap();
}

/// The URL, in a child process.
fn child_url() -> Option<String> {
    std::env::var(URL).ok()
}

#[tokio::test]
async fn sessions_work_over_tls() {
    if let Some(url) = child_url() {
        let driver = tokio::time::timeout(LIMIT, RedisDriver::connect(url))
            .await
            .unwrap()
            .unwrap();
        let manager = manager(driver);
        let token = store(&manager, "n", 1).await;
        let session = open(&manager, &token).await;
        session.update("n", 0, |n: u32| n + 1).unwrap();
        session.regenerate().unwrap();
        let token = commit(&manager, &session).await;
        say(&format!(
            "n is {:?}",
            open(&manager, &token).await.get::<u32>("n").unwrap()
        ));
        return;
    }
    for (name, host) in [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost")] {
        let server = TlsServer::start(name);
        let said = run_in_child(
            "sessions_work_over_tls",
            &server.url(host),
            &server.folder.join("trusted.pem"),
        );
        assert_eq!(said, "n is Some(2)");
        report(&format!("tls: a session over rediss://{host}: {said}"));
    }
}

#[tokio::test]
async fn an_untrusted_certificate_is_an_error() {
    if let Some(url) = child_url() {
        return fail_to_connect(&url).await;
    }
    let name = "an_untrusted_certificate_is_an_error";
    let server = TlsServer::start("127.0.0.1");
    let said = run_in_child(
        name,
        &server.url("127.0.0.1"),
        &server.folder.join("other.pem"),
    );
    report(&format!("tls: not trusted: {said}"));
    assert!(
        said.starts_with("REDIS_URL: ") && said.contains("certificate"),
        "{said}"
    );
    assert!(said.contains("UnknownIssuer"), "{said}");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_an_error() {
    if let Some(url) = child_url() {
        return fail_to_connect(&url).await;
    }
    let name = "a_certificate_for_another_host_is_an_error";
    let server = TlsServer::start("redis.example");
    let said = run_in_child(
        name,
        &server.url("127.0.0.1"),
        &server.folder.join("trusted.pem"),
    );
    report(&format!("tls: another host: {said}"));
    assert!(
        said.starts_with("REDIS_URL: ") && said.contains("certificate"),
        "{said}"
    );
    assert!(said.contains("NotValidForName"), "{said}");
}

/// With a `rediss://` URL the driver never speaks plain text.
#[tokio::test]
async fn a_tls_url_never_falls_back_to_plain_text() {
    if let Some(url) = child_url() {
        return fail_to_connect(&url).await;
    }
    let server = TlsServer::start("127.0.0.1");
    // A listener that records the first byte of each connection and closes it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "rediss://:password@127.0.0.1:{}",
        listener.local_addr().unwrap().port()
    );
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut first = [0];
            connection.unwrap().read_exact(&mut first).unwrap();
            sender.send(first[0]).unwrap();
        }
    });
    let said = run_in_child(
        "a_tls_url_never_falls_back_to_plain_text",
        &url,
        &server.folder.join("trusted.pem"),
    );
    let first: Vec<u8> = receiver.try_iter().collect();
    report(&format!(
        "tls: closed during the handshake: {} connections, all with TLS: {said}",
        first.len()
    ));
    assert!(
        !first.is_empty() && first.iter().all(|byte| *byte == HANDSHAKE),
        "{first:?}"
    );

    // Not even if the server itself speaks plain text.
    let said = run_in_child(
        "a_tls_url_never_falls_back_to_plain_text",
        &server.server.url().replace("redis:", "rediss:"),
        &server.folder.join("trusted.pem"),
    );
    report(&format!("tls: rediss:// to a plain port: {said}"));
    assert!(said.starts_with("REDIS_URL: "), "{said}");
}

#[tokio::test]
async fn plain_text_to_a_tls_port_is_an_error_in_time() {
    let server = TlsServer::start("127.0.0.1");
    let start = Instant::now();
    let url = format!("redis://127.0.0.1:{}", server.port);
    let error = connect_error(&url).await;
    report(&format!(
        "tls: redis:// to a TLS port, after {} ms: {}",
        start.elapsed().as_millis(),
        explain(&error)
    ));
    assert!(error.to_string().starts_with("REDIS_URL: "), "{error}");
}

const LIMIT: Duration = Duration::from_secs(7);
const URL: &str = "SESSION_REDIS_TEST_URL";
/// The type of the TLS record that starts a handshake (RFC 8446, "Record Layer").
const HANDSHAKE: u8 = 22;
