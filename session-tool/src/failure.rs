//! Why the program fails to answer.

use std::error::Error;
use std::fmt;

use session_core::ConfigError;

/// A message for standard error: the problem, the remedy, and the cause in parentheses. The exit code is 2.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Appends the causes to a message.
    pub(crate) fn caused(message: impl fmt::Display, source: Option<&dyn Error>) -> Self {
        let mut message = message.to_string();
        let mut next = source;
        while let Some(cause) = next {
            message.push_str(&format!(" ({})", readable(cause)));
            next = cause.source();
        }
        Self(message)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::caused(&error, error.source())
    }
}

impl From<session_core::Error> for Failure {
    fn from(error: session_core::Error) -> Self {
        Self::caused(&error, error.source())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Formats a cause. The Redis client uses `Debug` for errors of the operating system; their message is enough.
fn readable(cause: &dyn Error) -> String {
    let text = cause.to_string();
    let message = text.split_once("Os { ").and_then(|(_, os)| {
        let (_, message) = os.split_once("message: \"")?;
        Some(message.split_once('"')?.0.to_owned())
    });
    message.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_follows_the_remedy() {
        let error = ConfigError::new("REDIS_URL", "is unreachable", "check it")
            .with_source("connection refused");
        let expected = format!("{error} (connection refused)");
        assert_eq!(Failure::from(error).to_string(), expected);
        let error = session_core::Error::unavailable("timed out");
        let expected = format!("{error} (timed out)");
        assert_eq!(Failure::from(error).to_string(), expected);
    }

    #[test]
    fn an_operating_system_error_is_reduced_to_its_message() {
        let source =
            "IO Error: Os { code: 111, kind: ConnectionRefused, message: \"Connection refused\" }";
        let error = session_core::Error::unavailable(source);
        let expected = format!("{error} (Connection refused)");
        assert_eq!(Failure::from(error).to_string(), expected);
    }
}
