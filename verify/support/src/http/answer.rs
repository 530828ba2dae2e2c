//! A response.

use std::fmt;

use reqwest::header::{HeaderMap, SET_COOKIE};
use serde_json::Value;

use super::transcript::shortened;

/// A response, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Answer {
    pub(super) async fn read(response: reqwest::Response) -> reqwest::Result<Self> {
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }

    /// Returns the body as JSON. The headers must declare it as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{self}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns the message of an error response, whose body is `{"error":"…"}`.
    #[track_caller]
    pub fn error(&self) -> String {
        let json = self.json();
        assert_eq!(json.as_object().unwrap().len(), 1, "{self}");
        json["error"].as_str().unwrap().to_owned()
    }

    /// Returns the value of a header, or an empty string if there is none. The header must not
    /// occur twice.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().unwrap());
        assert_eq!(values.next(), None, "{name} occurs twice: {self}");
        value
    }

    /// Returns `true` if there is such a header.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Returns the Set-Cookie lines in order.
    pub fn set_cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(SET_COOKIE).iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }

    /// Returns the `name=token` of the only cookie that was set.
    #[track_caller]
    pub fn cookie(&self) -> String {
        self.set_cookie().0
    }

    /// Returns the `name=token` and the attributes of the only cookie that was set.
    #[track_caller]
    pub fn set_cookie(&self) -> (String, String) {
        let lines = self.set_cookies();
        assert_eq!(lines.len(), 1, "exactly one cookie should be set: {self}");
        let (cookie, attributes) = lines[0].split_once("; ").unwrap();
        (cookie.to_owned(), attributes.to_owned())
    }

    /// Returns `true` if the response has neither a cookie nor any caching header.
    pub fn is_silent(&self) -> bool {
        ["set-cookie", "vary", "cache-control"]
            .iter()
            .all(|name| !self.headers.contains_key(*name))
    }
}

/// Shows the status, the headers and the body.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            write!(f, "\n    {name}: {}", shortened(value.as_bytes()))?;
        }
        write!(f, "\n    {}", shortened(self.body.as_bytes()))
    }
}
