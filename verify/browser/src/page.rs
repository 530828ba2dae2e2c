//! The content of the playground's page.

use serde::Deserialize;

/// The page as displayed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Page {
    /// Path and query of its address.
    pub(crate) path: String,
    pub(crate) greeting: String,
    pub(crate) visits: u64,
    pub(crate) notice: Option<String>,
    pub(crate) error: Option<String>,
    /// The content of the name field.
    pub(crate) name: String,
    /// The beginning of the session's id.
    pub(crate) id: String,
    /// The login state in words.
    pub(crate) state: String,
    /// The user's devices: the name, and "this device" or the button's label.
    pub(crate) devices: Vec<String>,
}

impl Page {
    /// Reads the open page.
    pub(crate) const SCRIPT: &str = r##"
        const text = selector => document.querySelector(selector)?.innerText ?? null;
        return {
            path: location.pathname + location.search,
            greeting: text("h1"),
            visits: Number(text(".visits b")),
            notice: text(".notice"),
            error: text(".error"),
            name: document.querySelector("#name").value,
            id: text("dd code"),
            state: text("dd").replace(/.*\((.*)\)/, "$1"),
            devices: [...document.querySelectorAll(".devices li")]
                .map(device => device.innerText.replace(/\s+/g, " ")),
        };"##;

    pub(crate) fn is_logged_in(&self) -> bool {
        self.state == "logged in"
    }
}
