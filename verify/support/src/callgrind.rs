//! Instruction counts of single calls, for tests that a refusal takes the same time whatever is
//! wrong.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::{env, fs};

/// Runs a test of this program under valgrind, and returns the instruction counts of all calls of a
/// function: `program::name`. Says so and returns `None` if valgrind is not installed.
///
/// The function must not be inlined.
pub fn count(function: &str, test: &str) -> Option<Vec<u64>> {
    let name = function.replace(':', "-");
    let folder = env::temp_dir().join(format!("session-timing-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let child = Command::new("valgrind")
        .args(["--tool=callgrind", "--compress-strings=no"])
        .arg(format!("--zero-before={function}"))
        .arg(format!("--dump-after={function}"))
        .arg(format!(
            "--callgrind-out-file={}",
            folder.join("calls").display()
        ))
        .arg(env::current_exe().unwrap())
        .args(["--exact", "--test-threads=1", test])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(child) = child else {
        fs::remove_dir_all(&folder).unwrap();
        say("NOT CHECKED: valgrind, which counts instructions, is not installed");
        return None;
    };
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // One part per call, then one for the end of the process.
    let parts =
        (1..).map_while(|call| fs::read_to_string(folder.join(format!("calls.{call}"))).ok());
    let counts = parts.map(|part| total(&part)).collect();
    fs::remove_dir_all(&folder).unwrap();
    Some(counts)
}

/// Prints a line that begins with `timing: ` and that the test harness does not capture.
pub fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("\ntiming: {line}\n").as_bytes());
}

/// Callgrind Format Specification: `summary: 1234`.
fn total(report: &str) -> u64 {
    let summary = report
        .lines()
        .find_map(|line| line.strip_prefix("summary: "));
    summary.unwrap().parse().unwrap()
}
