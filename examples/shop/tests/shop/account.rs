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
    assert!(thief.visitor.session().await.is_new(), "no record is left");
}

#[tokio::test]
async fn a_name_that_does_not_exist_costs_a_hash_too() {
    let shop = Shop::open();
    shop.sign_up("Ada").await;
    let (mut wrong_password, mut no_such_user) = (Duration::MAX, Duration::MAX);
    for _ in 0..8 {
        wrong_password = wrong_password.min(failed_login(&shop, "Ada").await);
        no_such_user = no_such_user.min(failed_login(&shop, "Nobody").await);
    }
    // Both take a hash, give or take what else the machine does. Without one, a login takes less
    // than a twentieth.
    let message = format!("{no_such_user:?}, {wrong_password:?}");
    assert!(no_such_user * 8 > wrong_password, "{message}");
}

async fn failed_login(shop: &Shop, name: &str) -> Duration {
    let mut guest = shop.browser();
    let form = format!("name={name}&password=wrong");
    let begin = Instant::now();
    let answer = guest.post("/login", &form).await;
    let elapsed = begin.elapsed();
    let page = guest.get(&answer.location).await.body;
    assert!(page.contains("The name or the password is wrong."));
    elapsed
}
