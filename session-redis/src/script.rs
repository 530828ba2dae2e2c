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

/// If the key holds the version ARGV[1] (that of a mark, or the whole value where there is none): stores ARGV[2] for ARGV[3]
/// milliseconds, or removes the key where there is no ARGV[2]. Answers with what the key holds instead.
pub(crate) const COMPARE: Script = Script {
    hash: "bbc7f3efdaa8f1e963e51aa8b05dce9f1a87327d",
    lua: include_str!("compare.lua"),
};

/// Lets the key live for ARGV[2] milliseconds. ARGV[1] is the time in its mark, if it has one.
pub(crate) const TOUCH: Script = Script {
    hash: "0ae9c7940a327755330203083870656745781b43",
    lua: include_str!("touch.lua"),
};

/// Shows at start-up that this connection may write and run scripts.
pub(crate) const PROBE: Script = Script {
    hash: "d3fcfe020ce3352cf8117f742f7cea53c3850dc0",
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
                    Box::pin(client.eval(lua, key, arguments)).await
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
        for script in [COMPARE, TOUCH, PROBE] {
            let hash: String = Sha1::digest(script.lua)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(script.hash, hash, "{}", script.lua);
        }
    }
}
