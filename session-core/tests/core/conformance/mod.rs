//! The conformance kit: `MemoryDriver` passes it, and it catches drivers that are broken on purpose.

mod broken;
mod immediate;
mod memory;
mod messages;
mod reference;
