//! actix-web: bare, with our sessions, and with actix-session.

use std::rc::Rc;

use actix_session::config::CookieContentSecurity;
use actix_session::storage::{CookieSessionStore, SessionStore};
use actix_session::{Session, SessionGetError, SessionInsertError, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use actix_web::rt::{System, SystemRunner};
use actix_web::test::{TestRequest, init_service};
use actix_web::{HttpResponse, web};
use session_actix::{SessionError, SessionManager};
use session_bench::session::SECRET;

use crate::app::{Answer, App, Route};
use crate::client::{Client, Executor, InProcess};
use crate::values;

/// A client of a service.
#[derive(Debug)]
pub struct ActixClient<S> {
    service: Rc<S>,
    cookie: Option<HeaderValue>,
}

/// The routes without sessions.
pub fn bare() -> impl App {
    InProcess::new(System::new(), async || {
        let app = actix_web::App::new()
            .route(Route::Untouched.path(), web::get().to(untouched))
            .route(Route::Read.path(), web::get().to(untouched))
            .route(Route::Write.path(), web::get().to(untouched));
        ActixClient::new(init_service(app).await)
    })
}

/// The routes with our sessions.
pub fn ours(manager: SessionManager) -> impl App {
    InProcess::new(System::new(), async || {
        let app = actix_web::App::new()
            .wrap(session_actix::SessionMiddleware::new(manager))
            .route(Route::Seed.path(), web::get().to(our_seed))
            .route(Route::Untouched.path(), web::get().to(untouched))
            .route(Route::Read.path(), web::get().to(our_read))
            .route(Route::Write.path(), web::get().to(our_write))
            .route(Route::Check.path(), web::get().to(our_check));
        ActixClient::new(init_service(app).await)
    })
}

/// The application with actix-session's sessions in the cookie, signed.
pub fn cookie() -> impl App {
    InProcess::new(System::new(), async || {
        client(CookieSessionStore::default()).await
    })
}

/// The application with its sessions in the cookie, encrypted, which is the default.
pub fn private_cookie() -> impl App {
    InProcess::new(System::new(), async || {
        secured(
            CookieSessionStore::default(),
            CookieContentSecurity::Private,
        )
        .await
    })
}

/// Creates a client of an application with its sessions in a store and signed cookies.
pub async fn client(store: impl SessionStore + 'static) -> impl Client + Clone {
    secured(store, CookieContentSecurity::Signed).await
}

async fn secured(
    store: impl SessionStore + 'static,
    security: CookieContentSecurity,
) -> impl Client + Clone {
    let middleware = SessionMiddleware::builder(store, Key::from(SECRET.as_bytes()))
        .cookie_content_security(security)
        .build();
    let app = actix_web::App::new()
        .wrap(middleware)
        .route(Route::Seed.path(), web::get().to(seed))
        .route(Route::Untouched.path(), web::get().to(untouched))
        .route(Route::Read.path(), web::get().to(read))
        .route(Route::Write.path(), web::get().to(write))
        .route(Route::Check.path(), web::get().to(check));
    ActixClient::new(init_service(app).await)
}

impl<S> ActixClient<S> {
    fn new(service: S) -> Self {
        Self {
            service: Rc::new(service),
            cookie: None,
        }
    }
}

impl<S> Clone for ActixClient<S> {
    fn clone(&self) -> Self {
        Self {
            service: Rc::clone(&self.service),
            cookie: self.cookie.clone(),
        }
    }
}

impl<S, B> Client for ActixClient<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    type Response = ServiceResponse<B>;

    fn take_cookie(&mut self, cookie: Option<&str>) {
        self.cookie = cookie.map(|cookie| HeaderValue::from_str(cookie).expect("it is a header"));
    }

    async fn send(&mut self, route: Route) -> ServiceResponse<B> {
        let mut request = TestRequest::with_uri(route.path());
        if let Some(cookie) = &self.cookie {
            request = request.insert_header((COOKIE, cookie.clone()));
        }
        let response = self.service.call(request.to_request()).await;
        response.expect("it answers")
    }

    fn answer(response: &ServiceResponse<B>) -> Answer {
        let set_cookie = response.headers().get(SET_COOKIE);
        Answer {
            status: response.status().as_u16(),
            set_cookie: set_cookie.map(|value| value.to_str().expect("it is ASCII").to_owned()),
        }
    }
}

impl Executor for SystemRunner {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }
}

async fn untouched() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn our_seed(session: session_actix::Session) -> Result<HttpResponse, SessionError> {
    for (key, value) in values::all() {
        session.put(&key, value)?;
    }
    Ok(HttpResponse::Ok().finish())
}

async fn our_read(session: session_actix::Session) -> Result<HttpResponse, SessionError> {
    Ok(answer(values::found(session.get("user_id")?)))
}

async fn our_write(session: session_actix::Session) -> Result<HttpResponse, SessionError> {
    let visits: u64 = session.get_or("visits", 0)?;
    session.put("visits", visits + 1)?;
    Ok(HttpResponse::Ok().finish())
}

async fn our_check(session: session_actix::Session) -> Result<HttpResponse, SessionError> {
    Ok(answer(values::written(session.get("visits")?)))
}

async fn seed(session: Session) -> Result<HttpResponse, SessionInsertError> {
    for (key, value) in values::all() {
        session.insert(key, value)?;
    }
    Ok(HttpResponse::Ok().finish())
}

async fn read(session: Session) -> Result<HttpResponse, SessionGetError> {
    Ok(answer(values::found(session.get("user_id")?)))
}

async fn write(session: Session) -> actix_web::Result<HttpResponse> {
    let visits: u64 = session.get("visits")?.unwrap_or_default();
    session.insert("visits", visits + 1)?;
    Ok(HttpResponse::Ok().finish())
}

async fn check(session: Session) -> Result<HttpResponse, SessionGetError> {
    Ok(answer(values::written(session.get("visits")?)))
}

fn answer(status: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(status).expect("it is a status"))
}
