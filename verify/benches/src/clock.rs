//! The processor time of a thread.

use std::time::Duration;

/// Returns the processor time of this thread since some fixed moment. Other threads and programs do
/// not count.
///
/// # Panics
///
/// If there is no such clock. Linux has had it since 2.6.
#[cfg(target_os = "linux")]
#[must_use]
pub fn thread_time() -> Duration {
    let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
    clock.now().expect("Linux has it").into()
}

/// Returns the time since the first call, on systems without such a clock.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn thread_time() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
