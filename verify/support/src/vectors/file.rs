//! The structure of the file. Fields that end in `_json` contain JSON text.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
pub struct Vectors {
    /// The secret that signed every cookie, unless an entry has its own.
    pub secret: String,
    /// The name of the cookie.
    pub cookie_name: String,
    /// Single sessions, by both drivers.
    pub writes: Vec<Write>,
    /// Sequences of requests, by the cookie driver.
    pub chains: Vec<Chain>,
    /// Cookie headers, valid or not.
    pub cookie_loads: Vec<CookieLoad>,
    /// Cookie headers together with the content of Redis, valid or not.
    pub redis_loads: Vec<RedisLoad>,
    /// Single requests with the content of Redis before and after.
    pub redis_sequences: Vec<Sequence>,
    /// Cookie options and the attributes that they produce.
    pub set_cookie_shapes: Vec<Shape>,
}

/// A session that was created by one request.
#[derive(Debug, Deserialize)]
pub struct Write {
    /// The name of the entry.
    pub name: String,
    /// The version of `@rudderjs/session`.
    pub seed_version: String,
    /// `cookie` or `redis`.
    pub driver: String,
    /// The time of the request.
    pub now_ms: u64,
    /// The lifetime of the session.
    pub lifetime_minutes: u64,
    /// The verbs of the request: see [`Operation`](super::operation::Operation).
    pub ops_json: String,
    /// What the cookie carries. Empty for Redis.
    #[serde(default)]
    pub payload_json: String,
    /// The value of the cookie.
    pub cookie_value: String,
    /// The Set-Cookie line.
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
    /// The name of the entry.
    pub name: String,
    /// The version of `@rudderjs/session`.
    pub seed_version: String,
    /// Always `cookie`.
    pub driver: String,
    /// The secret.
    pub secret: String,
    /// The lifetime of the session.
    pub lifetime_minutes: u64,
    /// The requests.
    pub steps: Vec<Step>,
}

/// A request of a [`Chain`].
#[derive(Debug, Deserialize)]
pub struct Step {
    /// The time of the request.
    pub now_ms: u64,
    /// `name=value`, or empty for a visitor without a cookie.
    pub request_cookie: String,
    /// The verbs of the request.
    pub ops_json: String,
    /// The session when the request starts.
    pub loaded: LoadedSession,
    /// The results of the verbs.
    pub results_json: String,
    /// The verbs that this version does not have.
    #[serde(default)]
    pub unsupported: Vec<String>,
    /// The exception that the handler threw.
    pub thrown: Option<String>,
    /// The Set-Cookie lines.
    pub set_cookie: Vec<String>,
    /// What was stored, if anything.
    pub payload_json: Option<String>,
}

/// A session as a handler sees it.
#[derive(Debug, Deserialize)]
pub struct LoadedSession {
    /// The id.
    pub id: String,
    /// The data.
    pub data_json: String,
    /// The flash data of the previous request.
    pub flash_json: String,
}

/// A Cookie header for the cookie driver.
#[derive(Debug, Deserialize)]
pub struct CookieLoad {
    /// The name of the entry.
    pub name: String,
    /// The time of the request.
    pub now_ms: u64,
    /// The header.
    pub cookie_header: String,
    /// The data that `@rudderjs/session` found.
    pub seed_data_json: String,
    /// The flash data that `@rudderjs/session` found.
    pub seed_flash_json: String,
    /// What this library does.
    pub expect: Expect,
    /// What this library does when it accepts cookies without an expiry.
    pub expect_migrating: Expect,
}

/// A Cookie header for the Redis driver.
#[derive(Debug, Deserialize)]
pub struct RedisLoad {
    /// The name of the entry.
    pub name: String,
    /// The prefix of the keys.
    pub prefix: String,
    /// The header.
    pub cookie_header: String,
    /// The content of Redis.
    pub redis_before: BTreeMap<String, String>,
    /// The data that `@rudderjs/session` found.
    pub seed_data_json: String,
    /// What this library does.
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
    /// The name of the entry.
    pub name: String,
    /// Always `redis`.
    pub driver: String,
    /// The secret.
    pub secret: String,
    /// The lifetime of the session.
    pub lifetime_minutes: u64,
    /// The ids that `@rudderjs/session` generated.
    pub uuids: Vec<String>,
    /// The Cookie header.
    pub cookie_header: String,
    /// The content of Redis before the request.
    pub redis_before: BTreeMap<String, String>,
    /// The verbs of the request.
    pub ops_json: String,
    /// The Set-Cookie lines.
    pub set_cookie: Vec<String>,
    /// The content of Redis after the request.
    pub redis_after: BTreeMap<String, String>,
}

/// Cookie options and the attributes that they produce.
#[derive(Debug, Deserialize)]
pub struct Shape {
    /// The options.
    pub cookie: CookieOptions,
    /// The lifetime of the session.
    pub lifetime_minutes: u64,
    /// The attributes of the Set-Cookie line.
    pub attributes: String,
}

/// The cookie options of `@rudderjs/session`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CookieOptions {
    /// The name.
    pub name: String,
    /// `Secure`.
    pub secure: bool,
    /// `SameSite`.
    pub same_site: session_core::SameSite,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `Path`.
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
