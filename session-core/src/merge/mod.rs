//! What a request changed, and how that is joined with what other requests changed meanwhile.
//!
//! Two requests of one client overlap: both load the session, both change it, the faster one saves. When
//! the slower one saves, a server-side store answers that it holds something else by now. The slower
//! request does not overwrite that: its [`Changes`] are replayed onto what the store holds, and the result
//! is saved. So no update is lost.
//!
//! # Laws
//!
//! 1. **Disjoint keys both survive.** What two requests put, update or forget under different keys is all
//!    there afterwards, in whatever order they end.
//! 2. **The same key: the one that saves last wins**, except that an *update* is a function and is applied to
//!    the value that is there, so counters stay exact.
//! 3. **A flush beats what it saw and not what came later.** It removes every key that still has the value
//!    which the flushing request saw, and every key that this request wrote itself before. Values that
//!    another request added or changed meanwhile stay.
//! 4. **Flash consumed by both is gone once; flash added by either survives**, also when both add the same
//!    text under the same name.
//! 5. **Replaying onto an unchanged record equals not merging.**
//! 6. **Gone is gone.** There is no replay onto a record that was destroyed, replaced or has expired: the
//!    late write is dropped. (If nobody else wrote the record, only the store can tell that it expired while the request
//!    ran: one that forgets records at their end does.)
//!
//! # How flash is told apart
//!
//! A request consumes the flash that it saw, and that flash only. Usually the store holds either just
//! that, or just what a faster request added. But a request that merged carries along flash that it never
//! saw. Its record then says in `flash_from`, for each such name, in which version of the record the flash
//! was first seen, so that a third request knows whether it is the one that it consumed.

mod changes;
mod replay;

pub use self::changes::Changes;
