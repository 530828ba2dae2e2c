//! The parts of the file that concern Redis. Fields that end in `_json` are JSON text.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Seed {
    pub(crate) secret: String,
    pub(crate) cookie_name: String,
    writes: Vec<serde_json::Value>,
    pub(crate) chains: Vec<Chain>,
    pub(crate) redis_loads: Vec<Load>,
    pub(crate) redis_sequences: Vec<Sequence>,
}

#[derive(Deserialize)]
pub(crate) struct Write {
    pub(crate) name: String,
    pub(crate) seed_version: String,
    pub(crate) lifetime_minutes: u64,
    pub(crate) ops_json: String,
    pub(crate) cookie_value: String,
    pub(crate) redis_key: String,
    pub(crate) redis_value: String,
    pub(crate) ttl_seconds: u64,
    pub(crate) set_cookie: String,
}

#[derive(Deserialize)]
pub(crate) struct Chain {
    pub(crate) driver: String,
}

#[derive(Deserialize)]
pub(crate) struct Load {
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) cookie_header: String,
    pub(crate) redis_before: BTreeMap<String, String>,
    pub(crate) seed_data_json: String,
    pub(crate) expect: Expect,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expect {
    Accepted,
    Fresh,
}

#[derive(Deserialize)]
pub(crate) struct Sequence {
    pub(crate) name: String,
    pub(crate) driver: String,
    pub(crate) secret: String,
    pub(crate) lifetime_minutes: u64,
    /// The ids that `@rudderjs/session` created.
    pub(crate) uuids: Vec<String>,
    pub(crate) cookie_header: String,
    pub(crate) redis_before: BTreeMap<String, String>,
    pub(crate) ops_json: String,
    pub(crate) set_cookie: Vec<String>,
    pub(crate) redis_after: BTreeMap<String, String>,
}

impl Seed {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("seed.json")).unwrap()
    }

    /// The entries of this driver. Those of the cookie driver have other fields.
    pub(crate) fn writes(&self) -> Vec<Write> {
        let redis = self
            .writes
            .iter()
            .filter(|write| write["driver"] == "redis");
        redis
            .map(|write| serde_json::from_value(write.clone()).unwrap())
            .collect()
    }
}
