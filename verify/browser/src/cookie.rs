//! What the browser keeps of a cookie.

use serde::{Deserialize, Serialize};

/// A cookie as the browser keeps it (DevTools protocol, "Network.Cookie").
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    /// With a dot in front where it goes to subdomains too.
    pub(crate) domain: String,
    pub(crate) path: String,
    /// In seconds since 1970; -1 where it ends with the browser's session.
    pub(crate) expires: f64,
    pub(crate) http_only: bool,
    pub(crate) secure: bool,
    pub(crate) same_site: Option<String>,
}

impl Cookie {
    /// Its name and value, together.
    pub(crate) fn size(&self) -> usize {
        self.name.len() + self.value.len()
    }
}
