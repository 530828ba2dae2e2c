//! The bodies of the API's requests and responses.

use std::time::Duration;

use http::StatusCode;
use session_core::{Error, RawValue, Session, Values};

/// Why a route of the API failed.
#[derive(Debug)]
pub enum Failure {
    /// A verb of the session failed.
    Session(Error),
    /// The request is invalid, for this reason.
    BadRequest(String),
    /// The session does not have the key.
    NotFound,
    /// Nobody is logged in.
    Unauthorized,
    /// The user has no such session.
    NoDevice,
    /// The request asked the handler to fail.
    OnPurpose,
}

impl Failure {
    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Session(error) => error.status(),
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::NoDevice => StatusCode::NOT_FOUND,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::OnPurpose => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the body of the response: `{"error":"…"}`.
    #[must_use]
    pub fn json(&self) -> String {
        let mut body = Values::new();
        // A string always has a JSON form.
        let _ = body.insert("error", &self.to_string());
        body.to_json()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Session(error) => error.fmt(f),
            Self::BadRequest(text) => f.write_str(text),
            Self::NotFound => f.write_str("there is no such key"),
            Self::Unauthorized => f.write_str("nobody is logged in"),
            Self::NoDevice => f.write_str("there is no such session"),
            Self::OnPurpose => f.write_str("the handler failed, as asked"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // This error already shows its text.
            Self::Session(error) => error.source(),
            _ => None,
        }
    }
}

/// Returns the whole session as JSON.
///
/// # Errors
///
/// Returns [`Failure::Session`] if the session cannot get an id.
pub fn show(session: &Session) -> Result<String, Failure> {
    let mut answer = Values::new();
    answer.insert("new", &session.is_new())?;
    answer.insert("id", session.id()?.as_str())?;
    answer.insert("data", &session.all())?;
    answer.insert("flash", &session.all_flash())?;
    Ok(answer.to_json())
}

/// Returns the id as JSON, without establishing a session.
#[must_use]
pub fn peek(session: &Session) -> String {
    let mut answer = Values::new();
    // A string or `null` always has a JSON form.
    let _ = answer.insert("id", &session.peek_id().as_ref().map(|id| id.as_str()));
    answer.to_json()
}

/// Marks the request as background, and returns the whole session as JSON.
///
/// # Errors
///
/// The same as [`show`].
pub fn show_in_background(session: &Session) -> Result<String, Failure> {
    session.background();
    show(session)
}

/// Reads for how many days a session is remembered.
///
/// # Errors
///
/// Returns [`Failure::BadRequest`] unless `days` is a number from 1 to 3650.
pub fn days(days: Option<&str>) -> Result<Duration, Failure> {
    match days.unwrap_or("30").parse::<u16>() {
        Ok(days @ 1..=3650) => Ok(DAY * u32::from(days)),
        _ => Err(Failure::BadRequest(
            "days is not a number from 1 to 3650".to_owned(),
        )),
    }
}

/// Reads a body as one JSON value of any type.
///
/// # Errors
///
/// Returns [`Failure::BadRequest`] if the body is not JSON.
pub fn value(body: &[u8]) -> Result<Box<RawValue>, Failure> {
    let text = String::from_utf8(body.to_vec()).map_err(|error| not_json(&error))?;
    RawValue::from_string(text).map_err(|error| not_json(&error))
}

/// Reads a body as a list of keys.
///
/// # Errors
///
/// Returns [`Failure::BadRequest`] if the body is anything else.
pub fn keys(body: &[u8]) -> Result<Vec<String>, Failure> {
    let mut keys = Values::new();
    keys.insert("keys", &value(body)?)?;
    keys.get("keys")
        .map(Option::unwrap_or_default)
        .map_err(|_| Failure::BadRequest("the body is not a list of keys".to_owned()))
}

/// Reads how long a slow handler waits.
///
/// # Errors
///
/// Returns [`Failure::BadRequest`] unless `ms` is a number of milliseconds up to 65535.
pub fn wait(ms: Option<&str>) -> Result<Duration, Failure> {
    match ms.map_or(Ok(0), str::parse::<u16>) {
        Ok(ms) => Ok(Duration::from_millis(ms.into())),
        Err(_) => Err(Failure::BadRequest(
            "ms is not a number from 0 to 65535".to_owned(),
        )),
    }
}

/// Returns a value's JSON.
///
/// # Errors
///
/// Returns [`Failure::NotFound`] if there is no value.
pub fn found(value: Option<Box<RawValue>>) -> Result<String, Failure> {
    value
        .map(|value| value.get().to_owned())
        .ok_or(Failure::NotFound)
}

fn not_json(error: &dyn std::error::Error) -> Failure {
    Failure::BadRequest(format!("the body is not JSON: {error}"))
}

/// A day.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The body of the route that never takes the session.
pub const UNTOUCHED: &str = "this handler does not take the session";
/// The content type of the API's responses.
pub const JSON: &str = "application/json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_json_value_keeps_its_text() {
        for text in ["null", "1.0", r#""\ud800""#, r#"{"b":1, "a":[ ]}"#] {
            assert_eq!(value(text.as_bytes()).unwrap().get(), text);
        }
        for body in [&b""[..], b"{", b"1 2", b"\xff", b"'a'"] {
            let failure = value(body).unwrap_err();
            assert_eq!(failure.status(), StatusCode::BAD_REQUEST);
            assert!(
                failure
                    .json()
                    .starts_with(r#"{"error":"the body is not JSON: "#)
            );
        }
    }

    #[test]
    fn only_a_list_of_keys_is_accepted() {
        assert_eq!(keys(br#"["a","b"]"#).unwrap(), ["a", "b"]);
        for body in ["{}", "[1]", "\"a\""] {
            let failure = keys(body.as_bytes()).unwrap_err();
            assert_eq!(
                failure.json(),
                r#"{"error":"the body is not a list of keys"}"#
            );
        }
    }

    #[test]
    fn waits_are_bounded() {
        assert_eq!(wait(None).unwrap(), Duration::ZERO);
        assert_eq!(wait(Some("65535")).unwrap(), Duration::from_millis(65535));
        for ms in ["65536", "-1", "", "x"] {
            assert_eq!(
                wait(Some(ms)).unwrap_err().status(),
                StatusCode::BAD_REQUEST
            );
        }
    }
}
