//! The slots of a Cluster.

use std::time::{Duration, Instant};

use fred::types::Key;
use fred::util::redis_keyslot;
use session_core::{Outcome, SessionManager, Token};

use crate::support::{key_of, open};

/// The slot of a session's key.
pub(crate) fn slot(token: &Token) -> u16 {
    redis_keyslot(Key::from(key_of(token)).as_bytes())
}

/// The third of all slots that a session's key is in, and so its master when the Cluster is new.
pub(crate) fn third(token: &Token) -> usize {
    usize::from(slot(token)) * 3 / 16_384
}

/// Waits until sessions in every third of the slots can be stored and read. Returns how long that
/// took.
pub(crate) async fn wait_for_all_slots(manager: &SessionManager) -> Duration {
    let start = Instant::now();
    let mut works = [false; 3];
    while works.contains(&false) {
        assert!(
            start.elapsed() < Duration::from_secs(15),
            "slots without service: {works:?}"
        );
        let session = manager.open(None).await.unwrap();
        session.put("n", 1).unwrap();
        if let Ok(Outcome::Set(token)) = manager.commit(&session).await {
            let session = open(manager, &token).await;
            works[third(&token)] |= session.get("n").unwrap() == Some(1);
        }
    }
    start.elapsed()
}
