//! Overlapping requests on one stored session, in every order of their loads and commits.

mod endings;
mod laws;
mod operations;
mod orders;
mod property;
mod replay;
