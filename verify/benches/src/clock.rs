//! The time that a thread worked.

use std::time::Duration;

/// The processor time of this thread since some moment: what others do meanwhile does not count.
///
/// # Panics
///
/// When there is no such clock, which Linux has had since 2.6.
#[cfg(target_os = "linux")]
#[must_use]
pub fn thread_time() -> Duration {
    let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
    clock.now().expect("Linux has it").into()
}

/// The time since the first call, where there is no such clock.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn thread_time() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
