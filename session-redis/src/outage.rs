//! What is wrong with the connections of a pool, and the log lines about it.

use std::time::Instant;

use fred::error::{Error, ErrorKind};

/// What is known about the connections that do not work. Logs the beginning, every further cause,
/// and the end, each once for the whole pool.
pub(crate) struct Outage {
    since: Option<Instant>,
    /// For each connection, the last cause, or `None` if it works.
    causes: Vec<Option<Error>>,
    /// The codes that were logged since the beginning.
    logged: Vec<&'static str>,
}

impl Outage {
    /// Starts without an outage, for this many connections.
    pub(crate) fn none(connections: usize) -> Self {
        Self {
            since: None,
            causes: vec![None; connections],
            logged: Vec::new(),
        }
    }

    /// Notes why a connection does not work. Returns `true` if all connections worked until now.
    pub(crate) fn note(&mut self, connection: usize, error: &Error) -> bool {
        let code = code(error);
        let cause = &mut self.causes[connection];
        // The first error with a code says the most.
        if cause.as_ref().is_none_or(|known| self::code(known) != code) {
            *cause = Some(error.clone());
        }
        if !self.logged.contains(&code) {
            self.logged.push(code);
            let cause = match error.kind() {
                ErrorKind::Timeout => "no answer",
                _ => error.details(),
            };
            tracing::warn!(target: "session", cause, "connection to Redis does not work: reconnecting");
        }
        let is_first = self.since.is_none();
        self.since.get_or_insert_with(Instant::now);
        is_first
    }

    /// Notes that a connection works.
    pub(crate) fn end(&mut self, connection: usize) {
        self.causes[connection] = None;
        if self.causes.iter().any(Option::is_some) {
            return;
        }
        if let Some(since) = self.since.take() {
            self.logged.clear();
            let outage_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(target: "session", outage_ms, "connection to Redis works again");
        }
    }

    /// Returns why a connection does not work.
    pub(crate) fn cause(&self, connection: usize) -> Option<&Error> {
        self.causes[connection].as_ref()
    }
}

/// Returns `true` if the server replied that this connection is the wrong one: the server is not the
/// master or not ready, or does not know this client.
pub(crate) fn is_wrong_connection(error: &Error) -> bool {
    code(error) != LOST
}

/// Returns `true` if the error is a reply, and not one of fred's own.
pub(crate) fn came_from_server(error: &Error) -> bool {
    let is_freds = |words: &&str| error.details().starts_with(words);
    !matches!(
        error.kind(),
        ErrorKind::IO | ErrorKind::Timeout | ErrorKind::Canceled
    ) && !FREDS_WORDS.iter().any(is_freds)
}

/// Returns `true` if the server replied that it does not run this command. Then nothing is wrong with
/// the connection.
pub(crate) fn is_rejection(error: &Error) -> bool {
    came_from_server(error) && !is_wrong_connection(error)
}

/// Returns the code of a reply that says that this connection is the wrong one, or else [`LOST`].
fn code(error: &Error) -> &'static str {
    let details = error.details();
    let is_code = |code: &&&str| {
        details.starts_with(**code)
            // Redis 6 puts the reply to a command of a script behind the position in the script.
            || (details.starts_with(SCRIPT_ERROR) && details.contains(&format!("-{code} ")))
    };
    match WRONG_CONNECTION.iter().find(is_code) {
        Some(code) => code,
        None if details.starts_with(CLUSTER_STATE) => "CLUSTERDOWN",
        None => LOST,
    }
}

const WRONG_CONNECTION: [&str; 6] = [
    "READONLY",
    "MASTERDOWN",
    LOADING,
    "NOAUTH",
    "WRONGPASS",
    "CLUSTERDOWN",
];
/// The server is not ready yet. Waiting may be enough.
pub(crate) const LOADING: &str = "LOADING";
/// The code of an error that came from the network.
const LOST: &str = "";

/// How fred says that it lost the connection, or that a Cluster node refused the command. The kind
/// of these errors says nothing.
const FREDS_WORDS: [&str; 2] = ["Failed to route", "Too many"];
const SCRIPT_ERROR: &str = "ERR Error running script";
/// fred's words for a new connection to a Cluster that is down.
const CLUSTER_STATE: &str = "Invalid or missing cluster state";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_about_the_connection_are_recognized() {
        for (details, expected) in [
            (
                "READONLY You can't write against a read only replica.",
                "READONLY",
            ),
            (
                "READONLY You can't write against a read only replica. script: 0af2, on @user_script:1.",
                "READONLY",
            ),
            (
                "ERR Error running script (call to f_0af2): @user_script:1: @user_script: 1: -READONLY You can't \
                 write against a read only replica.",
                "READONLY",
            ),
            (
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
                "MASTERDOWN",
            ),
            ("LOADING Redis is loading the dataset in memory", LOADING),
            ("NOAUTH Authentication required.", "NOAUTH"),
            (
                "WRONGPASS invalid username-password pair or user is disabled.",
                "WRONGPASS",
            ),
            ("CLUSTERDOWN The cluster is down", "CLUSTERDOWN"),
            ("CLUSTERDOWN Hash slot not served", "CLUSTERDOWN"),
            ("Invalid or missing cluster state.", "CLUSTERDOWN"),
            ("Connection closed.", LOST),
            ("Request timed out.", LOST),
            ("WRONGTYPE Operation against a key", LOST),
            ("NOPERM this user has no permissions", LOST),
            ("ERR unknown command 'READONLY'", LOST),
        ] {
            assert_eq!(
                code(&Error::new(ErrorKind::Unknown, details)),
                expected,
                "{details}"
            );
        }
    }

    #[test]
    fn replies_differ_from_errors_of_the_client() {
        for (kind, details, expected) in [
            (ErrorKind::Unknown, "OOM command not allowed", true),
            (ErrorKind::Unknown, "a proxy's own words", true),
            (ErrorKind::Protocol, "unexpected reply", true),
            (ErrorKind::IO, "Connection closed.", false),
            (ErrorKind::Timeout, "Request timed out.", false),
            (ErrorKind::Canceled, "Canceled.", false),
            (ErrorKind::Unknown, "Failed to route command.", false),
            (ErrorKind::Unknown, "Too many failed write attempts.", false),
            (ErrorKind::Unknown, "Too many redirections.", false),
        ] {
            let error = Error::new(kind, details);
            assert_eq!(came_from_server(&error), expected, "{details}");
        }
    }
}
