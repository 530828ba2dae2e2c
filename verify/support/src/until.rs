//! Waiting for what happens elsewhere.

use std::time::Duration;

/// Waits until `is_done`.
///
/// # Panics
///
/// When it takes longer than ten seconds.
pub async fn until(is_done: impl Fn() -> bool) {
    let done = async {
        while !is_done() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), done)
        .await
        .expect("it did not happen");
}
