//! The conformance kit on `MemoryDriver`, and what it finds in drivers that are broken on purpose.

mod memory;
