use std::time::Duration;

use axum::http::StatusCode;

use crate::{PASSWORD, Shop};

#[tokio::test]
async fn the_admin_area_asks_for_the_password_again() {
    let shop = Shop::open();
    let mut admin = shop.sign_up("Ada").await;
    assert_eq!(admin.get("/admin").await.status, StatusCode::OK);
    shop.sessions.advance(Duration::from_secs(10 * 60));
    assert_eq!(admin.get("/admin").await.location, "/confirm");
    let answer = admin.post("/admin", "user=0").await;
    assert_eq!(answer.location, "/confirm", "nothing was done");
    assert!(admin.is_logged_in().await);

    let page = admin.submit("/confirm", "password=wrong").await;
    assert!(page.contains("The password is wrong."));
    assert_eq!(admin.get("/admin").await.location, "/confirm");

    let mut thief = admin.clone();
    let page = admin
        .submit("/confirm", &format!("password={PASSWORD}"))
        .await;
    assert!(page.contains("Log out everywhere"));
    assert_eq!(
        thief.get("/admin").await.location,
        "/login",
        "the id is new"
    );
}

#[tokio::test]
async fn the_admin_logs_a_user_out_everywhere() {
    let shop = Shop::open();
    let mut admin = shop.sign_up("Ada").await;
    let mut devices = [shop.sign_up("Bob").await, shop.log_in("Bob").await];
    let page = admin.submit("/admin", "user=1").await;
    assert!(page.contains("Devices that were logged out: 2."));
    for device in &mut devices {
        assert!(!device.is_logged_in().await);
    }
    assert!(admin.is_logged_in().await);
}

#[tokio::test]
async fn the_admin_area_is_closed_to_others() {
    let shop = Shop::open();
    shop.sign_up("Ada").await;
    let (mut bob, mut guest) = (shop.sign_up("Bob").await, shop.browser());
    assert_eq!(bob.get("/admin").await.status, StatusCode::FORBIDDEN);
    let answer = bob.post("/admin", "user=0").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(guest.get("/admin").await.location, "/login");
    assert_eq!(
        guest.visitor.token(),
        None,
        "a guest's visit stores nothing"
    );
}
