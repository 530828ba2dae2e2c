//!
//! Instructions that the processor runs, counted one by one.
//!
//! valgrind does not know the SHA instructions, and virtual machines rarely have performance
//! counters. So a child process runs the case under `ptrace`, and its parent steps through it. The
//! child stops itself before and after the measured part, so that only that part is stepped.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::cases::{Prepared, WITHOUT_REP};

/// Counts the instructions of one run of the case with this name, in a child process of this
/// program. Returns `None` where stepping is not allowed.
pub(crate) fn count(name: &str) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let child = Command::new(program)
        .arg0("session-steps")
        .args(["steps", name])
        .envs([WITHOUT_REP])
        .stdout(Stdio::null())
        .spawn()
        .ok()?;
    let child = Traced(child);
    let pid = Pid::from_raw(i32::try_from(child.0.id()).ok()?);
    if !matches!(
        waitpid(pid, None).ok()?,
        WaitStatus::Stopped(_, Signal::SIGSTOP)
    ) {
        return None;
    }
    let short = step(pid)?;
    let long = step(pid)?;
    Some((long - short) / (LONG - SHORT) as u64)
}

/// Runs the case in the child: once short and once long, with a stop before, between and after. The
/// cost around a run cancels out in the difference.
pub(crate) fn obey(mut case: Prepared) -> nix::Result<()> {
    case(WARM_UP);
    ptrace::traceme()?;
    for times in [SHORT, LONG] {
        raise(Signal::SIGSTOP)?;
        case(times);
    }
    raise(Signal::SIGSTOP)
}

/// Counts steps until the child stops itself.
fn step(pid: Pid) -> Option<u64> {
    let mut steps = 0;
    loop {
        ptrace::step(pid, None).ok()?;
        match waitpid(pid, None).ok()? {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => steps += 1,
            WaitStatus::Stopped(_, Signal::SIGSTOP) => return Some(steps),
            _ => return None,
        }
    }
}

/// A child process that ends with its measurement.
struct Traced(Child);

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const WARM_UP: usize = 64;
const SHORT: usize = 1;
const LONG: usize = 3;
