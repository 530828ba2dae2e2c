//! A cookie in the browser's store.

use serde::{Deserialize, Serialize};

/// A stored cookie (DevTools protocol, "Network.Cookie").
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Starts with a dot if the cookie is also sent to subdomains.
    pub(crate) domain: String,
    pub(crate) path: String,
    /// In seconds since 1970, or -1 if it ends with the browser's session.
    pub(crate) expires: f64,
    pub(crate) http_only: bool,
    pub(crate) secure: bool,
    pub(crate) same_site: Option<String>,
}

impl Cookie {
    /// Returns the bytes of the name and the value.
    pub(crate) fn size(&self) -> usize {
        self.name.len() + self.value.len()
    }
}
