//! The calls that a manager makes to its driver.

/// A method of [`Driver`](session_core::Driver) that reaches the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `load`.
    Load,
    /// `save`.
    Save,
    /// `destroy`.
    Destroy,
    /// `touch`.
    Touch,
    /// `retire`.
    Retire,
}
