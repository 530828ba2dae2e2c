//! Drives the shop as browsers do, without a server.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod account;
mod admin;
mod cart;
mod csrf;
mod devices;
mod forms;
mod order;
mod remember;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use session_axum::testing::{TestSessions, Visitor};
use session_axum::{CookieOptions, MemoryDriver, Secret, SessionManager};
use tower::ServiceExt;

/// The shop, with sessions in memory and a clock that a test moves.
struct Shop {
    sessions: TestSessions,
    app: Router,
}

impl Shop {
    fn open() -> Self {
        let sessions = TestSessions::with(|clock| {
            let driver = MemoryDriver::new().with_clock(clock);
            let builder = SessionManager::builder(driver, Secret::generate().unwrap());
            shop::sessions(builder, CookieOptions::default())
        });
        let app = shop::app(sessions.manager());
        Self { sessions, app }
    }

    /// A browser without a cookie.
    fn browser(&self) -> Browser {
        Browser {
            app: self.app.clone(),
            visitor: self.sessions.guest(),
        }
    }

    /// A browser whose user just signed up. The first one is the admin.
    async fn sign_up(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        let form = format!("name={name}&password={PASSWORD}");
        assert_eq!(browser.post("/signup", &form).await.location, "/");
        browser
    }

    /// Another browser of a user who has an account.
    async fn log_in(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        let form = format!("name={name}&password={PASSWORD}");
        assert_eq!(browser.post("/login", &form).await.location, "/");
        browser
    }
}

/// A browser that keeps the session's cookie. A clone has a copy of the cookie.
#[derive(Clone)]
struct Browser {
    app: Router,
    visitor: Visitor,
}

impl Browser {
    async fn get(&mut self, path: &str) -> Answer {
        Answer::read(self.send(Request::get(path), Body::empty()).await).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Answer {
        let request = Request::post(path).header("sec-fetch-site", "same-origin");
        Answer::read(self.send(request, Body::from(form.to_owned())).await).await
    }

    /// Posts a form, and returns the page that the browser shows then.
    async fn submit(&mut self, path: &str, form: &str) -> String {
        let answer = self.post(path, form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        self.get(&answer.location).await.body
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Response {
        let request = request
            .header("cookie", self.visitor.cookie())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("user-agent", "Firefox/140.0 (Linux)");
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await;
        let response = response.unwrap();
        self.visitor.receive_headers(response.headers());
        response
    }

    async fn is_logged_in(&mut self) -> bool {
        self.get("/devices").await.status == StatusCode::OK
    }
}

/// A response, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// Where a redirect leads, or nothing.
    location: String,
    body: String,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let location = parts.headers.get("location");
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Self {
            status: parts.status,
            location: location.map_or(String::new(), |to| to.to_str().unwrap().to_owned()),
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }
}

const PASSWORD: &str = "correct+horse+battery+staple";
