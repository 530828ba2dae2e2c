//! Instructions as the processor runs them, counted one by one.
//!
//! valgrind knows no SHA instructions, and a virtual machine seldom has counters. So a child process runs the case under
//! `ptrace`, and its parent lets it take one step at a time. Only what is measured is stepped: the child stops itself at
//! its beginning and at its end.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::cases::{Prepared, WITHOUT_REP};

/// The instructions of one run of the case of this name, by this same program. `None` where stepping is not allowed.
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

/// What the child does: stops before, between and after a short run and a long one. What surrounds a run drops out of
/// their difference.
pub(crate) fn obey(mut case: Prepared) -> nix::Result<()> {
    case(WARM_UP);
    ptrace::traceme()?;
    for times in [SHORT, LONG] {
        raise(Signal::SIGSTOP)?;
        case(times);
    }
    raise(Signal::SIGSTOP)
}

/// Steps until the child stops itself.
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

/// A child that does not outlive its measurement.
struct Traced(Child);

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const WARM_UP: usize = 64;
const SHORT: usize = 2;
const LONG: usize = 6;
