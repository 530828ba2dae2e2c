use axum::http::StatusCode;

use crate::Shop;

#[tokio::test]
async fn a_user_sees_the_devices_and_ends_one() {
    let shop = Shop::open();
    let mut laptop = shop.sign_up("Ada").await;
    let mut phone = shop.log_in("Ada").await;
    let page = laptop.get("/devices").await.body;
    assert_eq!(page.matches("Firefox on Linux").count(), 2);
    let names = names(&page);
    assert_eq!(names.len(), 1, "this one has no button");

    let page = laptop
        .submit("/devices", &format!("device={}", names[0]))
        .await;
    assert!(page.contains("The device was logged out."));
    assert_eq!(page.matches("Firefox on Linux").count(), 1);
    assert!(!phone.is_logged_in().await);
    assert!(laptop.is_logged_in().await);
}

#[tokio::test]
async fn a_user_ends_all_other_devices() {
    let shop = Shop::open();
    let mut laptop = shop.sign_up("Ada").await;
    let mut others = [shop.log_in("Ada").await, shop.log_in("Ada").await];
    let mut bob = shop.sign_up("Bob").await;
    let page = laptop.submit("/devices/others", "").await;
    assert!(page.contains("Other devices that were logged out: 2."));
    for other in &mut others {
        assert!(!other.is_logged_in().await);
    }
    assert!(laptop.is_logged_in().await);
    assert!(bob.is_logged_in().await);
}

#[tokio::test]
async fn a_user_cannot_end_the_devices_of_others() {
    let shop = Shop::open();
    let mut ada = shop.sign_up("Ada").await;
    shop.log_in("Ada").await;
    let device = names(&ada.get("/devices").await.body).remove(0);
    let mut bob = shop.sign_up("Bob").await;
    for device in [&*device, "", "unknown"] {
        let answer = bob.post("/devices", &format!("device={device}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(names(&ada.get("/devices").await.body).len(), 1);
}

#[tokio::test]
async fn the_page_shows_no_id() {
    let shop = Shop::open();
    let mut ada = shop.sign_up("Ada").await;
    let phone = shop.log_in("Ada").await;
    let page = ada.get("/devices").await.body;
    for browser in [&ada, &phone] {
        let id = browser.visitor.session().await.id().unwrap();
        assert!(!page.contains(id.as_str()));
    }
}

/// The names of the devices that the page has a button for.
fn names(page: &str) -> Vec<String> {
    let buttons = page.split(r#"name="device" value=""#).skip(1);
    let names = buttons.filter_map(|rest| rest.split('"').next());
    names.map(str::to_owned).collect()
}
