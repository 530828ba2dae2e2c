//! Encrypted connections, to servers with certificates of this test.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use session_core::{Driver, Expected, Record, SessionId};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::{Connection, MySqlConnection, PgConnection, query_scalar};
use test_support::DatabaseServer;
use test_support::database::Kind;

use crate::support::HOUR;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_trusted_by_its_certificate() {
    let certificates = Certificates::new(Kind::Postgres);
    let certificate = format!("ssl_cert_file={}", certificates.path("server.pem"));
    let key = format!("ssl_key_file={}", certificates.path("server.key"));
    let settings = ["-c", "ssl=on", "-c", &certificate, "-c", &key];
    let server = DatabaseServer::with(Kind::Postgres, &settings);
    let url = |authority: &str| {
        let file = certificates.path(authority);
        format!("{}?sslmode=verify-full&sslrootcert={file}", server.url())
    };
    let encrypted = async || {
        let plain = format!("{}?sslmode=disable", server.url());
        let mut connection = PgConnection::connect(&plain).await.unwrap();
        let sql = "SELECT count(*) FROM pg_stat_ssl WHERE ssl";
        let count: i64 = query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        count
    };
    assert_trusted(url, encrypted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_is_trusted_by_its_certificate() {
    let certificates = Certificates::new(Kind::MariaDb);
    let certificate = format!("--ssl-cert={}", certificates.path("server.pem"));
    let key = format!("--ssl-key={}", certificates.path("server.key"));
    let server = DatabaseServer::with(Kind::MariaDb, &[&certificate, &key]);
    let url = |authority: &str| {
        let file = certificates.path(authority);
        format!("{}?ssl-mode=VERIFY_IDENTITY&ssl-ca={file}", server.url())
    };
    let encrypted = async || {
        let plain = format!("{}?ssl-mode=DISABLED", server.url());
        let mut connection = MySqlConnection::connect(&plain).await.unwrap();
        let sql = "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status
            WHERE variable_name = 'SSL_FINISHED_ACCEPTS'";
        let count: i64 = query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        count
    };
    assert_trusted(url, encrypted).await;
}

/// Takes a function from the file of an authority to the URL that trusts it, and one that counts the encrypted connections.
async fn assert_trusted(url: impl Fn(&str) -> String, encrypted: impl AsyncFn() -> i64) {
    let before = encrypted().await;
    let driver = SqlxDriver::connect(url("this.pem")).await.unwrap();
    let record = Record::new(SessionId::from_stored("a").unwrap());
    driver.save(&record, Expected::Absent, HOUR).await.unwrap();
    assert!(driver.load("a").await.unwrap().is_some());
    assert_eq!(encrypted().await, before + 1);

    for refused in [
        url("other.pem"),
        // The certificate is for the address.
        url("this.pem").replace("127.0.0.1", "localhost"),
    ] {
        let start = std::time::Instant::now();
        let error = SqlxDriver::connect(refused).await.unwrap_err();
        let expected = "DATABASE_URL: asks for encryption that does not work; ";
        assert!(error.to_string().starts_with(expected), "{error:?}");
        assert!(format!("{error:?}").contains("certificate"), "{error:?}");
        // It is not tried again: the certificate stays the same.
        assert!(start.elapsed().as_millis() < 900, "{:?}", start.elapsed());
    }
}

/// Files that are removed with this value.
struct Certificates(PathBuf);

impl Certificates {
    /// Makes a certificate of an authority for 127.0.0.1, and another authority.
    fn new(kind: Kind) -> Self {
        let name = format!("session-sql-tls-{kind:?}-{}", std::process::id());
        let certificates = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&certificates.0).unwrap();
        let (issuer, authority) = authority("this");
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        certificates.write("this.pem", &authority);
        certificates.write("other.pem", &self::authority("other").1);
        certificates.write("server.pem", &certificate.pem());
        certificates.write("server.key", &key.serialize_pem());
        // PostgreSQL refuses a key that others can read.
        let key = certificates.path("server.key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        if let Some(id) = kind.user_id() {
            chown(key, Some(id), None).unwrap();
        }
        certificates
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
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
