//! Running the program.

use std::ffi::OsStr;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::Playground;
use crate::http::Browser;

/// A running playground. Dropping it kills the process.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it has printed so far.
    pub printed: Vec<String>,
    /// The address that it printed.
    pub address: String,
}

/// Runs a playground that exits immediately.
pub(super) async fn run<V: AsRef<OsStr>>(playground: Playground, vars: &[(&str, V)]) -> Output {
    run_with(playground, &[], vars).await
}

/// Like [`run`], with arguments.
pub(super) async fn run_with<V: AsRef<OsStr>>(
    playground: Playground,
    arguments: &[&str],
    vars: &[(&str, V)],
) -> Output {
    let output = command(playground, vars).args(arguments).output();
    tokio::time::timeout(PATIENCE, output)
        .await
        .expect("the program did not exit")
        .unwrap()
}

/// Returns the command with only these variables, on a free port.
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
    /// Starts the playground and waits until it prints its address.
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
            .expect("the program printed no address");
        program
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Returns a new browser.
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
        panic!("the program exited: {:?}", self.printed);
    }

    /// Interrupts the program, as Ctrl-C does. Returns whether it exited successfully, and its
    /// complete output.
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
            .expect("the program did not exit");
        let errors = String::from_utf8(output.stderr).unwrap();
        let printed = self.printed.join("\n");
        (output.status.success(), format!("{printed}\n{errors}"))
    }
}

/// Longer than starting or stopping takes.
const PATIENCE: Duration = Duration::from_secs(20);
