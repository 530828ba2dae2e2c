//! Running the program.

use std::ffi::OsStr;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::Playground;
use crate::http::Browser;

/// A playground that runs. Killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it printed so far.
    pub printed: Vec<String>,
    /// Where it says that it serves.
    pub address: String,
}

/// Runs the playground where it is to end by itself.
pub(super) async fn run<V: AsRef<OsStr>>(playground: Playground, vars: &[(&str, V)]) -> Output {
    let output = command(playground, vars).output();
    tokio::time::timeout(PATIENCE, output)
        .await
        .expect("it goes on running")
        .unwrap()
}

/// The command with these variables and no others, on a free port.
fn command<V: AsRef<OsStr>>(playground: Playground, vars: &[(&str, V)]) -> Command {
    let mut command = Command::new(playground.path);
    command
        .env_clear()
        .env("PORT", "0")
        .envs(vars.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Program {
    /// Starts the playground and waits for its address.
    pub async fn start(playground: Playground, vars: &[(&str, &str)]) -> Self {
        let mut child = command(playground, vars).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut program = Self {
            child,
            lines,
            printed: Vec::new(),
            address: String::new(),
        };
        tokio::time::timeout(PATIENCE, program.read_address(playground.name))
            .await
            .expect("no address");
        program
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// A new browser.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.address)
    }

    async fn read_address(&mut self, name: &str) {
        let before = format!("{name}: http://");
        while let Some(line) = self.lines.next_line().await.unwrap() {
            let address = line.strip_prefix(&before);
            if let Some(address) = address.and_then(|rest| rest.split(' ').next()) {
                self.address = format!("http://{address}");
            }
            self.printed.push(line);
            if !self.address.is_empty() {
                return;
            }
        }
        panic!("it ended: {:?}", self.printed);
    }

    /// Interrupts it, as Ctrl-C does. Returns whether it ended well and all that it printed and logged.
    pub(super) async fn interrupt(mut self) -> (bool, String) {
        let id = self.child.id().unwrap().to_string();
        let told = Command::new("kill").args(["-INT", &id]).status().await;
        assert!(told.unwrap().success());
        let ending = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.printed.push(line);
            }
            self.child.wait_with_output().await.unwrap()
        };
        let output = tokio::time::timeout(PATIENCE, ending)
            .await
            .expect("it goes on running");
        let errors = String::from_utf8(output.stderr).unwrap();
        let printed = self.printed.join("\n");
        (output.status.success(), format!("{printed}\n{errors}"))
    }
}

/// Longer than starting or ending takes.
const PATIENCE: Duration = Duration::from_secs(20);
