//! Chromium and its driver.

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

/// Chromium's driver. Dropping it kills it and its browsers, and removes their files.
#[derive(Debug)]
pub(crate) struct Chromium {
    driver: Child,
    url: String,
    scratch: PathBuf,
    profiles: AtomicUsize,
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
            // The browsers join this process group and are killed with it.
            .process_group(0)
            .spawn()?;
        let mut lines =
            BufReader::new(ChildStdout::from_std(driver.stdout.take().unwrap())?).lines();
        let mut chromium = Self {
            driver,
            url: String::new(),
            scratch,
            profiles: AtomicUsize::default(),
        };
        let reading = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.trim_end_matches('.').split_once(LISTENING) {
                    chromium.url = format!("http://127.0.0.1:{port}");
                    // Drain the rest of the output, so that the driver does not block on a full pipe.
                    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                    return Ok(chromium);
                }
            }
            Err("chromedriver exited at startup".into())
        };
        tokio::time::timeout(PATIENCE, reading).await?
    }

    /// Starts a browser with an empty profile.
    pub(crate) async fn browser(&self) -> Result<Browser, Box<dyn Error>> {
        self.browser_with(&self.profile()).await
    }

    /// Returns a folder for a new profile.
    pub(crate) fn profile(&self) -> PathBuf {
        let number = self.profiles.fetch_add(1, Ordering::Relaxed);
        self.scratch.join(format!("profile-{number}"))
    }

    /// Starts a browser with the profile in this folder, which no running browser may use.
    pub(crate) async fn browser_with(&self, profile: &Path) -> Result<Browser, Box<dyn Error>> {
        let mut capabilities = DesiredCapabilities::chrome();
        // The driver would otherwise pick any Chrome that it finds.
        capabilities.set_binary(
            &find("chromium")
                .ok_or("chromium not found")?
                .to_string_lossy(),
        )?;
        for flag in FLAGS {
            capabilities.add_arg(flag)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.display()))?;
        // Allow third-party cookies. Debian's build blocks them by default, which would hide the effect of SameSite.
        let allow_third_parties = json!({ "profile.cookie_controls_mode": 0 });
        capabilities.add_experimental_option("prefs", allow_third_parties)?;
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        let driver = WebDriver::builder(&self.url, capabilities)
            .client(client)
            .await?;
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

/// Returns an error that names the programs that are not installed.
pub(crate) fn require(programs: &[&str]) -> Result<(), String> {
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| find(program).is_none())
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "NOT RUN: {} not found; install the Debian packages chromium, chromium-driver and redis-server",
            missing.join(", ")
        )),
    }
}

/// Finds a program in `PATH`.
fn find(program: &str) -> Option<PathBuf> {
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
    // Resolve several sites to this machine.
    "--host-resolver-rules=MAP *.test 127.0.0.1",
];
/// The driver's output before its port.
const LISTENING: &str = "was started successfully on port ";
/// Longer than any command of the driver takes.
const PATIENCE: Duration = Duration::from_secs(60);
