//! The scripts that the server runs. In a Cluster each gets one key, or it would be refused.

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

/// If the key holds the version ARGV[1] (that of a mark, 32 bytes of white space, or the whole value where there is none):
/// stores ARGV[2] for ARGV[3] milliseconds, or removes the key where ARGV[2] is empty. Answers with 1, with 0 where the key
/// is gone, or with what it holds instead and for how many milliseconds.
///
/// Like all that get one key it names that as `KEYS[1]`, because some proxies look for it.
pub(crate) const COMPARE: Script = Script {
    hash: "61f5f06951a15a14148dcff190d4273c8407e6ac",
    lua: include_str!("compare.lua"),
};

/// The same for several keys, with three arguments each: a list of such answers, with -1 for a key that is better dealt with
/// alone, because something failed or what it holds is large. Nothing was done with that key.
pub(crate) const COMPARE_ALL: Script = Script {
    hash: "2d2939498bce9c4a4322ba42ed931498fb59c033",
    lua: include_str!("compare_all.lua"),
};

/// Lets the key live for ARGV[2] milliseconds. ARGV[1] is the time in its mark, if it has one.
pub(crate) const TOUCH: Script = Script {
    hash: "0ae9c7940a327755330203083870656745781b43",
    lua: include_str!("touch.lua"),
};

/// Shows at start-up that this connection may write and run scripts.
pub(crate) const PROBE: Script = Script {
    hash: "0af23bdc2f4d4410ae5450eab05d83b92b431eb3",
    lua: include_str!("probe.lua"),
};

impl Script {
    /// Runs the script on `keys`. A server that does not know it, because it is new or was restarted, gets its
    /// text.
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
        for script in [COMPARE, COMPARE_ALL, TOUCH, PROBE] {
            let hash: String = Sha1::digest(script.lua)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(script.hash, hash, "{}", script.lua);
        }
    }
}
