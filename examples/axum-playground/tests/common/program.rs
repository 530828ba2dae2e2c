//! The program itself, as a newcomer starts it.

use std::ffi::OsStr;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The playground, running. Killed when dropped.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it printed so far.
    pub(crate) printed: Vec<String>,
    /// Where it says that it serves.
    pub(crate) address: String,
}

/// The command with these variables and no others, on a free port.
fn command<V: AsRef<OsStr>>(vars: &[(&str, V)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_axum-playground"));
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

/// Runs the playground where it is to end by itself.
pub(crate) async fn run<V: AsRef<OsStr>>(vars: &[(&str, V)]) -> Output {
    let output = command(vars).output();
    tokio::time::timeout(Duration::from_secs(20), output)
        .await
        .expect("it goes on running")
        .unwrap()
}

impl Program {
    /// Starts the playground and waits for its address.
    pub(crate) async fn start(vars: &[(&str, &str)]) -> Self {
        let mut child = command(vars).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut program = Self {
            child,
            lines,
            printed: Vec::new(),
            address: String::new(),
        };
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, program.read_address())
            .await
            .expect("no address");
        program
    }

    async fn read_address(&mut self) {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            let address = line.strip_prefix("axum-playground: http://");
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
    pub(crate) async fn interrupt(mut self) -> (bool, String) {
        let id = self.child.id().unwrap().to_string();
        let told = Command::new("kill").args(["-INT", &id]).status().await;
        assert!(told.unwrap().success());
        let ending = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.printed.push(line);
            }
            self.child.wait_with_output().await.unwrap()
        };
        let output = tokio::time::timeout(Duration::from_secs(20), ending)
            .await
            .expect("it goes on running");
        let errors = String::from_utf8(output.stderr).unwrap();
        (
            output.status.success(),
            self.printed.join("\n") + "\n" + &errors,
        )
    }
}
