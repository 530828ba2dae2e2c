//! The structure of the file. Fields that end in `_json` contain JSON text.
#![allow(missing_docs, reason = "vectors/README.md describes the fields")]

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
pub struct Vectors {
    pub secret: String,
    pub cookie_name: String,
    pub writes: Vec<Write>,
    pub chains: Vec<Chain>,
    pub cookie_loads: Vec<CookieLoad>,
    pub redis_loads: Vec<RedisLoad>,
    pub redis_sequences: Vec<Sequence>,
    pub set_cookie_shapes: Vec<Shape>,
}

/// A session that was created by one request.
#[derive(Debug, Deserialize)]
pub struct Write {
    pub name: String,
    pub seed_version: String,
    pub driver: String,
    pub now_ms: u64,
    pub lifetime_minutes: u64,
    pub ops_json: String,
    /// What the cookie carries. Empty for Redis.
    #[serde(default)]
    pub payload_json: String,
    pub cookie_value: String,
    pub set_cookie: String,
    /// The key in Redis. Empty for the cookie driver.
    #[serde(default)]
    pub redis_key: String,
    /// The value in Redis. Empty for the cookie driver.
    #[serde(default)]
    pub redis_value: String,
    /// The TTL in Redis. Zero for the cookie driver.
    #[serde(default)]
    pub ttl_seconds: u64,
}

/// Several requests, each with the cookie of the previous one.
#[derive(Debug, Deserialize)]
pub struct Chain {
    pub name: String,
    pub seed_version: String,
    pub driver: String,
    pub secret: String,
    pub lifetime_minutes: u64,
    pub steps: Vec<Step>,
}

/// A request of a [`Chain`].
#[derive(Debug, Deserialize)]
pub struct Step {
    pub now_ms: u64,
    /// `name=value`, or empty for a visitor without a cookie.
    pub request_cookie: String,
    pub ops_json: String,
    pub loaded: LoadedSession,
    pub results_json: String,
    /// The verbs that this version does not have.
    #[serde(default)]
    pub unsupported: Vec<String>,
    /// The exception that the handler threw.
    pub thrown: Option<String>,
    pub set_cookie: Vec<String>,
    /// What was stored, if anything.
    pub payload_json: Option<String>,
}

/// A session as a handler sees it.
#[derive(Debug, Deserialize)]
pub struct LoadedSession {
    pub id: String,
    pub data_json: String,
    pub flash_json: String,
}

/// A Cookie header for the cookie driver.
#[derive(Debug, Deserialize)]
pub struct CookieLoad {
    pub name: String,
    pub now_ms: u64,
    pub cookie_header: String,
    pub seed_data_json: String,
    pub seed_flash_json: String,
    pub expect: Expect,
    pub expect_migrating: Expect,
}

/// A Cookie header for the Redis driver.
#[derive(Debug, Deserialize)]
pub struct RedisLoad {
    pub name: String,
    pub prefix: String,
    pub cookie_header: String,
    pub redis_before: BTreeMap<String, String>,
    pub seed_data_json: String,
    pub expect: Expect,
}

/// What becomes of a Cookie header.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// The session is opened.
    Accepted,
    /// The visitor gets a new session.
    Fresh,
}

/// A request to the Redis driver.
#[derive(Debug, Deserialize)]
pub struct Sequence {
    pub name: String,
    pub driver: String,
    pub secret: String,
    pub lifetime_minutes: u64,
    /// The ids that `@rudderjs/session` generated.
    pub uuids: Vec<String>,
    pub cookie_header: String,
    pub redis_before: BTreeMap<String, String>,
    pub ops_json: String,
    pub set_cookie: Vec<String>,
    pub redis_after: BTreeMap<String, String>,
}

/// Cookie options and the attributes that they produce.
#[derive(Debug, Deserialize)]
pub struct Shape {
    pub cookie: CookieOptions,
    pub lifetime_minutes: u64,
    pub attributes: String,
}

/// The cookie options of `@rudderjs/session`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CookieOptions {
    pub name: String,
    pub secure: bool,
    pub same_site: session_core::SameSite,
    pub http_only: bool,
    pub path: String,
}

impl Vectors {
    /// Reads the file.
    pub fn read() -> Self {
        serde_json::from_str(include_str!("../../vectors/seed.json")).unwrap()
    }

    /// Returns the entries of `writes` that belong to `driver`.
    pub fn writes_of(&self, driver: &str) -> impl Iterator<Item = &Write> {
        // The test harness shows the names if the test fails.
        self.writes
            .iter()
            .filter(move |write| write.driver == driver)
            .inspect(|write| println!("{} of {}", write.name, write.seed_version))
    }
}

impl Write {
    /// Returns `true` if this version signs an expiry.
    pub fn is_dated(&self) -> bool {
        is_dated(&self.seed_version)
    }
}

impl Chain {
    /// Returns `true` if this version signs an expiry.
    pub fn is_dated(&self) -> bool {
        is_dated(&self.seed_version)
    }
}

fn is_dated(version: &str) -> bool {
    match version {
        "1.0.4" => false,
        "2.6.0" => true,
        other => panic!("the file contains an unknown version: {other}"),
    }
}
