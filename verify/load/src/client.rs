//! A client with a cookie and a connection of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::arguments::Driver;
use crate::connection::{Connection, Response};
use crate::problem::{Problem, expect_equal};
use crate::target::Target;

/// A client that keeps the session's cookie.
#[derive(Debug)]
pub(crate) struct Client {
    target: Arc<Target>,
    connection: Option<Connection>,
    /// `name=token`, as last set by the server.
    pub(crate) cookie: Option<String>,
}

/// The outcome of a write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Written {
    /// Stored: the response set the cookie.
    Stored,
    /// Not stored, according to the response.
    Refused,
    /// The response set no cookie: the save failed, or the store's answer to it was lost.
    Unknown,
}

impl Client {
    pub(crate) fn new(target: &Arc<Target>) -> Self {
        Self {
            target: target.clone(),
            connection: None,
            cookie: None,
        }
    }

    /// Sends a request with the client's cookie, and keeps the new one.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Response, Problem> {
        let cookie = self.cookie.clone().unwrap_or_default();
        let answer = self.send_with(&cookie, method, path, body).await?;
        if let Some(cookie) = answer.cookie() {
            self.cookie = Some(cookie.to_owned()).filter(|cookie| !cookie.is_empty());
        }
        Ok(answer)
    }

    /// Sends a request with this Cookie header, or without one if it is empty.
    pub(crate) async fn send_with(
        &mut self,
        cookie: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Response, Problem> {
        let cookie = match cookie {
            "" => String::new(),
            cookie => format!("cookie: {cookie}\r\n"),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{cookie}\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.target.address,
            body.len()
        );
        let start = Instant::now();
        let response = tokio::time::timeout(PATIENCE, self.exchange(&request)).await;
        let wrong = |why: String| Problem::Wrong(format!("{method} {path}: {why}"));
        let mut answer = match response {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.connection = None;
                return Err(wrong(error.to_string()));
            }
            Err(_) => {
                self.connection = None;
                return Err(wrong(format!("no response within {PATIENCE:?}")));
            }
        };
        self.target.metrics.add(start.elapsed());
        answer.excused = self.target.outage.excuses(start);
        if answer.cookies() > 1 {
            return Err(wrong("several cookies were set".to_owned()));
        }
        Ok(answer)
    }

    fn knows_a_stored_session(&self) -> bool {
        matches!(self.target.driver, Driver::Redis) && self.cookie.is_some()
    }

    /// Writes to the session. Expects 204, with the cookie unless the client has that of a stored
    /// session, or the failures that an outage excuses.
    pub(crate) async fn write(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Written, Problem> {
        let answer = self.send(method, path, body).await?;
        match (answer.status, answer.cookie()) {
            (204, Some(cookie)) if !cookie.is_empty() => Ok(Written::Stored),
            // A write to a store that does not renew the session sends no cookie.
            (204, None) if self.knows_a_stored_session() && !answer.excused => Ok(Written::Stored),
            (503, None) if answer.excused => {
                self.count_refused();
                Ok(Written::Refused)
            }
            (204, None) if answer.excused => {
                self.count_refused();
                Ok(Written::Unknown)
            }
            _ => Err(Problem::Wrong(format!("{method} {path}: {answer:?}"))),
        }
    }

    /// Writes to the session, which must succeed.
    pub(crate) async fn must_write(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<(), Problem> {
        let written = self.write(method, path, body).await?;
        expect_equal(format_args!("{method} {path}"), written, Written::Stored)
    }

    /// Expects this value under a key, or no value. Reading sets no cookie.
    pub(crate) async fn expect_value(
        &mut self,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), Problem> {
        let cookie = self.cookie.clone().unwrap_or_default();
        self.expect_value_for(&cookie, key, value).await
    }

    /// Expects this value under a key for a client with this Cookie header.
    pub(crate) async fn expect_value_for(
        &mut self,
        cookie: &str,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), Problem> {
        let path = format!("/api/session/{key}");
        let answer = self.send_with(cookie, "GET", &path, "").await?;
        let found = match answer.status {
            200 => Some(&*answer.body),
            404 => None,
            status => return Err(Problem::Wrong(format!("GET {path}: {status}"))),
        };
        if found != value {
            let text = format!("GET {path}: {found:?} instead of {value:?}");
            return Err(match value {
                Some(_) => Problem::Lost(text),
                None => Problem::Wrong(text),
            });
        }
        expect_equal(format_args!("GET {path}: cookies"), answer.cookies(), 0)
    }

    /// Reads the whole session. Returns `None` if an outage prevents it.
    pub(crate) async fn session(&mut self) -> Result<Option<Value>, Problem> {
        let answer = self.send("GET", "/api/session", "").await?;
        match (answer.status, serde_json::from_str(&answer.body)) {
            (200, Ok(session)) => Ok(Some(session)),
            (503, _) if answer.excused => {
                self.count_refused();
                Ok(None)
            }
            _ => Err(Problem::Wrong(format!("GET /api/session: {answer:?}"))),
        }
    }

    /// Logs out, which removes the cookie.
    pub(crate) async fn log_out(&mut self) -> Result<(), Problem> {
        let answer = self.send("POST", "/api/destroy", "").await?;
        let found = (answer.status, answer.cookie());
        expect_equal("POST /api/destroy", found, (204, Some("")))
    }

    /// Counts a request that failed because of the outage.
    pub(crate) fn count_refused(&self) {
        self.target.outage.count_refused();
    }

    async fn exchange(&mut self, request: &str) -> std::io::Result<Response> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(&self.target.address).await?),
        };
        connection.send(request).await
    }
}

/// Longer than any response takes.
const PATIENCE: Duration = Duration::from_secs(20);
