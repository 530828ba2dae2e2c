//! Requests and responses.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The last few exchanges of a test, to be shown if the test fails. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Mutex<VecDeque<String>>>);

impl Transcript {
    /// Adds an exchange and drops the oldest one if there are too many.
    pub fn add(&self, exchange: String) {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if exchanges.len() == KEPT {
            exchanges.pop_front();
        }
        exchanges.push_back(exchange);
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges
            .iter()
            .try_for_each(|exchange| writeln!(f, "{exchange}"))
    }
}

/// Returns text for a transcript: one line of limited length.
pub(crate) fn shortened(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).escape_debug().to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], bytes.len()),
        None => text,
    }
}

/// How many exchanges are kept. A failure is about the last of them.
const KEPT: usize = 4;
/// How many characters of a body or header value are shown.
const SHOWN: usize = 400;
