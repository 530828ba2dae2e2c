//! The command line, the help, and output that cannot be written.

use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::run::{bare, tool};

const COMMANDS: [&str; 8] = [
    "key", "inspect", "sign", "doctor", "show", "list", "revoke", "watch",
];

#[test]
fn every_command_has_help() {
    let help = bare(&["--help"]).run();
    assert_eq!((help.code, &*help.err), (0, ""));
    for word in ["SESSION_SECRET", "REDIS_URL", "Exit codes"] {
        assert!(help.out.contains(word), "{word}");
    }
    for command in COMMANDS {
        assert!(help.out.contains(&format!("  {command} ")), "{command}");
        let ran = bare(&[command, "--help"]).run();
        assert_eq!((ran.code, &*ran.err), (0, ""));
        assert!(
            ran.out.contains(&format!("Usage: session-tool {command}")),
            "{}",
            ran.out
        );
        let widest = ran.out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{command}: {widest:?}");
    }
    let version = bare(&["--version"]).run();
    assert_eq!(
        version.out,
        format!("session-tool {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn wrong_usage_is_an_error() {
    for (arguments, error) in [
        (&["frobnicate"][..], "unrecognized subcommand 'frobnicate'"),
        (&["inspect", "--jsno"], "unexpected argument '--jsno' found"),
        (
            &["show"],
            "the following required arguments were not provided:",
        ),
        (
            &["revoke"],
            "the following required arguments were not provided:",
        ),
        (
            &["revoke", "11111111", "--owner", "ada"],
            "the argument '[ID]' cannot be used with '--owner <OWNER>'",
        ),
        (
            &["revoke", "11111111", "--except", "22222222"],
            "the argument '[ID]' cannot be used with '--except <ID>'",
        ),
        (
            &["doctor", "--section", "session"],
            "the following required arguments were not provided:",
        ),
        (&["inspect", "a", "b"], "unexpected argument 'b' found"),
        (
            &["key", "--secret", "x"],
            "unexpected argument '--secret' found",
        ),
        (
            &["watch", "--interval", "0"],
            "invalid value '0' for '--interval <SECONDS>': use a number of seconds from 0.1 to 86400",
        ),
        (
            &["watch", "--count", "0"],
            "invalid value '0' for '--count <N>': 0 is not in 1..18446744073709551615",
        ),
        (
            &["inspect", "--at", "yesterday", "x"],
            "invalid value 'yesterday' for '--at <TIME>': use a UTC time such as 2023-11-14T22:13:20Z, or milliseconds since the Unix epoch",
        ),
    ] {
        let ran = bare(arguments).run();
        assert_eq!((ran.code, &*ran.out), (2, ""), "{arguments:?}");
        assert_eq!(
            ran.err.lines().next(),
            Some(&*format!("session-tool: {error}")),
            "{arguments:?}"
        );
        assert!(ran.err.contains("--help"), "{}", ran.err);
    }
    let ran = bare(&[""; 0]).run();
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(
        ran.err.contains("Usage: session-tool <COMMAND>"),
        "{}",
        ran.err
    );
}

#[test]
fn no_option_takes_a_secret() {
    for command in COMMANDS {
        let help = bare(&[command, "--help"]).run().out;
        for line in help.lines().map(str::trim_start) {
            let takes_secret = line.starts_with("--secret") && !line.starts_with("--secret-file");
            assert!(!takes_secret, "{line}");
        }
    }
}

/// Runs the program with its output going to a closed pipe. Returns the exit code and the errors.
fn with_closed_pipe(mut command: Command) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(command);
    let mut error = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut error)
        .unwrap();
    (child.wait().unwrap().code(), error)
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    for arguments in [
        &["--help"][..],
        &["key"],
        &["sign", "{}"],
        &["doctor"],
        &["doctor", "--json"],
        &["inspect", "x"],
        &["inspect", "--json", "x"],
    ] {
        let code = i32::from(arguments[0] == "inspect");
        let ended = with_closed_pipe(tool(arguments).command());
        assert_eq!(ended, (Some(code), String::new()), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = bare(&["key"]).command().stdout(full).output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            &*String::from_utf8_lossy(&output.stderr)
        ),
        (
            Some(2),
            "session-tool: cannot write to standard output (No space left on device (os error 28))\n"
        )
    );
}
