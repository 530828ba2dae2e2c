//! The middleware around routes, nested routes, and single handlers.

use poem::middleware::{AddData, Middleware, SetHeader};
use poem::test::TestClient;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Route, RouteMethod};
use session_poem::testing::TestSessions;
use session_poem::{ConfigError, CookieOptions, MemoryDriver, Secret};
use session_poem::{SessionConfig, SessionEndpoint, SessionManager, SessionMiddleware};

use crate::common::{count, get, has_session, memory, send};

#[tokio::test]
async fn a_middleware_covers_nested_routes() {
    let deep = || Route::new().at("/count", count);
    let (sessions, middleware) = memory();
    let app = Route::new()
        .nest("/a", Route::new().nest("/b", deep()))
        .nest_no_strip("/count", deep())
        .at("/:any", count)
        .with(middleware);
    let client = TestClient::new(app);
    let mut ada = sessions.guest();
    for (n, path) in ["/count", "/a/b/count", "/any"].into_iter().enumerate() {
        let answer = get(&client, &mut ada, path).await;
        assert_eq!(answer.body, (n + 1).to_string(), "{path}");
    }
}

#[tokio::test]
async fn a_single_handler_or_method_can_have_the_middleware() {
    let (sessions, middleware) = memory();
    let methods = RouteMethod::new()
        .get(has_session.with(middleware.clone()))
        .post(has_session);
    let app = Route::new()
        .at("/handler", has_session.with(middleware))
        .at("/method", methods)
        .at("/none", has_session);
    let client = TestClient::new(app);
    let mut ada = sessions.guest();
    assert_eq!(get(&client, &mut ada, "/handler").await.body, "true");
    assert_eq!(get(&client, &mut ada, "/method").await.body, "true");
    let answer = send(&client, &mut ada, "POST /method", "").await;
    assert_eq!(answer.body, "false");
    assert_eq!(get(&client, &mut ada, "/none").await.body, "false");
}

#[tokio::test]
async fn it_combines_with_other_middleware() {
    let (sessions, middleware) = memory();
    let combined = AddData::new(7_u8)
        .combine(middleware)
        .combine(SetHeader::new().appending("x-outer", "1"));
    let endpoint = count.with(combined);
    let answer = get(&TestClient::new(endpoint), &mut sessions.guest(), "/").await;
    assert_eq!((&*answer.body, answer.set_cookies()), ("1", 1));
    assert_eq!(answer.headers["x-outer"], "1");
}

#[tokio::test]
async fn different_sessions_work_side_by_side() {
    let staff = TestSessions::with(|clock| {
        let driver = MemoryDriver::new().with_clock(clock);
        SessionManager::builder(driver, Secret::generate().unwrap())
            .cookie(CookieOptions::default().name("staff"))
    });
    let (sessions, middleware) = memory();
    let app = Route::new().at("/shop", count.with(middleware)).at(
        "/staff",
        count.with(SessionMiddleware::new(staff.manager())),
    );
    let client = TestClient::new(app);
    let (mut ada, mut admin) = (sessions.guest(), staff.guest());
    get(&client, &mut ada, "/shop").await;
    get(&client, &mut admin, "/staff").await;
    let cookies = format!("{}; {}", ada.cookie(), admin.cookie());
    for path in ["/shop", "/staff"] {
        let response = client.get(path).header("cookie", &cookies).send().await;
        response.assert_text("2").await;
    }
}

#[tokio::test]
async fn a_middleware_follows_its_settings() {
    let vars = |name: &str| match name {
        "SESSION_SECRET" => Some("0123456789abcdef0123456789abcdef"),
        "SESSION_DRIVER" => Some("memory"),
        "SESSION_COOKIE" => Some("id"),
        _ => None,
    };
    let config = SessionConfig::from_vars(vars).unwrap();
    let middleware = SessionMiddleware::from_config(&config).await.unwrap();
    assert_eq!(middleware.manager().cookie_name(), "id");
    let response = TestClient::new(count.with(middleware))
        .get("/")
        .send()
        .await;
    let cookie = response.0.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("id="), "{cookie}");
}

/// The environment of tests has no secret.
#[tokio::test]
async fn a_missing_secret_in_the_environment_is_named() {
    let error: ConfigError = SessionMiddleware::from_env().await.unwrap_err();
    assert!(error.to_string().contains("SESSION_SECRET"), "{error}");
}

#[tokio::test]
async fn the_endpoint_can_be_boxed_and_named() {
    fn app(middleware: SessionMiddleware) -> impl IntoEndpoint {
        let endpoint: SessionEndpoint<Route> = Route::new().at("/", count).with(middleware);
        endpoint.boxed()
    }
    let (sessions, middleware) = memory();
    let client = TestClient::new(app(middleware).into_endpoint().map_to_response());
    assert_eq!(get(&client, &mut sessions.guest(), "/").await.body, "1");
    fn is_endpoint(_: &impl Endpoint) {}
    is_endpoint(&count.with_if(true, memory().1));
}
