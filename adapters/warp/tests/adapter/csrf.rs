//! The recipe of the cookbook: forms of other sites are rejected.

use session_warp::testing::TestSessions;
use session_warp::{Session, SessionManager, session};
use warp::host::Authority;
use warp::http::{Method, StatusCode};
use warp::{Filter, Rejection, Reply};

use crate::common::Done;

/// Rejects a request of another site, unless it only reads.
fn from_this_site() -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::method()
        .and(warp::header::optional("sec-fetch-site"))
        .and(warp::header::optional("origin"))
        .and(warp::host::optional())
        .and_then(check)
        .untuple_one()
}

async fn check(
    method: Method,
    site: Option<String>,
    origin: Option<String>,
    host: Option<Authority>,
) -> Result<(), Rejection> {
    let is_ours = match (site.as_deref(), origin) {
        _ if method.is_safe() => true,
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        // A browser from before 2023.
        (None, Some(origin)) => {
            let host = host.as_ref().map(Authority::as_str);
            origin.split_once("://").map(|(_, from)| from) == host
        }
        // Not a browser, so no user's cookie came along unasked.
        (None, None) => true,
    };
    if is_ours {
        Ok(())
    } else {
        Err(warp::reject::custom(OtherSite))
    }
}

#[derive(Debug)]
struct OtherSite;

impl warp::reject::Reject for OtherSite {}

async fn forbid(rejection: Rejection) -> Result<impl Reply, Rejection> {
    match rejection.find::<OtherSite>() {
        Some(OtherSite) => Ok(StatusCode::FORBIDDEN),
        None => Err(rejection),
    }
}

fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let logout = warp::path!("logout")
        .and(warp::post())
        .and(session())
        .then(log_out);
    from_this_site().and(logout).recover(forbid)
}

async fn log_out(session: Session) -> Done<String> {
    session.destroy()?;
    Ok("Goodbye!".to_owned())
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let sessions = TestSessions::new();
    for (header, value, expected) in [
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("origin", "https://elsewhere.example", 403),
        ("origin", "null", 403),
        ("origin", "https://shop.example", 200),
        ("x-unrelated", "1", 200),
    ] {
        let ada = sessions.visitor(|session| session.put("user", "ada")).await;
        let status = post(sessions.manager(), header, value, &ada.cookie()).await;
        assert_eq!(status, expected, "{header}: {value}");
        assert_eq!(ada.session().await.is_new(), expected == 200);
    }
}

async fn post(sessions: SessionManager, header: &str, value: &str, cookie: &str) -> u16 {
    let request = warp::http::Request::post("/logout")
        .header("host", "shop.example")
        .header("cookie", cookie)
        .header(header, value);
    let request = request.body(String::new()).unwrap();
    let app = session_warp::service(routes(), sessions);
    let response = tower::ServiceExt::oneshot(app, request).await;
    response.unwrap().status().as_u16()
}
