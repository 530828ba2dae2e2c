//! The limits of the settings.

use std::time::Duration;

use fred::types::config::ServerConfig;
use session_core::ConfigError;

pub(crate) fn check_prefix(prefix: &str) -> Result<(), ConfigError> {
    match prefix
        .chars()
        .find(|c| c.is_whitespace() || c.is_control() || "{}".contains(*c))
    {
        None => Ok(()),
        Some(bad) => Err(ConfigError::new(
            "SESSION_PREFIX",
            format!("{prefix:?} contains {bad:?}"),
            "use letters, digits and colons, such as \"session:\"",
        )),
    }
}

/// To fred, zero means no timeout at all, and the longest durations overflow.
pub(crate) fn check_timeout(timeout: Duration) -> Result<(), ConfigError> {
    if (MIN_TIMEOUT..=MAX_TIMEOUT).contains(&timeout) {
        return Ok(());
    }
    Err(ConfigError::new(
        "redis timeout",
        format!("{timeout:?} is out of range"),
        "use 10 ms to 60 s; the default is 1 s",
    ))
}

pub(crate) fn check_pool_size(connections: usize) -> Result<(), ConfigError> {
    if connections > 0 {
        return Ok(());
    }
    Err(ConfigError::new(
        "redis pool size",
        "0 is out of range",
        "use at least 1; the default is 1, or 4 with a Cluster",
    ))
}

/// fred would use the same credentials for the sentinels, which have their own.
pub(crate) fn check_password(server: &ServerConfig) -> Result<(), ConfigError> {
    if !server.is_sentinel() {
        return Ok(());
    }
    Err(ConfigError::new(
        "redis password",
        "cannot come from a function with Sentinel",
        "put it into the URL, and restart after a rotation",
    ))
}

/// fred accepts any scheme. Without its TLS feature it would send the password of a `rediss` URL in
/// the clear.
pub(crate) fn check_scheme(url: &str, has_tls: bool) -> Result<(), ConfigError> {
    let scheme = url
        .split("://")
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let server = scheme
        .trim_end_matches("-cluster")
        .trim_end_matches("-sentinel")
        .trim_end_matches("+unix");
    match server {
        "redis" | "valkey" => Ok(()),
        "rediss" | "valkeys" if has_tls => Ok(()),
        "rediss" | "valkeys" => Err(ConfigError::new(
            "REDIS_URL",
            "asks for TLS, which is not enabled",
            "turn on the feature `redis-tls` of your framework's adapter, or `tls` of session-redis",
        )),
        _ => Err(invalid_url()),
    }
}

pub(crate) fn invalid_url() -> ConfigError {
    ConfigError::new(
        "REDIS_URL",
        "is not a valid Redis URL",
        "use the form redis://[user:password@]host[:port][/database]",
    )
}

const MIN_TIMEOUT: Duration = Duration::from_millis(10);
const MAX_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_urls_are_refused_without_the_feature() {
        for scheme in [
            "rediss",
            "REDISS",
            "valkeys",
            "rediss-cluster",
            "rediss-sentinel",
        ] {
            let url = format!("{scheme}://user:password@localhost");
            assert!(check_scheme(&url, true).is_ok(), "{scheme}");
            assert_eq!(
                check_scheme(&url, false).unwrap_err().to_string(),
                "REDIS_URL: asks for TLS, which is not enabled; turn on the feature `redis-tls` of your framework's \
                 adapter, or `tls` of session-redis"
            );
        }
        for scheme in [
            "redis",
            "valkey",
            "redis-cluster",
            "valkey-sentinel",
            "redis+unix",
        ] {
            assert!(
                check_scheme(&format!("{scheme}://localhost"), false).is_ok(),
                "{scheme}"
            );
        }
    }
}
