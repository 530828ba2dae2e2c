//! The middleware around whole routes, nested ones, single handlers and paths without any.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Log, get, memory, probed, send, stored};
use poem::middleware::{AddData, Middleware, SetHeader};
use poem::test::TestClient;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Route, RouteMethod, handler};
use session_poem::testing::TestSessions;
use session_poem::{ConfigError, CookieOptions, Opening, Session, SessionConfig};
use session_poem::{Secret, SessionError, SessionManager, SessionMiddleware};

#[handler]
async fn count(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", 0, |n: u32| n + 1)?.to_string())
}

#[handler]
async fn has(session: Option<Session>) -> String {
    session.is_some().to_string()
}

#[tokio::test]
async fn a_middleware_around_a_route_covers_what_is_nested_in_it() {
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
async fn pages_may_have_sessions_and_an_api_beside_them_none() {
    let (sessions, middleware) = memory();
    let web = Route::new().at("/", count).with(middleware);
    let api = Route::new().at("/has", has);
    let client = TestClient::new(Route::new().nest("/", web).nest("/api", api));
    let mut ada = sessions.guest();
    assert_eq!(get(&client, &mut ada, "/").await.body, "1");
    let answer = get(&client, &mut ada, "/api/has").await;
    assert_eq!(answer.body, "false");
    assert!(!answer.headers.contains_key("vary"));
    assert_eq!(stored(&ada).await, r#"{"n":1} {}"#);
}

#[tokio::test]
async fn a_single_handler_or_method_may_have_the_middleware() {
    let (sessions, middleware) = memory();
    let methods = RouteMethod::new()
        .get(has.with(middleware.clone()))
        .post(has);
    let app = Route::new()
        .at("/handler", has.with(middleware))
        .at("/method", methods)
        .at("/none", has);
    let client = TestClient::new(app);
    let mut ada = sessions.guest();
    assert_eq!(get(&client, &mut ada, "/handler").await.body, "true");
    assert_eq!(get(&client, &mut ada, "/method").await.body, "true");
    let answer = send(&client, &mut ada, "POST /method", "").await;
    assert_eq!(answer.body, "false");
    assert_eq!(get(&client, &mut ada, "/none").await.body, "false");
}

#[tokio::test]
async fn it_combines_with_other_middleware_on_either_side() {
    let (sessions, middleware) = memory();
    let combined = AddData::new(7_u8)
        .combine(middleware)
        .combine(SetHeader::new().appending("x-outer", "1"));
    let endpoint = count.with(combined);
    let answer = get(&TestClient::new(endpoint), &mut sessions.guest(), "/").await;
    assert_eq!((&*answer.body, answer.set_cookies()), ("1", 1));
    assert_eq!(answer.headers["x-outer"], "1");
}

/// Flash is for the next page: a path that does not exist should not use it up.
#[tokio::test]
async fn a_path_without_route_ages_flash_unless_sessions_open_lazily() {
    let (_, eager, middleware) = probed(|builder| builder);
    let client = TestClient::new(Route::new().at("/", count).with(middleware));
    let mut ada = eager.visitor(|session| session.flash("notice", 1)).await;
    assert_eq!(get(&client, &mut ada, "/favicon.ico").await.status, 404);
    assert_eq!(stored(&ada).await, "{} {}");

    let (_, lazy, middleware) = probed(|builder| builder.opening(Opening::Lazy));
    let client = TestClient::new(Route::new().at("/", count).with(middleware));
    let mut ada = lazy.visitor(|session| session.flash("notice", 1)).await;
    assert_eq!(get(&client, &mut ada, "/favicon.ico").await.status, 404);
    assert_eq!(stored(&ada).await, r#"{} {"notice":1}"#);
}

/// Both are of the same manager: the outer one counts.
#[tokio::test]
async fn a_middleware_inside_another_passes_through_and_warns_once() {
    let log = Log::capture();
    let (probe, sessions, middleware) = probed(|builder| builder);
    let inner = Route::new().at("/", count).with(middleware.clone());
    let app = Route::new().nest("/in", inner).with(middleware);
    let client = TestClient::new(app);
    let answer = get(&client, &mut sessions.guest(), "/in").await;
    assert_eq!((&*answer.body, answer.set_cookies()), ("1", 1));
    assert_eq!(probe.driver.len(), 1);
    get(&client, &mut sessions.guest(), "/in").await;
    let warning = "WARN session: session layer inside another: the inner one does nothing";
    assert_eq!(log.count(warning), 1, "{}", log.text());
}

#[tokio::test]
async fn middlewares_of_different_sessions_stand_side_by_side() {
    let staff = TestSessions::with(|clock| {
        let driver = session_poem::MemoryDriver::new().with_clock(clock);
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
async fn a_middleware_is_made_of_settings_and_gives_its_manager() {
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

/// The test's own environment has no secret.
#[tokio::test]
async fn an_environment_without_a_secret_is_an_error_that_names_it() {
    let error: ConfigError = SessionMiddleware::from_env().await.unwrap_err();
    assert!(error.to_string().contains("SESSION_SECRET"), "{error}");
}

/// As a function of an application returns it.
#[tokio::test]
async fn it_can_be_boxed_and_named() {
    fn app(middleware: SessionMiddleware) -> impl IntoEndpoint {
        let endpoint: session_poem::SessionEndpoint<Route> =
            Route::new().at("/", count).with(middleware);
        endpoint.boxed()
    }
    let (sessions, middleware) = memory();
    let client = TestClient::new(app(middleware).into_endpoint().map_to_response());
    assert_eq!(get(&client, &mut sessions.guest(), "/").await.body, "1");
    fn is_endpoint(_: &impl Endpoint) {}
    is_endpoint(&count.with_if(true, memory().1));
}
