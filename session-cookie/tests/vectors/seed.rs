//! The file's form. Fields that end in `_json` are JSON text.

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Seed {
    pub(crate) secret: String,
    pub(crate) cookie_name: String,
    pub(crate) writes: Vec<Write>,
    pub(crate) chains: Vec<Chain>,
    pub(crate) cookie_loads: Vec<Load>,
    pub(crate) set_cookie_shapes: Vec<Shape>,
}

#[derive(Deserialize)]
pub(crate) struct Write {
    pub(crate) name: String,
    pub(crate) seed_version: String,
    pub(crate) driver: String,
    pub(crate) now_ms: u64,
    pub(crate) lifetime_minutes: u64,
    pub(crate) ops_json: String,
    /// Only of the cookie driver.
    #[serde(default)]
    pub(crate) payload_json: String,
    pub(crate) cookie_value: String,
    pub(crate) set_cookie: String,
}

#[derive(Deserialize)]
pub(crate) struct Chain {
    pub(crate) name: String,
    pub(crate) seed_version: String,
    pub(crate) driver: String,
    pub(crate) secret: String,
    pub(crate) lifetime_minutes: u64,
    pub(crate) steps: Vec<Step>,
}

#[derive(Deserialize)]
pub(crate) struct Step {
    pub(crate) now_ms: u64,
    /// `name=value`, empty for a visitor without a cookie.
    pub(crate) request_cookie: String,
    pub(crate) ops_json: String,
    pub(crate) loaded: Loaded,
    pub(crate) results_json: String,
    /// The verbs that this version of the seed did not have.
    #[serde(default)]
    pub(crate) unsupported: Vec<String>,
    pub(crate) thrown: Option<String>,
    pub(crate) set_cookie: Vec<String>,
    /// Absent where nothing was stored.
    pub(crate) payload_json: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Loaded {
    pub(crate) id: String,
    pub(crate) data_json: String,
    pub(crate) flash_json: String,
}

#[derive(Deserialize)]
pub(crate) struct Load {
    pub(crate) name: String,
    pub(crate) now_ms: u64,
    pub(crate) cookie_header: String,
    pub(crate) seed_data_json: String,
    pub(crate) seed_flash_json: String,
    pub(crate) expect: Expect,
    pub(crate) expect_migrating: Expect,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expect {
    Accepted,
    Fresh,
}

#[derive(Deserialize)]
pub(crate) struct Shape {
    pub(crate) cookie: Cookie,
    pub(crate) lifetime_minutes: u64,
    pub(crate) attributes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) secure: bool,
    pub(crate) same_site: session_core::SameSite,
    pub(crate) http_only: bool,
    pub(crate) path: String,
}

impl Seed {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("seed.json")).unwrap()
    }
}

impl Write {
    pub(crate) fn is_dated(&self) -> bool {
        is_dated(&self.seed_version)
    }
}

impl Chain {
    pub(crate) fn is_dated(&self) -> bool {
        is_dated(&self.seed_version)
    }
}

/// Whether this version of the seed signs an expiry.
fn is_dated(version: &str) -> bool {
    match version {
        "1.0.4" => false,
        "2.6.0" => true,
        other => panic!("no such version here: {other}"),
    }
}
