//! An executable model of whole sessions: several clients, overlapping requests, responses
//! that arrive in any order or not at all, moving time, secret rotation, and a store that fails.
//!
//! The model describes a second time, as simply as possible, what the library does: see [`record`]
//! for merging. [`run`] applies random steps to both and compares everything observable. It prints
//! its counts in a line that begins with `model: `. `transit` checks what a browser is promised:
//! no late response undoes a login.
//!
//! Every run plays the same worlds, unless `MODEL_SEED` is another number or `random`. A failure prints the
//! seed of its world. Set `MODEL_SEED` to repeat it, `MODEL_TRACE=1` to print every step, and `MODEL_STEPS`
//! to make a run longer.

mod backend;
mod by_hand;
mod choices;
mod clients;
mod decide;
mod effect;
mod events;
mod failing;
mod owners;
mod play;
pub mod record;
mod report;
mod request;
mod settings;
mod settle;
mod size;
mod transit;
mod verbs;
mod world;
mod write;

pub use self::backend::{Backend, Storage};
pub use self::choices::Choices;
pub use self::play::play;
pub use self::report::{Report, run};
