//! Requests that are none of the user's.

use crate::Session;

/// # Background requests
impl Session {
    /// Marks the request as none of the user's: a script that polls, or fetches beside the page.
    ///
    /// It does not renew the session, so that polling does not keep a session alive, and it leaves flash for the next page:
    /// it neither sees the flash of the previous request nor ages it. Everything else works as usual. What it puts is saved,
    /// and what it flashes is for the next page too.
    ///
    /// A rule of the layer marks requests before the handler runs.
    pub fn background(&self) {
        let seen = self.look().set_background();
        // Only now that the session is not locked.
        drop(seen);
    }

    /// Returns `true` if the request was marked as [`background`](Self::background).
    #[must_use]
    pub fn is_background(&self) -> bool {
        self.lock().is_background
    }
}
