//! What a request changed, and how that is merged with what other requests changed meanwhile.
//!
//! Two requests of one client overlap: both load the session, both change it, and the faster one saves. When the slower
//! one saves, a server-side store answers that it holds something else by now. The slower request does not overwrite
//! that. Its [`Changes`] are replayed onto what the store holds, and the result is saved. So no update is lost.
//!
//! # Laws
//!
//! 1. **Disjoint keys both survive.** What two requests put, update or forget under different keys is all there
//!    afterwards, in whatever order the requests end.
//! 2. **For one key, the last save wins.** An *update* is a function and is applied to the value that is there, so
//!    counters stay exact.
//! 3. **A removal removes what it saw.** A flush, a pull or a forget removes the values that its request saw, and every
//!    value that its request wrote itself before. A value that another request added or changed meanwhile stays.
//!    Values are compared as JavaScript compares them, because a RudderJS application that saves a session writes
//!    `10.0` as `10`.
//! 4. **Flash that both requests loaded is gone once. Flash that either added survives**, even if both add the same text
//!    under the same name.
//! 5. **Replaying onto an unchanged record equals not merging.**
//! 6. **Gone is gone.** Nothing is replayed onto a record that was destroyed, has moved or has expired: the late write is
//!    dropped. (If nobody else wrote the record, only the store can tell that it expired while the request ran. A store
//!    that forgets records when they end does.)
//!
//! # How flash is told apart
//!
//! A request ages the flash that it loaded, and no other. Usually the store holds either just that flash, or just what a
//! faster request added. But a request that merged carries along flash that it never saw. For each such name its record
//! says in `flash_from` in which version of the record the flash was first seen, so that a third request knows whether
//! that is the flash it loaded.

mod changes;
mod replay;
pub(crate) mod update;

pub use self::changes::Changes;
pub(crate) use self::changes::LoadedFlash;
