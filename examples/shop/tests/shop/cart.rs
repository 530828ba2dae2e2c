use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::future::join_all;
use futures_util::stream;
use tokio::sync::Barrier;

use crate::{Answer, Browser, Shop};

#[tokio::test]
async fn a_guest_fills_a_cart() {
    let shop = Shop::open();
    let mut guest = shop.browser();
    let page = guest.submit("/cart", "product=Sencha").await;
    assert!(page.contains("Sencha is in your cart."));
    assert!(!guest.get("/").await.body.contains("is in your cart"));
    assert_eq!(guest.post("/cart/items", "product=Sencha").await.body, "2");
    assert!(guest.get("/cart").await.body.contains("€ 24"));
    // A new visitor's script, which saves before there is a cookie.
    let mut other = shop.browser();
    for count in ["1", "2"] {
        let answer = other.post("/cart/items", "product=Sencha").await;
        assert_eq!(answer.body, count);
    }
    let answer = guest.post("/cart/items", "product=Coffee").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn parallel_fetches_lose_nothing() {
    let shop = Shop::open();
    let mut guest = shop.browser();
    guest.post("/cart", "product=Assam").await;
    // Every request has loaded the session before the first one changes it.
    let loaded = Arc::new(Barrier::new(20));
    let adding = (0..20).map(|_| add(guest.clone(), loaded.clone()));
    let mut counts = join_all(adding).await;
    counts.sort_unstable();
    assert_eq!(counts, Vec::from_iter(2..=21), "each saw those before it");
    assert!(guest.get("/cart").await.body.contains("× 21"));
}

/// Adds with a request whose body arrives once all of them have begun. Returns the count that the
/// response shows.
async fn add(mut guest: Browser, loaded: Arc<Barrier>) -> u32 {
    let form = stream::once(async move {
        loaded.wait().await;
        Ok::<_, Infallible>("product=Assam")
    });
    let request = Request::post("/cart/items");
    let response = guest.send(request, Body::from_stream(form)).await;
    Answer::read(response).await.body.parse().unwrap()
}
