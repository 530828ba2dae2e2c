//! The tests of [`Sealed`](session_sealed::Sealed), mostly through the manager that an application
//! uses.
//!
//! A test whose name begins with `s` and a number covers that statement of the security checklist.
#![allow(clippy::unwrap_used, reason = "a failure here fails a test")]

mod common;

mod conformance;
mod features;
mod model;
mod plain;
mod rotation;
mod sealer;
mod tampering;
mod vectors;

const SECRET: &str = "a secret of this test, of more than 32 bytes";
const NEW_SECRET: &str = "another secret of this test, as long as that";
