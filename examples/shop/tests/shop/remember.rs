use std::time::Duration;

use axum::http::HeaderMap;

use crate::{PASSWORD, Shop};

#[tokio::test]
async fn a_remembered_session_outlives_the_browser_and_a_night() {
    let shop = Shop::open();
    shop.sign_up("Ada").await;
    let form = format!("name=Ada&password={PASSWORD}");
    let (mut phone, mut library) = (shop.browser(), shop.browser());
    let remembered = phone.post("/login", &format!("{form}&remember=on")).await;
    let other = library.post("/login", &form).await;
    assert!(has_max_age(&remembered.headers));
    assert!(!has_max_age(&other.headers), "it ends with the browser");

    shop.sessions.advance(DAY);
    assert!(phone.is_logged_in().await);
    assert!(!library.is_logged_in().await);
    shop.sessions.advance(30 * DAY);
    assert!(!phone.is_logged_in().await, "it was not used for a month");
}

#[tokio::test]
async fn a_login_without_the_box_is_not_remembered_any_more() {
    let shop = Shop::open();
    shop.sign_up("Ada").await;
    let form = format!("name=Ada&password={PASSWORD}");
    let mut phone = shop.browser();
    phone.post("/login", &format!("{form}&remember=on")).await;
    let login = phone.post("/login", &form).await;
    assert!(!has_max_age(&login.headers));
    shop.sessions.advance(DAY);
    assert!(!phone.is_logged_in().await);
}

#[tokio::test]
async fn no_session_lives_longer_than_ninety_days() {
    let shop = Shop::open();
    shop.sign_up("Ada").await;
    let mut phone = shop.browser();
    let form = format!("name=Ada&password={PASSWORD}&remember=on");
    phone.post("/login", &form).await;
    for _ in 0..4 {
        shop.sessions.advance(20 * DAY);
        assert!(phone.is_logged_in().await);
    }
    shop.sessions.advance(10 * DAY);
    assert!(!phone.is_logged_in().await);
}

fn has_max_age(headers: &HeaderMap) -> bool {
    headers["set-cookie"].to_str().unwrap().contains("Max-Age=")
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
