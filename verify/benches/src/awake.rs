//! Processors that do not halt.

use std::io;
use std::process::{Child, Command};
use std::thread::available_parallelism;

/// Keeps the processors from halting while one task waits for a server, until it is dropped. In a virtual machine, waking
/// a processor takes longer than the round trip that is measured.
///
/// The loops run only when nothing else does (`SCHED_IDLE`). With many tasks they would get in the way.
pub struct Awake(Vec<Child>);

impl Awake {
    /// Starts one loop for each processor. Without the program `chrt`, it starts none.
    ///
    /// # Errors
    ///
    /// Returns the error of a loop that does not start for another reason.
    pub fn new() -> io::Result<Self> {
        let mut loops = Self(Vec::new());
        for _ in 0..available_parallelism()?.get() {
            let arguments = ["--idle", "0", "sh", "-c", "while :; do :; done"];
            match Command::new("chrt").args(arguments).spawn() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                started => loops.0.push(started?),
            }
        }
        Ok(loops)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It is gone already, or it ends with this program's group.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
