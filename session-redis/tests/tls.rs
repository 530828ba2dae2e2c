//! A real redis-server that speaks TLS, with certificates made here.
//!
//! Which certificates a process trusts is read from its environment, so each test starts itself once more as a
//! child with its own `SSL_CERT_FILE`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Server, commit, free_port, manager, open, refused, stored};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use session_redis::RedisDriver;

/// A server with a TLS port, and the certificates around it. Its folder goes with it.
struct TlsServer {
    server: Server,
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
        let (issuer, certificate) = authority("ours");
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
        let server = Server::with(&[
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

/// A certificate authority of this name, and its certificate.
fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), certificate)
}

/// Runs the test `name` again in a process that trusts the certificates in `trusted`, and returns what it said.
fn child(name: &str, url: &str, trusted: &Path) -> String {
    let start = Instant::now();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
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

/// In the child: connects, and says why that failed.
async fn fail_to_connect(url: &str) {
    let error = tokio::time::timeout(LIMIT, refused(url))
        .await
        .expect("the driver hangs");
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    say(&format!("{error}: {cause}"));
}

/// Past the test harness, on a line of its own.
fn say(words: &str) {
    std::io::stdout()
        .write_all(format!("\nsaid: {words}\n").as_bytes())
        .unwrap();
}

fn report(line: &str) {
    std::io::stderr()
        .write_all(format!("tls: {line}\n").as_bytes())
        .unwrap();
}

/// The URL, in a child.
fn url_of_child() -> Option<String> {
    std::env::var(URL).ok()
}

#[tokio::test]
async fn a_session_lives_over_tls() {
    if let Some(url) = url_of_child() {
        let driver = tokio::time::timeout(LIMIT, RedisDriver::connect(url))
            .await
            .unwrap()
            .unwrap();
        let manager = manager(driver);
        let token = stored(&manager, "n", 1).await;
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
        let said = child(
            "a_session_lives_over_tls",
            &server.url(host),
            &server.folder.join("trusted.pem"),
        );
        assert_eq!(said, "n is Some(2)");
        report(&format!("a session over rediss://{host}: {said}"));
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_with_a_reason() {
    if let Some(url) = url_of_child() {
        return fail_to_connect(&url).await;
    }
    let name = "a_certificate_that_is_not_trusted_is_refused_with_a_reason";
    let server = TlsServer::start("127.0.0.1");
    let said = child(
        name,
        &server.url("127.0.0.1"),
        &server.folder.join("other.pem"),
    );
    report(&format!("not trusted: {said}"));
    assert!(
        said.starts_with("REDIS_URL: ") && said.contains("certificate"),
        "{said}"
    );
    assert!(said.contains("UnknownIssuer"), "{said}");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_with_a_reason() {
    if let Some(url) = url_of_child() {
        return fail_to_connect(&url).await;
    }
    let name = "a_certificate_for_another_host_is_refused_with_a_reason";
    let server = TlsServer::start("redis.example");
    let said = child(
        name,
        &server.url("127.0.0.1"),
        &server.folder.join("trusted.pem"),
    );
    report(&format!("another host: {said}"));
    assert!(
        said.starts_with("REDIS_URL: ") && said.contains("certificate"),
        "{said}"
    );
    assert!(said.contains("NotValidForName"), "{said}");
}

/// Whatever the other side does, a `rediss://` URL never makes the driver speak plain text.
#[tokio::test]
async fn there_is_no_fallback_to_plain_text() {
    if let Some(url) = url_of_child() {
        return fail_to_connect(&url).await;
    }
    let server = TlsServer::start("127.0.0.1");
    // A listener that takes down how each connection begins, and closes it.
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
    let said = child(
        "there_is_no_fallback_to_plain_text",
        &url,
        &server.folder.join("trusted.pem"),
    );
    let first: Vec<u8> = receiver.try_iter().collect();
    report(&format!(
        "closed in the handshake: {} connections, all of TLS: {said}",
        first.len()
    ));
    assert!(
        !first.is_empty() && first.iter().all(|byte| *byte == HANDSHAKE),
        "{first:?}"
    );

    // Nor where the server itself speaks plain text.
    let said = child(
        "there_is_no_fallback_to_plain_text",
        &server.server.url().replace("redis:", "rediss:"),
        &server.folder.join("trusted.pem"),
    );
    report(&format!("rediss:// to a plain port: {said}"));
    assert!(said.starts_with("REDIS_URL: "), "{said}");
}

#[tokio::test]
async fn plain_text_to_a_tls_port_fails_in_time() {
    let server = TlsServer::start("127.0.0.1");
    let start = Instant::now();
    let url = format!("redis://127.0.0.1:{}", server.port);
    let error = tokio::time::timeout(LIMIT, refused(&url))
        .await
        .expect("the driver hangs");
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    report(&format!(
        "redis:// to a TLS port, after {} ms: {error}: {cause}",
        start.elapsed().as_millis()
    ));
    assert!(error.to_string().starts_with("REDIS_URL: "), "{error}");
}

const LIMIT: Duration = Duration::from_secs(7);
const URL: &str = "SESSION_REDIS_TEST_URL";
/// The type of a TLS record that begins a handshake: RFC 8446, "Record Layer".
const HANDSHAKE: u8 = 22;
