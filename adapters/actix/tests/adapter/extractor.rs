//! The session as a handler's argument.

use std::error::Error as _;
use std::rc::Rc;

use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Json, get};
use actix_web::{App, ResponseError};
use serde_json::Value;
use session_actix::{Error, ErrorKind, OnOutage, Opening, Session, SessionError, Sessions};
use test_support::Log;

use crate::common::{count, get as get_page, has_session, memory, probed, send, stored};

#[actix_web::test]
async fn the_facade_gives_this_crates_type() {
    fn far_away() -> Result<(), Error> {
        Session::current()?.put("far", true)
    }
    async fn index() -> Result<String, SessionError> {
        far_away()?;
        let session: session_tower::Session = Session::try_current().unwrap().into();
        Ok(Session::from(session).all().to_json())
    }
    let (sessions, middleware) = memory();
    let app = App::new().wrap(middleware).route("/", get().to(index));
    let app = init_service(app).await;
    let answer = get_page(&app, &mut sessions.guest(), "/").await;
    assert_eq!(answer.body, r#"{"far":true}"#);
    assert!(Session::try_current().is_none());
}

/// The session does not consume the body.
#[actix_web::test]
async fn the_session_can_stand_before_or_after_the_body() {
    async fn put(
        before: Session,
        value: Json<Value>,
        after: Session,
    ) -> Result<&'static str, SessionError> {
        before.put("before", &value)?;
        after.put("after", value)?;
        Ok("put")
    }
    let (sessions, middleware) = memory();
    let app = App::new().wrap(middleware).route("/", web::post().to(put));
    let app = init_service(app).await;
    let mut ada = sessions.guest();
    let request = TestRequest::post().set_json([1, 2]);
    assert_eq!(send(&app, &mut ada, request).await.body, "put");
    assert_eq!(stored(&ada).await, r#"{"after":[1,2],"before":[1,2]} {}"#);
}

/// `Rc` is not `Send`, so neither is the handler's future.
#[actix_web::test]
async fn a_handler_that_stays_on_its_thread_has_a_session() {
    async fn local(session: Session) -> Result<String, SessionError> {
        let local = Rc::new("local");
        actix_web::rt::task::yield_now().await;
        session.put("a", *local)?;
        actix_web::rt::task::yield_now().await;
        Ok(Session::current()?.get_or("a", String::new())? + *local)
    }
    let (sessions, middleware) = memory();
    let app = App::new().wrap(middleware).route("/", get().to(local));
    let app = init_service(app).await;
    let answer = get_page(&app, &mut sessions.guest(), "/").await;
    assert_eq!(answer.body, "locallocal");
}

/// actix-web turns every failure into `None`; a `Result` has the reason.
#[actix_web::test]
async fn a_result_tells_an_outage_from_a_missing_middleware() {
    async fn which(session: Result<Session, SessionError>) -> String {
        let error = session.expect_err("there is none");
        format!("{:?}", error.error().kind())
    }
    let (probe, sessions, middleware) =
        probed(|builder| builder.opening(Opening::Lazy).on_outage(OnOutage::Refuse));
    let mut ada = sessions.visitor(|session| session.put("a", 1)).await;
    probe.break_loads(true);
    let inside = web::scope("/in")
        .wrap(middleware)
        .route("/which", get().to(which))
        .route("/optional", get().to(has_session))
        .route("/session", get().to(count));
    let app = App::new().service(inside).route("/out", get().to(which));
    let app = init_service(app).await;
    assert_eq!(
        get_page(&app, &mut ada, "/in/which").await.body,
        "Unavailable"
    );
    assert_eq!(get_page(&app, &mut ada, "/in/optional").await.body, "false");
    let answer = get_page(&app, &mut ada, "/in/session").await;
    assert_eq!((answer.status, &*answer.body), (503, "Service Unavailable"));
    assert_eq!(get_page(&app, &mut ada, "/out").await.body, "Missing");
}

#[actix_web::test]
async fn a_handler_ends_the_other_sessions_of_a_user() {
    async fn end_others(session: Session, sessions: Sessions) -> Result<String, SessionError> {
        let this = session.peek_id();
        let ended = sessions.revoke_all_of("ada", this.as_ref()).await?;
        Ok(ended.to_string())
    }
    let (_, sessions, middleware) = probed(|builder| builder.owner_key("user"));
    let login = |session: &session_tower::Session| session.put("user", "ada");
    let (mut here, there) = (sessions.visitor(login).await, sessions.visitor(login).await);
    let app = App::new().wrap(middleware).route("/", get().to(end_others));
    let app = init_service(app).await;
    assert_eq!(get_page(&app, &mut here, "/").await.body, "1");
    assert!(there.session().await.is_new());
    assert!(!here.session().await.is_new());
}

#[actix_web::test]
async fn an_error_keeps_its_kind_and_source() {
    let error = SessionError::from(Error::unavailable("refused"));
    assert_eq!(error.error().kind(), ErrorKind::Unavailable);
    assert_eq!(error.source().unwrap().to_string(), "refused");
    assert_eq!(error.status_code(), 503);
    let text = error.error().to_string();
    assert_eq!(actix_web::Error::from(error).to_string(), text);
}

#[actix_web::test]
async fn the_log_has_what_a_500_hides() {
    async fn decode(session: Session) -> Result<String, SessionError> {
        session.put("a", "text")?;
        Ok(session.get_or("a", 0)?.to_string())
    }
    let (sessions, middleware) = memory();
    let app = App::new().wrap(middleware).route("/", get().to(decode));
    let app = init_service(app).await;
    let log = Log::capture();
    let answer = get_page(&app, &mut sessions.guest(), "/").await;
    assert_eq!(answer.body, "Internal Server Error");
    let line = "request failed error=the value of \"a\"";
    assert_eq!(log.count(line), 1, "{}", log.text());
}
