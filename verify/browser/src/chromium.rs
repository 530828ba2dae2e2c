//! Chromium, by its driver.

use std::error::Error;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;

use crate::browser::Browser;

/// The driver of Chromium. It is killed when dropped, with the browsers that it started and all that they kept.
#[derive(Debug)]
pub(crate) struct Chromium {
    driver: Child,
    url: String,
    scratch: PathBuf,
    browsers: AtomicUsize,
}

impl Chromium {
    /// Starts the driver on a free port.
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        let scratch = std::env::temp_dir().join(format!("browser-check-{}", std::process::id()));
        fs::create_dir_all(&scratch)?;
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", &scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // The browsers are in the group of their driver, and are killed with it.
            .process_group(0)
            .spawn()?;
        let mut lines =
            BufReader::new(ChildStdout::from_std(driver.stdout.take().unwrap())?).lines();
        let mut chromium = Self {
            driver,
            url: String::new(),
            scratch,
            browsers: AtomicUsize::default(),
        };
        let reading = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.trim_end_matches('.').split_once(LISTENING) {
                    chromium.url = format!("http://127.0.0.1:{port}");
                    // What else it says, nobody reads; it must not wait for a reader.
                    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                    return Ok(chromium);
                }
            }
            Err("chromedriver ended at once".into())
        };
        tokio::time::timeout(PATIENCE, reading).await?
    }

    /// Starts a browser that knows nothing.
    pub(crate) async fn browser(&self) -> Result<Browser, Box<dyn Error>> {
        let number = self.browsers.fetch_add(1, Ordering::Relaxed);
        let profile = self.scratch.join(format!("profile-{number}"));
        let mut wanted = DesiredCapabilities::chrome();
        // The driver starts whatever it takes for Chrome if it is not told.
        wanted.set_binary(
            &found("chromium")
                .ok_or("chromium is gone")?
                .to_string_lossy(),
        )?;
        for flag in FLAGS {
            wanted.add_arg(flag)?;
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.display()))?;
        // Debian's build blocks them otherwise, and then blocks what SameSite is to block.
        let allowed = json!({ "profile.cookie_controls_mode": 0 });
        wanted.add_experimental_option("prefs", allowed)?;
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        let direct = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        let driver = WebDriver::builder(&self.url, wanted).client(direct).await?;
        Ok(Browser::new(driver))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

/// Says which of these programs are not installed.
pub(crate) fn require(programs: &[&str]) -> Result<(), String> {
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| found(program).is_none())
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "NOT RUN: {} not found; Debian has them in the packages chromium, chromium-driver and redis-server",
            missing.join(", ")
        )),
    }
}

/// Where a program is.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| Path::is_file(path))
}

const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en",
    "--no-proxy-server",
    // Sites of their own, and yet on this machine.
    "--host-resolver-rules=MAP *.test 127.0.0.1",
];
/// What the driver prints in front of its port.
const LISTENING: &str = "was started successfully on port ";
/// Longer than anything takes that the driver is asked for.
const PATIENCE: Duration = Duration::from_secs(60);
