//! The middleware around applications, scopes, and resources.

use actix_web::http::Method;
use actix_web::middleware::{Condition, DefaultHeaders, NormalizePath};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, get};
use actix_web::{App, HttpServer};
use session_actix::testing::TestSessions;
use session_actix::{
    ConfigError, CookieOptions, MemoryDriver, Secret, SessionConfig, SessionManager,
    SessionMiddleware,
};

use crate::common::{count, get as get_page, has_session, memory, send, stored};

#[actix_web::test]
async fn a_middleware_covers_nested_scopes() {
    let (sessions, middleware) = memory();
    let deep = web::scope("/b").route("/count", get().to(count));
    let app = App::new()
        .wrap(middleware)
        .service(web::scope("/a").service(deep))
        .route("/count", get().to(count))
        .default_service(get().to(count));
    let app = init_service(app).await;
    let mut ada = sessions.guest();
    for (n, path) in ["/count", "/a/b/count", "/any"].into_iter().enumerate() {
        let answer = get_page(&app, &mut ada, path).await;
        assert_eq!(answer.body, (n + 1).to_string(), "{path}");
    }
}

#[actix_web::test]
async fn a_scope_a_resource_or_a_route_can_have_the_middleware() {
    let (sessions, middleware) = memory();
    let methods = web::resource("/route")
        .route(get().to(has_session).wrap(middleware.clone()))
        .route(web::post().to(has_session));
    let scope = web::scope("/scope").wrap(middleware.clone());
    let app = App::new()
        .service(scope.route("", get().to(has_session)))
        .service(web::resource("/resource").wrap(middleware).to(has_session))
        .service(methods)
        .route("/none", get().to(has_session));
    let app = init_service(app).await;
    let mut ada = sessions.guest();
    for path in ["/scope", "/resource", "/route"] {
        assert_eq!(get_page(&app, &mut ada, path).await.body, "true", "{path}");
    }
    let request = TestRequest::with_uri("/route").method(Method::POST);
    assert_eq!(send(&app, &mut ada, request).await.body, "false");
    assert_eq!(get_page(&app, &mut ada, "/none").await.body, "false");
}

#[actix_web::test]
async fn it_combines_with_other_middleware() {
    let (sessions, middleware) = memory();
    let app = App::new()
        .wrap(DefaultHeaders::new().add(("x-inner", "1")))
        .wrap(Condition::new(true, middleware))
        .wrap(NormalizePath::trim())
        .route("/count", get().to(count));
    let app = init_service(app).await;
    let answer = get_page(&app, &mut sessions.guest(), "/count/").await;
    assert_eq!((&*answer.body, answer.set_cookies()), ("1", 1));
    assert_eq!(answer.headers.get("x-inner").unwrap(), "1");
}

#[actix_web::test]
async fn different_sessions_work_side_by_side() {
    let staff = TestSessions::with(|clock| {
        let driver = MemoryDriver::new().with_clock(clock);
        SessionManager::builder(driver, Secret::generate().unwrap())
            .cookie(CookieOptions::default().name("staff"))
    });
    let (sessions, middleware) = memory();
    let inner = SessionMiddleware::new(staff.manager());
    let staff_pages = web::scope("/staff").wrap(inner).route("", get().to(count));
    let app = App::new()
        .wrap(middleware)
        .route("/shop", get().to(count))
        .service(staff_pages);
    let app = init_service(app).await;
    let (mut ada, mut admin) = (sessions.guest(), staff.guest());
    get_page(&app, &mut ada, "/shop").await;
    get_page(&app, &mut admin, "/staff").await;
    let cookies = format!("{}; {}", ada.cookie(), admin.cookie());
    for path in ["/shop", "/staff"] {
        let request = TestRequest::with_uri(path).append_header(("cookie", cookies.clone()));
        let answer = send(&app, &mut sessions.guest(), request).await;
        assert_eq!(answer.body, "2", "{path}");
    }
}

#[actix_web::test]
async fn background_requests_leave_flash_alone() {
    let (sessions, middleware) = memory();
    let middleware = middleware.background(|request| request.path().starts_with("/poll"));
    let app = App::new()
        .wrap(middleware)
        .route("/poll", get().to(has_session))
        .route("/page", get().to(has_session));
    let app = init_service(app).await;
    let mut ada = sessions.visitor(|session| session.flash("notice", 1)).await;
    get_page(&app, &mut ada, "/poll").await;
    assert_eq!(stored(&ada).await, r#"{} {"notice":1}"#);
    get_page(&app, &mut ada, "/page").await;
    assert_eq!(stored(&ada).await, "{} {}");
}

#[actix_web::test]
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
    let app = App::new().wrap(middleware).route("/", get().to(count));
    let answer = get_page(&init_service(app).await, &mut memory().0.guest(), "/").await;
    let cookie = answer.headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.starts_with("id="), "{cookie}");
}

/// The environment of tests has no secret.
#[actix_web::test]
async fn a_missing_secret_in_the_environment_is_named() {
    let error: ConfigError = SessionMiddleware::from_env().await.unwrap_err();
    assert!(error.to_string().contains("SESSION_SECRET"), "{error}");
}

/// Every connection goes to the next worker.
#[actix_web::test]
async fn worker_threads_share_the_manager() {
    async fn thread() -> String {
        format!("{:?}", std::thread::current().id())
    }
    let (sessions, middleware) = memory();
    let app = move || {
        App::new()
            .wrap(middleware.clone())
            .route("/count", get().to(count))
            .route("/thread", get().to(thread))
    };
    let server = HttpServer::new(app).workers(3).disable_signals();
    let server = server.bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", server.addrs()[0]);
    let running = actix_web::rt::spawn(server.run());
    let ada = sessions.visitor(|session| session.put("n", 0)).await;
    let mut threads = std::collections::HashSet::new();
    for n in 1..=9 {
        let browser = test_support::http::Browser::new(&base);
        let answer = browser.with_cookie("/count", &ada.cookie()).await;
        assert_eq!(answer.body, n.to_string());
        threads.insert(browser.get("/thread").await.body);
    }
    assert!(threads.len() > 1, "{threads:?}");
    running.abort();
}
