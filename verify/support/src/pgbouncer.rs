//! A PgBouncer in transaction mode, in front of a PostgreSQL server.

use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::database::{Kind, janitor};
use crate::redis::free_port;

/// A pooler on a free port, which gives a client another connection to the server for each transaction. It ends with this
/// value, or with the process.
#[derive(Debug)]
pub struct PgBouncer {
    process: Child,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Cleans up when its standard input ends.
    janitor: Child,
}

impl PgBouncer {
    /// Starts a pooler in front of the server on a port. It keeps prepared statements no longer than a transaction.
    #[must_use]
    pub fn start(server: u16) -> Self {
        let port = free_port();
        let directory = directory(port);
        std::fs::create_dir_all(&directory).unwrap();
        let settings = format!(
            "[databases]\n\
             postgres = host=127.0.0.1 port={server} dbname=postgres user=postgres\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir =\n\
             auth_type = any\n\
             pool_mode = transaction\n\
             default_pool_size = 6\n\
             max_client_conn = 400\n\
             server_round_robin = 1\n"
        );
        std::fs::write(directory.join("pgbouncer.ini"), settings).unwrap();
        // It refuses to run as root.
        if let Some(id) = Kind::Postgres.user_id() {
            chown(&directory, Some(id), None).unwrap();
        }
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let process = Kind::Postgres
            .command("pgbouncer")
            .arg("pgbouncer.ini")
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("run ./test, which installs PgBouncer");
        let janitor = janitor(process.id(), &directory);
        let mut pooler = Self {
            process,
            port,
            janitor,
        };
        pooler.wait();
        pooler
    }

    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.process.try_wait().unwrap() {
                let log = std::fs::read_to_string(directory(self.port).join("log"));
                panic!("PgBouncer exited: {status}\n{}", log.unwrap_or_default());
            }
            assert!(Instant::now() < end, "PgBouncer does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
    }
}

fn directory(port: u16) -> PathBuf {
    std::env::temp_dir().join(format!("session-pgbouncer-{}-{port}", std::process::id()))
}
