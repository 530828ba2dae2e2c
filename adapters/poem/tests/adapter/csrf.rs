//! The recipe of the cookbook: forms of other sites are rejected.

use poem::http::StatusCode;
use poem::middleware::Csrf;
use poem::test::TestClient;
use poem::web::{CsrfToken, CsrfVerifier, Form, Html};
use poem::{Endpoint, EndpointExt, Route, get, handler};
use serde::Deserialize;
use session_poem::testing::TestSessions;
use session_poem::{Session, SessionError, SessionMiddleware};

#[handler]
fn log_out_form(token: &CsrfToken) -> Html<String> {
    Html(format!(
        r#"<form method="post"><input type="hidden" name="token" value="{}"><button>Log out</button></form>"#,
        token.0
    ))
}

#[derive(Deserialize)]
struct LogOut {
    token: String,
}

#[handler]
async fn log_out(
    verifier: &CsrfVerifier,
    session: Session,
    Form(form): Form<LogOut>,
) -> poem::Result<StatusCode> {
    if !verifier.is_valid(&form.token) {
        return Err(StatusCode::FORBIDDEN.into());
    }
    session.destroy().map_err(SessionError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `csrf_key` is 32 random bytes. All servers need the same ones, and only they may know them.
fn app(sessions: SessionMiddleware, csrf_key: [u8; 32]) -> impl Endpoint {
    Route::new()
        .at("/logout", get(log_out_form).post(log_out))
        .with(Csrf::new().key(csrf_key))
        .with(sessions)
}

#[tokio::test]
async fn a_form_without_the_token_of_the_page_does_nothing() {
    let sessions = TestSessions::new();
    let client = TestClient::new(app(sessions.manager().into(), [7; 32]));
    let ada = sessions.visitor(|session| session.put("user", "ada")).await;

    let page = client.get("/logout").send().await.0;
    let cookie = page.headers()["set-cookie"].to_str().unwrap();
    let cookies = format!("{}; {}", ada.cookie(), cookie.split(';').next().unwrap());
    let page = page.into_body().into_string().await.unwrap();
    let token = page.split('"').nth(7).unwrap();

    let other = client.get("/logout").send().await.0;
    let other = other.into_body().into_string().await.unwrap();
    for wrong in ["", "forged", other.split('"').nth(7).unwrap()] {
        assert_eq!(post(&client, &cookies, wrong).await, 403, "{wrong}");
    }
    assert_eq!(post(&client, &ada.cookie(), token).await, 403, "no cookie");
    assert!(!ada.session().await.is_new());
    assert_eq!(post(&client, &cookies, token).await, 204);
    assert!(ada.session().await.is_new());
}

async fn post<E: Endpoint>(client: &TestClient<E>, cookies: &str, token: &str) -> u16 {
    let request = client.post("/logout").header("cookie", cookies);
    let response = request.form(&[("token", token)]).send().await.0;
    response.status().as_u16()
}
