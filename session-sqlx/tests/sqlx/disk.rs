//! SQLite on a disk that is full. The test runs itself again in a process that may fill a disk of its own.

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

use session_core::{Driver, ErrorKind, Expected, Loaded, Record, Saved, Version};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::{Connection, SqliteConnection, query_scalar};

use crate::support::HOUR;

/// A file system in memory, of 4 MiB, where this user may mount one. Anywhere else, such as in a container without that
/// right, the kernel limits the size of files. Both make writes fail in the middle of a file.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_saves_and_everything_is_there_once_there_is_room() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return on_a_full_disk(&Disk::new(folder.into())).await;
    }
    let folder = std::env::temp_dir().join(format!("session-full-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // A write beyond a limit is an error rather than a signal, if the signal is ignored.
    let rerun = r#"trap '' XFSZ && exec "$1" --exact "$2" --nocapture"#;
    let mount = r#"mount -t tmpfs -o size=4m tmpfs "$0" && "#;
    // For root, and for others.
    let namespaces = [&["--mount"][..], &["--map-root-user", "--mount"]];
    let namespace = namespaces.into_iter().find(|namespace| {
        let mut command = Command::new("unshare");
        command
            .args(*namespace)
            .args(["sh", "-c", &format!("{mount}true")]);
        let output = command.arg(&folder).output();
        output.is_ok_and(|output| output.status.success())
    });
    let mut command = if let Some(namespace) = namespace {
        println!("fault: SQLite on a full tmpfs");
        let mut command = Command::new("unshare");
        command
            .args(namespace)
            .args(["sh", "-c", &format!("{mount}{rerun}")]);
        command
    } else {
        println!(
            "fault: SQLite with a limit for the size of files, because this user may not mount"
        );
        let mut command = Command::new("sh");
        command.args(["-c", rerun]);
        command
    };
    let output = command
        .arg(&folder)
        .arg(std::env::current_exe().unwrap())
        .arg(concat!(
            "disk::",
            "a_full_disk_refuses_saves_and_everything_is_there_once_there_is_room"
        ))
        .env(FOLDER, &folder)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

async fn on_a_full_disk(disk: &Disk) {
    let path = disk.folder.join("sessions.db");
    let url = format!("sqlite:{}", path.display());
    let driver = SqlxDriver::connect(&url).await.unwrap();
    let (first, second) = (record("first", 0), record("second", 0));
    let mut version = create(&driver, &first).await;
    create(&driver, &second).await;

    disk.fill();
    let large = record("large", 500_000);
    let mut refused = 0;
    for _ in 0..20 {
        let saved = driver.save(&large, Expected::Absent, HOUR).await;
        let error = saved.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let failure = error.source().unwrap();
        assert_eq!(failure.to_string(), "the database rejected a statement");
        let cause = failure.source().unwrap().to_string();
        assert!(
            cause.contains("disk is full") || cause.contains("disk I/O error"),
            "{cause}"
        );
        // A small one may find room in a file that has grown already. What is acknowledged stays.
        match driver.save(&first, Expected::Version(&version), HOUR).await {
            Ok(Saved::Done { version: new, .. }) => version = new,
            Ok(conflict) => panic!("{conflict:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable);
                refused += 1;
            }
        }
        assert_eq!(load(&driver, "first").await.unwrap().version, version);
        assert!(load(&driver, "second").await.is_some());
        assert!(load(&driver, "large").await.is_none());
    }
    // A logout is carried out, or it fails and says so.
    let is_out = driver.destroy(second.id()).await.is_ok();
    assert_eq!(load(&driver, "second").await.is_none(), is_out);
    println!("{refused} of 20 small saves were refused");

    disk.free();
    assert_eq!(load(&driver, "first").await.unwrap().version, version);
    driver.destroy(second.id()).await.unwrap();
    assert!(load(&driver, "second").await.is_none());
    create(&driver, &large).await;
    driver.close().await;
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let check = query_scalar("PRAGMA integrity_check").fetch_one(&mut connection);
    let check: String = check.await.unwrap();
    assert_eq!(check, "ok");
}

/// What the database is on.
struct Disk {
    folder: PathBuf,
    is_mounted: bool,
}

impl Disk {
    fn new(folder: PathBuf) -> Self {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let is_mounted = mounts
            .lines()
            .any(|line| line.split(' ').nth(1) == folder.to_str());
        Self { folder, is_mounted }
    }

    /// Leaves no room.
    fn fill(&self) {
        if self.is_mounted {
            use std::io::Write as _;

            let mut filler = std::fs::File::create(self.folder.join("filler")).unwrap();
            while filler.write_all(&[1; 512]).is_ok() {}
        } else {
            limit("4096:");
        }
    }

    fn free(&self) {
        if self.is_mounted {
            std::fs::remove_file(self.folder.join("filler")).unwrap();
        } else {
            limit("unlimited:");
        }
    }
}

/// Limits the size of the files that this process writes.
fn limit(size: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string()])
        .arg(format!("--fsize={size}"))
        .status();
    assert!(status.unwrap().success());
}

fn record(id: &str, size: usize) -> Record {
    let padding = "x".repeat(size);
    Record::from_json(format!(r#"{{"id":"{id}","data":{{"x":"{padding}"}}}}"#)).unwrap()
}

async fn create(driver: &SqlxDriver, record: &Record) -> Version {
    match driver.save(record, Expected::Absent, HOUR).await.unwrap() {
        Saved::Done { version, .. } => version,
        conflict => panic!("{conflict:?}"),
    }
}

async fn load(driver: &SqlxDriver, id: &str) -> Option<Loaded> {
    driver.load(id).await.unwrap()
}

const FOLDER: &str = "SESSION_FULL_DISK";
