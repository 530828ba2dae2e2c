//! The calls that a manager makes to its driver.

use session_core::Record;

/// A method of [`Driver`](session_core::Driver) that reaches the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `load`.
    Load,
    /// `save`.
    Save,
    /// `save` of a record that says that the session has moved: the second step of a regenerate.
    Move,
    /// `destroy`.
    Destroy,
    /// `touch`.
    Touch,
}

impl Call {
    /// Returns the call that saves this record.
    pub fn save(record: &Record) -> Self {
        if record.is_moved() {
            Self::Move
        } else {
            Self::Save
        }
    }
}
