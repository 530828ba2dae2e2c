//! Requests of a visitor, and a store that fails.

use std::sync::Arc;

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;
use actix_web::{Error, HttpResponse};
use session_actix::testing::{TestSessions, Visitor};
use session_actix::{Builder, Secret, Session, SessionError, SessionManager, SessionMiddleware};
use test_support::probe::Probe;

/// Sessions in memory, and their middleware.
pub(crate) fn memory() -> (TestSessions, SessionMiddleware) {
    let sessions = TestSessions::new();
    let middleware = sessions.manager().into();
    (sessions, middleware)
}

/// Sessions in a store that can be watched and broken.
pub(crate) fn probed(set: fn(Builder) -> Builder) -> (Arc<Probe>, TestSessions, SessionMiddleware) {
    let probe = Arc::new(Probe::default());
    let driver = probe.clone();
    let sessions =
        TestSessions::with(|_| set(SessionManager::builder(driver, Secret::generate().unwrap())));
    let middleware = sessions.manager().into();
    (probe, sessions, middleware)
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// The text of the error that reached the server, which made this response from it.
    pub(crate) error: Option<String>,
}

impl Answer {
    pub(crate) fn set_cookies(&self) -> usize {
        self.headers.get_all("set-cookie").count()
    }

    async fn new(response: HttpResponse<impl MessageBody>, error: Option<String>) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.ok().unwrap();
        Self {
            status,
            headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
            error,
        }
    }
}

/// Sends a visitor's request. The visitor keeps the cookie.
pub(crate) async fn send<B: MessageBody>(
    app: &impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    visitor: &mut Visitor,
    request: TestRequest,
) -> Answer {
    let request = request.append_header(("cookie", visitor.cookie()));
    let answer = match app.call(request.to_request()).await {
        Ok(response) => Answer::new(response.into_parts().1, None).await,
        Err(error) => Answer::new(error.error_response(), Some(error.to_string())).await,
    };
    for line in answer.headers.get_all("set-cookie") {
        visitor.receive_set_cookie(line.to_str().unwrap());
    }
    answer
}

pub(crate) async fn get<B: MessageBody>(
    app: &impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    visitor: &mut Visitor,
    path: &str,
) -> Answer {
    send(app, visitor, TestRequest::with_uri(path)).await
}

/// Returns the visitor's data and flash.
pub(crate) async fn stored(visitor: &Visitor) -> String {
    let session = visitor.session().await;
    let (data, flash) = (session.all().to_json(), session.all_flash().to_json());
    format!("{data} {flash}")
}

pub(crate) async fn count(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", 0, |n: u32| n + 1)?.to_string())
}

pub(crate) async fn has_session(session: Option<Session>) -> String {
    session.is_some().to_string()
}
