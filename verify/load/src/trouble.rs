//! What a check finds.

use std::fmt::{self, Debug, Display};

/// Why a round ends before its end.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// An answer that is not right.
    Wrong(String),
    /// A write that was acknowledged, and is gone.
    Lost(String),
}

impl Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(text) => write!(f, "wrong: {text}"),
            Self::Lost(text) => write!(f, "lost: {text}"),
        }
    }
}

/// Checks that an answer is what it should be.
pub(crate) fn equal<T: Debug + PartialEq>(
    what: impl Display,
    found: T,
    expected: T,
) -> Result<(), Trouble> {
    if found == expected {
        return Ok(());
    }
    let text = format!("{what}: {found:?} instead of {expected:?}");
    Err(Trouble::Wrong(text))
}
