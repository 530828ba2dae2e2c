use std::time::{Duration, Instant};

use crate::{PASSWORD, Shop};

#[tokio::test]
async fn a_user_signs_up_logs_out_and_logs_in() {
    let shop = Shop::open();
    let mut ada = shop.browser();
    let form = format!("name=Ada&password={PASSWORD}");
    assert!(ada.submit("/signup", &form).await.contains("Welcome, Ada!"));
    assert!(ada.submit("/logout", "").await.contains("Goodbye!"));
    assert!(!ada.is_logged_in().await);
    let page = ada.submit("/login", &form).await;
    assert!(page.contains("Welcome back, Ada!"));
    assert!(ada.is_logged_in().await);
}

#[tokio::test]
async fn a_login_gets_a_new_id_and_keeps_the_cart() {
    let shop = Shop::open();
    shop.sign_up("Ada").await;
    let mut ada = shop.browser();
    ada.post("/cart", "product=Assam").await;
    // Somebody who knows the id of the guest.
    let mut thief = ada.clone();
    ada.post("/login", &format!("name=Ada&password={PASSWORD}"))
        .await;

    assert_ne!(ada.visitor.token(), thief.visitor.token());
    assert!(ada.get("/cart").await.body.contains("Assam"));
    assert!(!thief.get("/cart").await.body.contains("Assam"));
    assert!(!thief.is_logged_in().await);
}

#[tokio::test]
async fn the_next_user_of_a_browser_gets_nothing_of_the_previous_one() {
    let shop = Shop::open();
    let mut browser = shop.sign_up("Ada").await;
    shop.sign_up("Bob").await;
    browser.post("/cart", "product=Assam").await;
    browser
        .post("/login", &format!("name=Bob&password={PASSWORD}"))
        .await;
    assert!(browser.is_logged_in().await);
    assert!(!browser.get("/cart").await.body.contains("Assam"));
}

#[tokio::test]
async fn a_logout_ends_every_copy_of_the_cookie() {
    let shop = Shop::open();
    let mut ada = shop.sign_up("Ada").await;
    let mut thief = ada.clone();
    assert!(thief.is_logged_in().await);
    ada.post("/logout", "").await;
    assert!(!thief.is_logged_in().await);
}

#[tokio::test]
async fn a_name_that_does_not_exist_takes_as_long_as_a_wrong_password() {
    let shop = Shop::open();
    shop.sign_up("Ada").await;
    let wrong_password = fastest_login(&shop, "Ada").await;
    let no_such_user = fastest_login(&shop, "Nobody").await;
    // Without the decoy, it would take less than a tenth.
    let ratio = no_such_user.as_secs_f64() / wrong_password.as_secs_f64();
    assert!(
        (0.4..2.5).contains(&ratio),
        "{no_such_user:?}, {wrong_password:?}"
    );
}

async fn fastest_login(shop: &Shop, name: &str) -> Duration {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        let form = format!("name={name}&password=wrong");
        let page = shop.browser().submit("/login", &form).await;
        fastest = fastest.min(begin.elapsed());
        assert!(page.contains("The name or the password is wrong."));
    }
    fastest
}
