//! Forms that come back with what was wrong and what the user had typed.

use std::collections::BTreeMap;

use axum::response::Redirect;
use session_axum::{Error, Key, Session, SessionRejection};

/// A text for each field: what is wrong with it, or what it held.
pub(crate) type Fields = BTreeMap<String, String>;

const ERRORS: Key<Fields> = Key::new("errors");
const OLD: Key<Fields> = Key::new("old");

/// A form as it is shown: empty, or as it came back.
pub(crate) struct Form {
    errors: Fields,
    old: Fields,
}

impl Form {
    /// Reads what the previous request flashed.
    pub(crate) fn of(session: &Session) -> Result<Self, Error> {
        Ok(Self {
            errors: session.get_flash_or(&ERRORS, Fields::new())?,
            old: session.get_flash_or(&OLD, Fields::new())?,
        })
    }

    pub(crate) fn error(&self, field: &str) -> Option<&str> {
        self.errors.get(field).map(String::as_str)
    }

    pub(crate) fn old(&self, field: &str) -> &str {
        self.old.get(field).map_or("", String::as_str)
    }
}

/// Sends the user back to the form. Never put a password into `old`: the session would store it.
/// Long texts are cut, so that nobody fills the store.
pub(crate) fn back<const E: usize, const O: usize>(
    session: &Session,
    to: &str,
    errors: [(&str, &str); E],
    old: [(&str, &str); O],
) -> Result<Redirect, SessionRejection> {
    session.flash(&ERRORS, fields(errors))?;
    session.flash(&OLD, fields(old))?;
    Ok(Redirect::to(to))
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Fields {
    let short = |text: &str| text.chars().take(200).collect();
    fields
        .map(|(field, text)| (field.to_owned(), short(text)))
        .into()
}
