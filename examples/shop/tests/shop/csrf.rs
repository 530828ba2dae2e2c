use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::Shop;

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let shop = Shop::open();
    let mut ada = shop.sign_up("Ada").await;
    for (header, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://elsewhere.example"),
        ("origin", "null"),
    ] {
        let request = Request::post("/logout").header("host", "shop.example");
        let response = ada.send(request.header(header, value), Body::empty()).await;
        assert_eq!(
            response.status(),
            StatusCode::FORBIDDEN,
            "{header}: {value}"
        );
        assert!(!response.headers().contains_key("set-cookie"));
    }
    assert!(ada.is_logged_in().await);
}

#[tokio::test]
async fn a_form_of_this_site_arrives() {
    let shop = Shop::open();
    for (header, value) in [
        ("sec-fetch-site", "same-origin"),
        ("origin", "https://shop.example"),
    ] {
        let request = Request::post("/logout").header("host", "shop.example");
        let mut guest = shop.browser();
        let response = guest
            .send(request.header(header, value), Body::empty())
            .await;
        assert_eq!(
            response.status(),
            StatusCode::SEE_OTHER,
            "{header}: {value}"
        );
    }
}
