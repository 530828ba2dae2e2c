//! Waiting for another task.

use std::time::Duration;

/// Waits until `is_done` returns `true`.
///
/// # Panics
///
/// Panics after ten seconds.
pub async fn until(is_done: impl Fn() -> bool) {
    let done = async {
        while !is_done() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), done)
        .await
        .expect("the condition did not become true within ten seconds");
}
