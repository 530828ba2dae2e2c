//! The Lua scripts that the server runs.
//!
//! Scripts for one key name it `KEYS[1]`, because some proxies look for it there. A Cluster accepts
//! several keys in one script only if they share a slot, so it never gets such a script.

use std::time::Duration;

use fred::error::Error;
use fred::interfaces::LuaInterface;
use fred::types::{FromValue, Key, Value};

/// A script and its SHA-1 hash, by which the server remembers it.
#[derive(Debug)]
pub(crate) struct Script {
    hash: &'static str,
    lua: &'static str,
}

/// Stores `ARGV[2]` for `ARGV[3]` milliseconds if the key holds the version `ARGV[1]`: 32 bytes of
/// white space, as in a mark, or the whole value, which is a JSON object and so contains a brace.
///
/// Returns 1 if that was done, 0 if the key does not exist, or else what the key holds and its TTL
/// in milliseconds.
pub(crate) const COMPARE_AND_SET: Script = Script {
    hash: "ea785ae7012f10795dabaeba55982b1b7c50fb9f",
    lua: include_str!("scripts/compare_and_set.lua"),
};

/// Does the same for several keys, with three arguments each, and returns a list of such replies. A
/// reply of -1 means that nothing was stored and the key needs a script of its own, because a command
/// failed or the key holds a large value.
///
/// `ARGV[1]` has a character for each of them. If it is an `o`, the key of an owner's index follows the
/// key, and the arguments of [`INDEX`] follow the others: the index names the session first.
pub(crate) const COMPARE_AND_SET_MANY: Script = Script {
    hash: "db5b54a2efc10a0c6f28d145c4f7f0f3681e3bd5",
    lua: concat!(
        include_str!("scripts/index.lua"),
        include_str!("scripts/compare_and_set_many.lua")
    ),
};

/// Adds the id `ARGV[1]` with the expiry `ARGV[2]` to the set, removes those whose expiry is up to
/// `ARGV[3]`, and lets the set live for `ARGV[4]` milliseconds more at least.
pub(crate) const INDEX: &str = concat!(
    include_str!("scripts/index.lua"),
    include_str!("scripts/add_to_index.lua")
);

/// Lets the key live for `ARGV[3]` milliseconds if it holds the version `ARGV[1]`, and writes the
/// expiry `ARGV[2]` into its mark, if it has one.
///
/// Returns 1 if that was done, 0 if the key does not exist, or -1 if it holds another version.
pub(crate) const TOUCH: Script = Script {
    hash: "fc76f2eae68c75931d02931c5ef506a6331076cd",
    lua: include_str!("scripts/touch.lua"),
};

/// Removes the key, and publishes the id `ARGV[2]` in the channel `ARGV[1]` if there was one.
///
/// Returns how many keys were removed.
pub(crate) const DESTROY: Script = Script {
    hash: "d689ad08fb1a127994865457d9389bd02bfff3d8",
    lua: include_str!("scripts/destroy.lua"),
};

/// Runs every command that sessions need, to find out at start-up whether the server allows them.
pub(crate) const CHECK_ACCESS: Script = Script {
    hash: "0af23bdc2f4d4410ae5450eab05d83b92b431eb3",
    lua: include_str!("scripts/check_access.lua"),
};

impl Script {
    /// Runs the script by its hash, and sends its text only if the server does not know it.
    pub(crate) async fn run<C: LuaInterface + Sync, R: FromValue>(
        &self,
        client: C,
        arguments: impl Fn() -> (Vec<Key>, Vec<Value>),
    ) -> Result<R, Error> {
        let (keys, values) = arguments();
        match client.evalsha(self.hash, keys, values).await {
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                let (keys, values) = arguments();
                Box::pin(client.eval(self.lua, keys, values)).await
            }
            result => result,
        }
    }
}

/// A duration as Redis accepts it: at least one millisecond, and little enough to be added to the
/// server's clock.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis())
        .unwrap_or(MAX_MILLIS)
        .clamp(1, MAX_MILLIS)
}

/// A hundred years.
const MAX_MILLIS: i64 = 100 * 365 * 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::*;

    #[test]
    fn hashes_match_their_scripts() {
        for script in [
            COMPARE_AND_SET,
            COMPARE_AND_SET_MANY,
            TOUCH,
            DESTROY,
            CHECK_ACCESS,
        ] {
            let hash: String = Sha1::digest(script.lua)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(script.hash, hash, "{}", script.lua);
        }
    }
}
