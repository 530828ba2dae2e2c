//! Whole sessions against an executable model: several clients, overlapping requests, moving time, new secrets, and a
//! store that fails.
//!
//! The model says a second time, and as simply as possible, what the library should do: see [`record`] for merging. A
//! run does random steps to both and compares everything that can be seen. It says how far it came in a line that begins
//! with `model: `. A failure says the seed; `MODEL_SEED` repeats it, and `MODEL_STEPS` makes a run longer.

mod choices;
mod client;
mod events;
mod fault;
mod play;
pub mod record;
mod report;
mod request;
mod server;
mod settle;
mod stage;
mod verbs;
mod world;

pub use self::choices::Choices;
pub use self::play::play;
pub use self::report::{Report, run};
pub use self::stage::{Keeps, Stage};
