//! The recipe of the cookbook: forms of other sites are rejected.

use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorForbidden;
use actix_web::http::header::ORIGIN;
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::post;
use session_actix::{Session, SessionError};

use crate::common::{memory, send};

/// Rejects a request of another site, unless it only reads.
async fn from_this_site(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let header = |name| request.headers().get(name).map(|value| value.as_bytes());
    let is_ours = match (header("sec-fetch-site"), header(ORIGIN.as_str())) {
        _ if request.method().is_safe() => true,
        (Some(site), _) => matches!(site, b"same-origin" | b"none"),
        // A browser from before 2023.
        (None, Some(origin)) => {
            let host = request.connection_info().host().to_owned();
            [b"https://", b"http://".as_slice()]
                .iter()
                .any(|scheme| origin.strip_prefix(*scheme) == Some(host.as_bytes()))
        }
        // Not a browser, so no user's cookie came along unasked.
        (None, None) => true,
    };
    if !is_ours {
        return Err(ErrorForbidden("this request comes from another site"));
    }
    next.call(request).await
}

async fn log_out(session: Session) -> Result<String, SessionError> {
    session.destroy()?;
    Ok("Goodbye!".to_owned())
}

#[actix_web::test]
async fn a_form_of_another_site_does_nothing() {
    let (sessions, middleware) = memory();
    let app = App::new()
        .route("/logout", post().to(log_out))
        .wrap(middleware)
        // The last one that is added runs first.
        .wrap(from_fn(from_this_site));
    let app = init_service(app).await;
    for (header, value, expected) in [
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("origin", "https://elsewhere.example", 403),
        ("origin", "null", 403),
        ("origin", "https://shop.example", 200),
        ("x-unrelated", "1", 200),
    ] {
        let mut ada = sessions.visitor(|session| session.put("user", "ada")).await;
        let before = ada.clone();
        let request = TestRequest::post()
            .uri("/logout")
            .append_header((header, value));
        let request = request.append_header(("host", "shop.example"));
        let answer = send(&app, &mut ada, request).await;
        assert_eq!(answer.status, expected, "{header}: {value}");
        assert_eq!(before.session().await.is_new(), expected == 200);
    }
}
