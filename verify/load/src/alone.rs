//! A client by itself: every verb, and each answer follows from the ones before.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use crate::arguments::Driver;
use crate::client::Client;
use crate::target::Target;
use crate::trouble::{Trouble, equal};

/// Visits as new clients until the time is over.
pub(crate) async fn visit(target: Arc<Target>) {
    let mut client = Client::new(&target);
    while !target.is_over() {
        let begun = Instant::now();
        let result = round(&mut client, target.driver).await;
        target.judge(begun, result);
        client.cookie = None;
    }
}

/// One client from its first request to its logout.
async fn round(client: &mut Client, driver: Driver) -> Result<(), Trouble> {
    client.holds("n", None).await?;
    for n in 1..=5 {
        let n = n.to_string();
        client.surely("PUT", "/api/session/n", &n).await?;
        client.holds("n", Some(&n)).await?;
    }
    flash(client).await?;
    values(client).await?;
    page(client).await?;
    strangers(client).await?;
    identity(client, driver).await?;
    logout(client, driver).await
}

/// Readable by the next request only, and carried on when asked.
async fn flash(client: &mut Client) -> Result<(), Trouble> {
    let data = json!({ "n": 5 });
    client.surely("PUT", "/api/flash/a", r#""hello""#).await?;
    holds_all(client, &data, &json!({ "a": "hello" })).await?;
    holds_all(client, &data, &json!({})).await?;
    client.surely("PUT", "/api/flash/a", "1").await?;
    client.surely("POST", "/api/reflash", "").await?;
    holds_all(client, &data, &json!({ "a": 1 })).await?;
    client.surely("PUT", "/api/flash/a", "2").await?;
    // Unread, it is gone all the same.
    let untouched = client.ask("GET", "/api/untouched", "").await?;
    equal("GET /api/untouched", untouched.status, 200)?;
    holds_all(client, &data, &json!({})).await
}

/// Pulled, forgotten, and put by a handler that failed.
async fn values(client: &mut Client) -> Result<(), Trouble> {
    client.surely("PUT", "/api/session/p", "[1]").await?;
    for (status, body) in [(200, "[1]"), (404, r#"{"error":"there is no such key"}"#)] {
        let pulled = client.ask("POST", "/api/session/p/pull", "").await?;
        equal("pull", (pulled.status, &*pulled.body), (status, body))?;
    }
    client.surely("PUT", "/api/session/q", "null").await?;
    client.surely("DELETE", "/api/session/q", "").await?;
    client.holds("q", None).await?;
    let failed = client.ask("POST", "/api/fail/failed", "6").await?;
    equal("POST /api/fail", failed.status, 500)?;
    client.holds("failed", Some("6")).await
}

/// A form, its redirect, and the page that says so once.
async fn page(client: &mut Client) -> Result<(), Trouble> {
    let answer = client.ask("POST", "/name", "name=Ada").await?;
    equal("POST /name", answer.status, 303)?;
    for is_noticed in [true, false] {
        let page = client.ask("GET", "/", "").await?;
        let has = |text| page.body.contains(text);
        let found = (page.status, has("Ada"), has(r#"class="notice""#));
        equal("GET /", found, (200, true, is_noticed))?;
    }
    client.holds("visits", Some("2")).await
}

/// Cookies that nobody issued, alone and before one's own.
async fn strangers(client: &mut Client) -> Result<(), Trouble> {
    let own = client.cookie.clone().unwrap_or_default();
    let Some((value, signature)) = own.rsplit_once('.') else {
        return Err(Trouble::Wrong("there is no cookie".to_owned()));
    };
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{value}.{first}{}", &signature[1..]);
    let unsigned = value.to_owned();
    for cookie in [&forged, &unsigned, "session=", "session=x.y", "other=1"] {
        client.holds_with(cookie, "n", None).await?;
    }
    let both = format!("{forged}; {own}");
    client.holds_with(&both, "n", Some("5")).await
}

/// Another id with the same data. With a store, the old one is no session any more.
async fn identity(client: &mut Client, driver: Driver) -> Result<(), Trouble> {
    let before = client.session().await?.unwrap_or_default();
    let old = client.cookie.clone().unwrap_or_default();
    client.surely("POST", "/api/regenerate", "").await?;
    let after = client.session().await?.unwrap_or_default();
    equal("the data", &after["data"], &before["data"])?;
    equal("the same id", after["id"] == before["id"], false)?;
    if driver == Driver::Redis {
        client.holds_with(&old, "n", None).await?;
    }
    Ok(())
}

/// Nothing is left. With a store, for whoever copied the cookie neither.
async fn logout(client: &mut Client, driver: Driver) -> Result<(), Trouble> {
    let old = client.cookie.clone().unwrap_or_default();
    client.log_out().await?;
    client.holds("n", None).await?;
    if driver == Driver::Redis {
        client.holds_with(&old, "n", None).await?;
    }
    Ok(())
}

async fn holds_all(client: &mut Client, data: &Value, flash: &Value) -> Result<(), Trouble> {
    let session = client.session().await?.unwrap_or_default();
    let found = (&session["data"], &session["flash"], &session["new"]);
    equal("GET /api/session", found, (data, flash, &json!(false)))
}
