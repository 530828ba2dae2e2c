//! Checks of what a Redis server reports about itself, without I/O.

use std::collections::BTreeMap;

use crate::doctor::check::Check;

/// The answer to `INFO`.
pub(crate) struct Info(BTreeMap<String, String>);

impl Info {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .filter_map(|line| line.trim_end().split_once(':'));
        Self(
            lines
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// Checks version, eviction and memory. `server` is empty if there is only one.
    pub(crate) fn checks(&self, server: &str) -> Vec<Check> {
        let named = |name: &str| {
            if server.is_empty() {
                name.to_owned()
            } else {
                format!("{name} {server}")
            }
        };
        [
            ("version", self.version()),
            ("eviction", self.eviction()),
            ("memory", self.memory()),
        ]
        .map(|(name, check)| Check {
            name: named(name).into(),
            ..check
        })
        .into()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn number(&self, name: &str) -> u64 {
        self.text(name)
            .and_then(|number| number.parse().ok())
            .unwrap_or_default()
    }

    fn version(&self) -> Check {
        let valkey = self
            .text("valkey_version")
            .map(|version| ("Valkey", version));
        let redis = || self.text("redis_version").map(|version| ("Redis", version));
        let Some((name, version)) = valkey.or_else(redis) else {
            return not_reported("version", "its version");
        };
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        let detail = format!("{name} {version}");
        if name == "Redis" && major.is_some_and(|major| major < OLDEST) {
            let detail = format!("{detail}: unmaintained, and without users and permissions (ACL)");
            Check::warn(
                "version",
                detail,
                "upgrade to a maintained version of Redis or Valkey",
            )
        } else {
            Check::ok("version", detail)
        }
    }

    fn eviction(&self) -> Check {
        let Some(policy) = self.text("maxmemory_policy") else {
            return not_reported("eviction", "its maxmemory-policy");
        };
        let evicted = self.number("evicted_keys");
        if evicted > 0 {
            let detail = format!("{policy}: {evicted} keys evicted since the server started");
            let remedy = "raise maxmemory, or give sessions a server of their own; an evicted session logs its user out";
            return Check::warn("eviction", detail, remedy);
        }
        match policy {
            "noeviction" => Check::ok(
                "eviction",
                "noeviction: when memory is full, new sessions are refused",
            ),
            "volatile-ttl" => Check::ok(
                "eviction",
                "volatile-ttl: when memory is full, the keys that expire soonest are evicted",
            ),
            policy if policy.starts_with("volatile-") => Check::ok(
                "eviction",
                format!("{policy}: when memory is full, keys with an expiry are evicted"),
            ),
            policy => {
                let when = match self.number("maxmemory") {
                    0 => "once maxmemory is set and reached",
                    _ => "once maxmemory is reached",
                };
                let detail =
                    format!("{policy}: {when}, live sessions are evicted like any other key");
                Check::warn(
                    "eviction",
                    detail,
                    "set maxmemory-policy to noeviction or volatile-ttl",
                )
            }
        }
    }

    fn memory(&self) -> Check {
        let (used, limit) = (self.number("used_memory"), self.number("maxmemory"));
        if used == 0 {
            return not_reported("memory", "its memory usage");
        }
        let machine = self.number("total_system_memory");
        let (total, kind) = match (limit, machine) {
            (0, 0) => return Check::ok("memory", format!("{}; maxmemory is not set", bytes(used))),
            (0, machine) => (machine, "of system memory; maxmemory is not set"),
            (limit, _) => (limit, "of maxmemory"),
        };
        let percent = u128::from(used) * 100 / u128::from(total);
        let detail = format!("{percent}% ({} of {}) {kind}", bytes(used), bytes(total));
        let refuses = self.text("maxmemory_policy") == Some("noeviction");
        let remedy = "raise maxmemory, or give sessions a server of their own";
        match percent {
            100.. if limit > 0 && refuses => Check::fail(
                "memory",
                format!("{detail}: new sessions are refused"),
                remedy,
            ),
            90.. => Check::warn("memory", format!("{detail}: nearly full"), remedy),
            _ => Check::ok("memory", detail),
        }
    }
}

fn not_reported(name: &'static str, what: &str) -> Check {
    let remedy = "check it on the server, or allow its user to run INFO (ACL: +info)";
    Check::warn(name, format!("the server does not report {what}"), remedy)
}

/// Formats a number of bytes with one decimal.
fn bytes(n: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let mut size = n as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1023.95 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", units[unit])
}

/// The first major version of Redis with users and permissions (ACL).
const OLDEST: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status::{self, Fail, Ok, Warn};

    fn info(text: &str) -> Info {
        Info::parse(&text.replace(' ', "\r\n"))
    }

    fn is(check: &Check, status: Status, detail: &str) {
        assert_eq!((check.status, &*check.detail), (status, detail));
    }

    #[test]
    fn the_server_and_its_version_are_shown() {
        is(&info("redis_version:7.0.15").version(), Ok, "Redis 7.0.15");
        is(
            &info("redis_version:7.2.4 valkey_version:8.1.0").version(),
            Ok,
            "Valkey 8.1.0",
        );
        assert_eq!(info("redis_version:5.0.14").version().status, Warn);
        is(
            &info("").version(),
            Warn,
            "the server does not report its version",
        );
    }

    #[test]
    fn allkeys_policies_and_past_evictions_are_warnings() {
        for policy in [
            "noeviction",
            "volatile-ttl",
            "volatile-lru",
            "volatile-lfu",
            "volatile-random",
        ] {
            let check = info(&format!("maxmemory_policy:{policy}")).eviction();
            assert_eq!(check.status, Ok, "{check:?}");
            assert!(check.detail.starts_with(policy));
        }
        is(
            &info("maxmemory_policy:allkeys-lru maxmemory:0").eviction(),
            Warn,
            "allkeys-lru: once maxmemory is set and reached, live sessions are evicted like any other key",
        );
        is(
            &info("maxmemory_policy:allkeys-lfu maxmemory:9").eviction(),
            Warn,
            "allkeys-lfu: once maxmemory is reached, live sessions are evicted like any other key",
        );
        is(
            &info("maxmemory_policy:volatile-ttl evicted_keys:3").eviction(),
            Warn,
            "volatile-ttl: 3 keys evicted since the server started",
        );
        is(
            &info("").eviction(),
            Warn,
            "the server does not report its maxmemory-policy",
        );
    }

    #[test]
    fn memory_is_compared_with_its_limit_or_the_system() {
        let mib = 1024 * 1024;
        let memory = |used: u64, limit: u64, rest: &str| {
            info(&format!(
                "used_memory:{} maxmemory:{} {rest}",
                used * mib,
                limit * mib
            ))
            .memory()
        };
        is(
            &memory(10, 100, ""),
            Ok,
            "10% (10.0 MiB of 100.0 MiB) of maxmemory",
        );
        is(
            &memory(89, 100, ""),
            Ok,
            "89% (89.0 MiB of 100.0 MiB) of maxmemory",
        );
        is(
            &memory(90, 100, ""),
            Warn,
            "90% (90.0 MiB of 100.0 MiB) of maxmemory: nearly full",
        );
        is(
            &memory(101, 100, "maxmemory_policy:noeviction"),
            Fail,
            "101% (101.0 MiB of 100.0 MiB) of maxmemory: new sessions are refused",
        );
        assert_eq!(
            memory(101, 100, "maxmemory_policy:volatile-ttl").status,
            Warn
        );
        is(&memory(1, 0, ""), Ok, "1.0 MiB; maxmemory is not set");
        is(
            &memory(1, 0, &format!("total_system_memory:{}", 2048 * mib)),
            Ok,
            "0% (1.0 MiB of 2.0 GiB) of system memory; maxmemory is not set",
        );
        is(
            &info("").memory(),
            Warn,
            "the server does not report its memory usage",
        );
    }

    #[test]
    fn sizes_have_one_decimal_and_the_largest_unit() {
        assert_eq!(bytes(0), "0.0 KiB");
        assert_eq!(bytes(1_048_575), "1.0 MiB");
        assert_eq!(bytes(1_500_000), "1.4 MiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
    }

    #[test]
    fn each_of_several_servers_is_named() {
        let names: Vec<_> = info("")
            .checks("127.0.0.1:7000")
            .into_iter()
            .map(|check| check.name)
            .collect();
        assert_eq!(
            names,
            [
                "version 127.0.0.1:7000",
                "eviction 127.0.0.1:7000",
                "memory 127.0.0.1:7000"
            ]
        );
    }
}
