//! The scripts that the server runs, each on one key, so that they are legal in a Cluster.

use std::time::Duration;

use fred::error::Error;
use fred::interfaces::LuaInterface;
use fred::types::{FromValue, Key, MultipleValues};

/// A script and its SHA-1 hash, by which the server knows it once it has run it.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) hash: &'static str,
    pub(crate) lua: &'static str,
}

/// Returns the value and its remaining milliseconds.
pub(crate) const LOAD: Script = Script {
    hash: "be9d22d909da5946351236499ac59a04b52d367f",
    lua: include_str!("load.lua"),
};

/// Stores ARGV[2] for ARGV[3] milliseconds if the key holds ARGV[1]. Answers with what it holds instead.
pub(crate) const SAVE: Script = Script {
    hash: "e9ba7f8a89ed1561e07b414d192d6ca26e8381c4",
    lua: include_str!("save.lua"),
};

/// Removes the key if it holds ARGV[1]. Answers with what it holds instead.
pub(crate) const RETIRE: Script = Script {
    hash: "02aaef13bd60d4d7bdb1b0f6c8ce7f68ed5cb89b",
    lua: include_str!("retire.lua"),
};

/// Shows at start-up that this connection may write and run scripts.
pub(crate) const PROBE: Script = Script {
    hash: "dd2acebb74c2575e81156a1fa04557de8c95f2c6",
    lua: include_str!("probe.lua"),
};

impl Script {
    /// Runs the script on `key`. A server that does not know it, because it is new or was restarted, gets its
    /// text.
    pub(crate) fn run<C, R, A>(
        &self,
        client: C,
        key: &Key,
        arguments: A,
    ) -> impl Future<Output = Result<R, Error>> + Send + use<C, R, A>
    where
        C: LuaInterface + Sync,
        R: FromValue + Send,
        A: TryInto<MultipleValues> + Clone + Send,
        A::Error: Into<Error> + Send,
    {
        let (hash, lua, key) = (self.hash, self.lua, key.clone());
        async move {
            match client.evalsha(hash, key.clone(), arguments.clone()).await {
                Err(error) if error.details().starts_with("NOSCRIPT") => {
                    client.eval(lua, key, arguments).await
                }
                result => result,
            }
        }
    }
}

/// What Redis takes for a duration: at least one millisecond, and no more than it can add to its clock.
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
    fn every_hash_is_that_of_its_script() {
        for script in [LOAD, SAVE, RETIRE, PROBE] {
            let hash: String = Sha1::digest(script.lua)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(script.hash, hash, "{}", script.lua);
        }
    }
}
