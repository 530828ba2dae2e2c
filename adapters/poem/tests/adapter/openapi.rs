//! Handlers of poem-openapi.

use poem::error::Conflict;
use poem::test::TestClient;
use poem::{EndpointExt, Route};
use poem_openapi::param::Path;
use poem_openapi::payload::{Json, PlainText};
use poem_openapi::{ApiResponse, OpenApi, OpenApiService};
use session_poem::testing::TestSessions;
use session_poem::{
    CookieDriver, Secret, Session, SessionError, SessionManager, SessionMiddleware,
};

use crate::common::{get, memory, send, stored};

struct Api;

#[derive(ApiResponse)]
enum Found {
    #[oai(status = 200)]
    Value(Json<u32>),
    #[oai(status = 404)]
    Nothing,
}

#[OpenApi]
impl Api {
    #[oai(path = "/values/:key", method = "put")]
    async fn put(
        &self,
        session: Session,
        key: Path<String>,
        value: Json<u32>,
    ) -> poem::Result<PlainText<&'static str>> {
        let put = session.put(&*key, value.0);
        put.map_err(SessionError::from)?;
        Ok(PlainText("put"))
    }

    #[oai(path = "/values/:key", method = "get")]
    async fn get(&self, session: Session, key: Path<String>) -> poem::Result<Found> {
        let value = session.get(&*key).map_err(SessionError::from)?;
        Ok(value.map_or(Found::Nothing, |value| Found::Value(Json(value))))
    }

    #[oai(path = "/fail", method = "post")]
    async fn fail(&self) -> poem::Result<()> {
        let session = Session::current().map_err(SessionError::from)?;
        session.flash("failed", true).map_err(SessionError::from)?;
        Err(Conflict(std::io::Error::other("taken")))
    }

    #[oai(path = "/large", method = "post")]
    async fn large(&self, session: Session) -> poem::Result<()> {
        let put = session.put("large", "x".repeat(5000));
        Ok(put.map_err(SessionError::from)?)
    }

    #[oai(path = "/optional", method = "get")]
    async fn optional(&self, session: Option<Session>) -> PlainText<String> {
        PlainText(session.is_some().to_string())
    }
}

fn routes() -> Route {
    let api = OpenApiService::new(Api, "Values", "1.0").server("/api");
    let specification = api.spec_endpoint();
    Route::new().nest("/api", api).at("/spec", specification)
}

fn app(middleware: SessionMiddleware) -> TestClient<impl poem::Endpoint> {
    TestClient::new(routes().with(middleware))
}

#[tokio::test]
async fn a_handler_can_take_the_session_with_parameters_and_a_body() {
    let (sessions, middleware) = memory();
    let client = app(middleware);
    let mut ada = sessions.guest();
    let request = client.put("/api/values/a").body_json(&7);
    let response = request.send().await.0;
    ada.receive_headers(response.headers());
    assert_eq!(response.into_body().into_string().await.unwrap(), "put");
    let answer = get(&client, &mut ada, "/api/values/a").await;
    assert_eq!((answer.status, &*answer.body), (200, "7"));
    assert_eq!(get(&client, &mut ada, "/api/values/b").await.status, 404);
}

#[tokio::test]
async fn a_failing_openapi_handler_saves_its_session() {
    let (sessions, middleware) = memory();
    let client = app(middleware);
    let mut ada = sessions.guest();
    let answer = send(&client, &mut ada, "POST /api/fail", "").await;
    assert_eq!((answer.status, &*answer.body), (409, "taken"));
    assert_eq!(stored(&ada).await, r#"{} {"failed":true}"#);
}

#[tokio::test]
async fn session_errors_have_their_status() {
    let sessions =
        TestSessions::with(|_| SessionManager::builder(CookieDriver, Secret::generate().unwrap()));
    let client = app(sessions.manager().into());
    let mut ada = sessions.visitor(|session| session.put("a", "text")).await;
    assert_eq!(get(&client, &mut ada, "/api/values/a").await.status, 500);
    let answer = send(&client, &mut ada, "POST /api/large", "").await;
    assert_eq!(answer.status, 413);
}

/// The session is not a parameter of the API.
#[tokio::test]
async fn the_specification_does_not_mention_the_session() {
    let (sessions, middleware) = memory();
    let client = app(middleware);
    let specification = get(&client, &mut sessions.guest(), "/spec").await.body;
    assert!(specification.contains("/values/{key}"), "{specification}");
    let specification = specification.to_lowercase();
    assert!(!specification.contains("session"), "{specification}");
}

#[tokio::test]
async fn without_the_middleware_only_an_optional_session_works() {
    let (sessions, _) = memory();
    let client = TestClient::new(routes());
    let mut ada = sessions.guest();
    let answer = get(&client, &mut ada, "/api/optional").await;
    assert_eq!(answer.body, "false");
    assert_eq!(get(&client, &mut ada, "/api/values/a").await.status, 500);
}
