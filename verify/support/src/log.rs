//! Captured log output.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing_subscriber::filter::LevelFilter;

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The log output of the current thread, at all levels, as text.
///
/// The whole process shares one subscriber. With one subscriber per thread, `tracing` may decide
/// that an event is disabled while it runs on a thread without one, and remember that for all
/// threads.
#[derive(Debug)]
pub struct Log;

impl Log {
    /// Starts a new capture on this thread.
    pub fn capture() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            tracing_subscriber::fmt()
                .with_max_level(LevelFilter::TRACE)
                .with_ansi(false)
                .without_time()
                .with_writer(|| Self)
                .init();
        });
        // Another thread may have logged its first event just before the subscriber was installed.
        tracing_core::callsite::rebuild_interest_cache();
        LOGGED.take();
        Self
    }

    /// Returns everything captured so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(LOGGED.with_borrow(Vec::clone)).expect("the log is UTF-8")
    }

    /// Returns how often `text` occurs.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.text().matches(text).count()
    }

    /// Removes and returns the lines with the target `session`.
    pub fn take(&self) -> Vec<String> {
        let text = String::from_utf8(LOGGED.take()).expect("the log is UTF-8");
        let about_sessions = text.lines().filter(|line| line.contains(" session: "));
        about_sessions.map(|line| line.trim().to_owned()).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
