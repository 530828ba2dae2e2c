//! The checks of what a Redis server says of itself, without I/O.

use std::collections::BTreeMap;

use crate::doctor::check::Check;

/// The answer to `INFO`: names and values.
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

    /// Checks version, eviction and memory. `server` is empty unless there are several.
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
            return untold("version", "its version");
        };
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        let detail = format!("{name} {version}");
        if name == "Redis" && major.is_some_and(|major| major < OLDEST) {
            let detail =
                format!("{detail}: no longer maintained, and without users of limited rights");
            Check::warn("version", detail, "upgrade to a maintained Redis or Valkey")
        } else {
            Check::ok("version", detail)
        }
    }

    fn eviction(&self) -> Check {
        let Some(policy) = self.text("maxmemory_policy") else {
            return untold("eviction", "its maxmemory-policy");
        };
        let evicted = self.number("evicted_keys");
        if evicted > 0 {
            let detail = format!("{policy}: {evicted} keys were evicted since the server started");
            let remedy = "raise maxmemory, or give sessions a server of their own: an evicted session is a user logged out";
            return Check::warn("eviction", detail, remedy);
        }
        match policy {
            "noeviction" => Check::ok(
                "eviction",
                "noeviction: with memory full, new sessions are refused",
            ),
            "volatile-ttl" => Check::ok(
                "eviction",
                "volatile-ttl: with memory full, what ends soonest goes first",
            ),
            policy if policy.starts_with("volatile-") => Check::ok(
                "eviction",
                format!("{policy}: with memory full, keys that expire go"),
            ),
            policy => {
                let when = match self.number("maxmemory") {
                    0 => "once maxmemory is set and reached",
                    _ => "once maxmemory is reached",
                };
                let detail = format!("{policy}: {when}, live sessions go as any other key");
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
            return untold("memory", "what memory it uses");
        }
        let machine = self.number("total_system_memory");
        let (of, size) = match (limit, machine) {
            (0, 0) => return Check::ok("memory", format!("{}, maxmemory is not set", bytes(used))),
            (0, machine) => (machine, "of the machine, maxmemory is not set"),
            (limit, _) => (limit, "of maxmemory"),
        };
        let percent = u128::from(used) * 100 / u128::from(of);
        let detail = format!("{} of {} {size} ({percent} %)", bytes(used), bytes(of));
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

fn untold(name: &'static str, what: &str) -> Check {
    let remedy = "look at the server itself, or allow INFO there (ACL: +info)";
    Check::warn(name, format!("the server does not tell {what}"), remedy)
}

/// A number of bytes, rounded to one decimal.
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

/// The first major version of Redis with users (ACL).
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
    fn versions_of_both_servers_are_told() {
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
            "the server does not tell its version",
        );
    }

    #[test]
    fn only_policies_that_spare_live_sessions_are_ok() {
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
            "allkeys-lru: once maxmemory is set and reached, live sessions go as any other key",
        );
        is(
            &info("maxmemory_policy:allkeys-lfu maxmemory:9").eviction(),
            Warn,
            "allkeys-lfu: once maxmemory is reached, live sessions go as any other key",
        );
        is(
            &info("maxmemory_policy:volatile-ttl evicted_keys:3").eviction(),
            Warn,
            "volatile-ttl: 3 keys were evicted since the server started",
        );
        is(
            &info("").eviction(),
            Warn,
            "the server does not tell its maxmemory-policy",
        );
    }

    #[test]
    fn memory_is_compared_with_its_limit_or_the_machine() {
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
            "10.0 MiB of 100.0 MiB of maxmemory (10 %)",
        );
        is(
            &memory(89, 100, ""),
            Ok,
            "89.0 MiB of 100.0 MiB of maxmemory (89 %)",
        );
        is(
            &memory(90, 100, ""),
            Warn,
            "90.0 MiB of 100.0 MiB of maxmemory (90 %): nearly full",
        );
        is(
            &memory(101, 100, "maxmemory_policy:noeviction"),
            Fail,
            "101.0 MiB of 100.0 MiB of maxmemory (101 %): new sessions are refused",
        );
        assert_eq!(
            memory(101, 100, "maxmemory_policy:volatile-ttl").status,
            Warn
        );
        is(&memory(1, 0, ""), Ok, "1.0 MiB, maxmemory is not set");
        is(
            &memory(1, 0, &format!("total_system_memory:{}", 2048 * mib)),
            Ok,
            "1.0 MiB of 2.0 GiB of the machine, maxmemory is not set (0 %)",
        );
        is(
            &info("").memory(),
            Warn,
            "the server does not tell what memory it uses",
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
