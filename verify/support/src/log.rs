//! What is logged, for the tests of every crate here.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing_subscriber::filter::LevelFilter;

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What this thread logs, all levels, as text. A test's own future stays on the test's thread.
///
/// There is one subscriber for the whole process: with one for each thread, `tracing` may decide about an event
/// on a thread that has none, and then for all.
#[derive(Debug)]
pub struct Log;

impl Log {
    /// Captures what this thread logs from here on.
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
        LOGGED.take();
        Self
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(LOGGED.with_borrow(Vec::clone)).expect("the log is text")
    }

    /// How often `text` occurs in it.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.text().matches(text).count()
    }

    /// The lines about sessions since the last look.
    pub fn take(&self) -> Vec<String> {
        let text = String::from_utf8(LOGGED.take()).expect("the log is text");
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
