//! The Lua scripts that the server runs.
//!
//! Scripts for one key name it `KEYS[1]`, because some proxies look for it there. A Cluster accepts
//! several keys in one script only if they share a slot, so it never gets such a script.

use std::time::Duration;

use fred::error::Error;
use fred::interfaces::LuaInterface;
use fred::types::{FromValue, Key, MultipleValues};

/// A script and its SHA-1 hash, by which the server remembers it.
#[derive(Debug)]
pub(crate) struct Script {
    hash: &'static str,
    lua: &'static str,
}

/// Stores `ARGV[2]` for `ARGV[3]` milliseconds if the key holds the version `ARGV[1]`: 32 bytes of
/// white space, as in a mark, or the whole value.
///
/// Returns 1 if that was done, 0 if the key does not exist, or else what the key holds and its TTL
/// in milliseconds.
pub(crate) const COMPARE_AND_SET: Script = Script {
    hash: "c46bec7c6afa0aef60144e67f371d9c649c3cebb",
    lua: include_str!("scripts/compare_and_set.lua"),
};

/// Does the same for several keys, with three arguments each, and returns a list of such replies. A
/// reply of -1 means that nothing was done and the key needs a script of its own, because a command
/// failed or the key holds a large value.
pub(crate) const COMPARE_AND_SET_MANY: Script = Script {
    hash: "a56482f1662767f0aecdc1be2975c5f8e80da7dd",
    lua: include_str!("scripts/compare_and_set_many.lua"),
};

/// Lets the key live for `ARGV[3]` milliseconds if it holds the version `ARGV[1]`, and writes the
/// expiry `ARGV[2]` into its mark, if it has one.
///
/// Returns 1 if that was done, 0 if the key does not exist, or -1 if it holds another version.
pub(crate) const TOUCH: Script = Script {
    hash: "dafb449cf3cae12774ec81b08040be1559721093",
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
    pub(crate) fn run<C, R, A>(
        &self,
        client: C,
        keys: Vec<Key>,
        arguments: A,
    ) -> impl Future<Output = Result<R, Error>> + Send + use<C, R, A>
    where
        C: LuaInterface + Sync,
        R: FromValue + Send,
        A: TryInto<MultipleValues> + Clone + Send,
        A::Error: Into<Error> + Send,
    {
        let (hash, lua) = (self.hash, self.lua);
        async move {
            match client.evalsha(hash, keys.clone(), arguments.clone()).await {
                Err(error) if error.details().starts_with("NOSCRIPT") => {
                    Box::pin(client.eval(lua, keys, arguments)).await
                }
                result => result,
            }
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
