//! A client with its cookie, on a connection of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::connection::{Answer, Connection};
use crate::target::Target;
use crate::trouble::{Trouble, equal};

/// A client that keeps the session's cookie.
#[derive(Debug)]
pub(crate) struct Client {
    target: Arc<Target>,
    connection: Option<Connection>,
    /// `name=token`, as the server set it last.
    pub(crate) cookie: Option<String>,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Written {
    /// It is stored: the answer brought the cookie.
    Done,
    /// The answer says that it is not.
    Refused,
    /// The answer brought no cookie: it could not be saved, or the store's answer was lost.
    Perhaps,
}

impl Client {
    pub(crate) fn new(target: &Arc<Target>) -> Self {
        Self {
            target: target.clone(),
            connection: None,
            cookie: None,
        }
    }

    /// Sends a request with the client's cookie, and keeps the one that is set.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Answer, Trouble> {
        let cookie = self.cookie.clone().unwrap_or_default();
        let answer = self.ask_with(&cookie, method, path, body).await?;
        if let Some(cookie) = answer.cookie() {
            self.cookie = Some(cookie.to_owned()).filter(|cookie| !cookie.is_empty());
        }
        Ok(answer)
    }

    /// Sends a request with this Cookie header, none where it is empty.
    pub(crate) async fn ask_with(
        &mut self,
        cookie: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Answer, Trouble> {
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
        let begun = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, self.send(&request)).await;
        let wrong = |why: String| Trouble::Wrong(format!("{method} {path}: {why}"));
        let mut answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.connection = None;
                return Err(wrong(error.to_string()));
            }
            Err(_) => {
                self.connection = None;
                return Err(wrong(format!("no answer in {PATIENCE:?}")));
            }
        };
        self.target.figures.add(begun.elapsed());
        answer.excused = self.target.outage.excuses(begun);
        if answer.cookies() > 1 {
            return Err(wrong("several cookies are set".to_owned()));
        }
        Ok(answer)
    }

    /// Writes to the session: 204, and the cookie again. Only an outage excuses another answer.
    pub(crate) async fn write(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Written, Trouble> {
        let answer = self.ask(method, path, body).await?;
        match (answer.status, answer.cookie()) {
            (204, Some(cookie)) if !cookie.is_empty() => Ok(Written::Done),
            (503, None) if answer.excused => {
                self.note();
                Ok(Written::Refused)
            }
            (204, None) if answer.excused => {
                self.note();
                Ok(Written::Perhaps)
            }
            _ => Err(Trouble::Wrong(format!("{method} {path}: {answer:?}"))),
        }
    }

    /// Writes to the session where nothing is in the way.
    pub(crate) async fn surely(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<(), Trouble> {
        let written = self.write(method, path, body).await?;
        equal(format_args!("{method} {path}"), written, Written::Done)
    }

    /// Checks the value of a key, `None` where there is none. Reading sets no cookie.
    pub(crate) async fn holds(&mut self, key: &str, value: Option<&str>) -> Result<(), Trouble> {
        let cookie = self.cookie.clone().unwrap_or_default();
        self.holds_with(&cookie, key, value).await
    }

    /// Checks what a key holds for whoever sends this Cookie header.
    pub(crate) async fn holds_with(
        &mut self,
        cookie: &str,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), Trouble> {
        let path = format!("/api/session/{key}");
        let answer = self.ask_with(cookie, "GET", &path, "").await?;
        let found = match answer.status {
            200 => Some(&*answer.body),
            404 => None,
            status => return Err(Trouble::Wrong(format!("GET {path}: {status}"))),
        };
        if found != value {
            let text = format!("GET {path}: {found:?} instead of {value:?}");
            return Err(match value {
                Some(_) => Trouble::Lost(text),
                None => Trouble::Wrong(text),
            });
        }
        equal(format_args!("GET {path}: cookies"), answer.cookies(), 0)
    }

    /// What the session holds, `None` where an outage keeps the server from knowing.
    pub(crate) async fn session(&mut self) -> Result<Option<Value>, Trouble> {
        let answer = self.ask("GET", "/api/session", "").await?;
        match (answer.status, serde_json::from_str(&answer.body)) {
            (200, Ok(session)) => Ok(Some(session)),
            (503, _) if answer.excused => {
                self.note();
                Ok(None)
            }
            _ => Err(Trouble::Wrong(format!("GET /api/session: {answer:?}"))),
        }
    }

    /// Logs out: the cookie is removed.
    pub(crate) async fn log_out(&mut self) -> Result<(), Trouble> {
        let answer = self.ask("POST", "/api/destroy", "").await?;
        let found = (answer.status, answer.cookie());
        equal("POST /api/destroy", found, (204, Some("")))
    }

    /// What was asked was not to be had, which the outage excuses.
    pub(crate) fn note(&self) {
        self.target.outage.note();
    }

    async fn send(&mut self, request: &str) -> std::io::Result<Answer> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(&self.target.address).await?),
        };
        connection.ask(request).await
    }
}

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);
