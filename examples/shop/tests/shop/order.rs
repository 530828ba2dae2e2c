use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt;

use crate::{Browser, Shop};

#[tokio::test(start_paused = true)]
async fn the_progress_of_an_order_streams_and_is_stored() {
    let shop = Shop::open();
    let mut ada = shop.sign_up("Ada").await;
    ada.post("/cart", "product=Rooibos").await;
    let page = ada.submit("/order", "").await;
    assert!(page.contains("We got your order."));
    assert!(ada.get("/cart").await.body.contains("It is empty."));

    let events = ada.get("/background/order").await.body;
    let steps = ["We pack it.", "It is on its way.", "It has arrived."];
    let expected = steps.map(|step| format!("event: step\ndata: {step}\n\n"));
    assert_eq!(events, expected.concat() + "event: end\ndata: end\n\n");
    assert!(ada.get("/order").await.body.contains("It has arrived."));
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_what_other_requests_store_and_ends_with_the_session() {
    let shop = Shop::open();
    let mut ada = shop.sign_up("Ada").await;
    ada.post("/cart", "product=Rooibos").await;
    ada.post("/order", "").await;
    let mut events = stream(&mut ada).await;
    assert_eq!(
        next(&mut events).await,
        "event: step\ndata: We pack it.\n\n"
    );
    // Another tab, while the stream goes on.
    ada.post("/cart", "product=Assam").await;
    assert_eq!(
        next(&mut events).await,
        "event: step\ndata: It is on its way.\n\n"
    );
    assert!(ada.get("/cart").await.body.contains("Assam"));
    ada.post("/logout", "").await;
    assert_eq!(next(&mut events).await, "event: end\ndata: end\n\n");
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_leaves_the_notice_to_the_next_page() {
    let shop = Shop::open();
    // The signup flashed a notice.
    let mut ada = shop.sign_up("Ada").await;
    ada.get("/background/order").await;
    assert!(ada.get("/").await.body.contains("Welcome, Ada!"));
}

async fn stream(browser: &mut Browser) -> axum::body::BodyDataStream {
    let request = Request::get("/background/order");
    browser
        .send(request, Body::empty())
        .await
        .into_body()
        .into_data_stream()
}

async fn next(events: &mut axum::body::BodyDataStream) -> String {
    let event = events.next().await.unwrap().unwrap();
    String::from_utf8(event.into()).unwrap()
}
