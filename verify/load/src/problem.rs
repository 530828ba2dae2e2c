//! The problems that the checks find.

use std::fmt::{self, Debug, Display};

/// A problem, which ends its round.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A wrong response.
    Wrong(String),
    /// An acknowledged write that is gone.
    Lost(String),
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(text) => write!(f, "wrong: {text}"),
            Self::Lost(text) => write!(f, "lost: {text}"),
        }
    }
}

/// Returns a problem unless both values are equal.
pub(crate) fn expect_equal<T: Debug + PartialEq>(
    what: impl Display,
    found: T,
    expected: T,
) -> Result<(), Problem> {
    if found == expected {
        return Ok(());
    }
    let text = format!("{what}: {found:?} instead of {expected:?}");
    Err(Problem::Wrong(text))
}
