//! A client with a session of its own, which uses every verb and predicts every response.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use crate::arguments::Driver;
use crate::client::Client;
use crate::problem::{Problem, expect_equal};
use crate::target::Target;

/// Plays new clients, one after the other, until the time is over.
pub(crate) async fn visit(target: Arc<Target>) {
    let mut client = Client::new(&target);
    while !target.is_over() {
        let start = Instant::now();
        let result = round(&mut client, target.driver).await;
        target.finish_round(start, result);
        client.cookie = None;
    }
}

/// Plays one client from its first request to its logout.
async fn round(client: &mut Client, driver: Driver) -> Result<(), Problem> {
    client.expect_value("n", None).await?;
    for n in 1..=5 {
        let n = n.to_string();
        client.must_write("PUT", "/api/session/n", &n).await?;
        client.expect_value("n", Some(&n)).await?;
    }
    flash(client).await?;
    values(client).await?;
    page(client).await?;
    forgeries(client).await?;
    identity(client, driver).await?;
    logout(client, driver).await
}

/// Flash data is readable on the next request only, unless it is flashed again.
async fn flash(client: &mut Client) -> Result<(), Problem> {
    let data = json!({ "n": 5 });
    client
        .must_write("PUT", "/api/flash/a", r#""hello""#)
        .await?;
    expect_session(client, &data, &json!({ "a": "hello" })).await?;
    expect_session(client, &data, &json!({})).await?;
    client.must_write("PUT", "/api/flash/a", "1").await?;
    client.must_write("POST", "/api/reflash", "").await?;
    expect_session(client, &data, &json!({ "a": 1 })).await?;
    client.must_write("PUT", "/api/flash/a", "2").await?;
    // It is gone even if it was not read.
    let untouched = client.send("GET", "/api/untouched", "").await?;
    expect_equal("GET /api/untouched", untouched.status, 200)?;
    expect_session(client, &data, &json!({})).await
}

/// Pulls and forgets values, and puts one from a handler that fails.
async fn values(client: &mut Client) -> Result<(), Problem> {
    client.must_write("PUT", "/api/session/p", "[1]").await?;
    let pulled = client.send("POST", "/api/session/p/pull", "").await?;
    expect_equal("pull", (pulled.status, &*pulled.body), (200, "[1]"))?;
    let again = client.send("POST", "/api/session/p/pull", "").await?;
    expect_equal("second pull", again.status, 404)?;
    client.must_write("PUT", "/api/session/q", "null").await?;
    client.must_write("DELETE", "/api/session/q", "").await?;
    client.expect_value("q", None).await?;
    let failed = client.send("POST", "/api/fail/failed", "6").await?;
    expect_equal("POST /api/fail", failed.status, 500)?;
    client.expect_value("failed", Some("6")).await
}

/// Submits a form. The page shows its notice once.
async fn page(client: &mut Client) -> Result<(), Problem> {
    let answer = client.send("POST", "/name", "name=Ada").await?;
    expect_equal("POST /name", answer.status, 303)?;
    for has_notice in [true, false] {
        let page = client.send("GET", "/", "").await?;
        let has = |text| page.body.contains(text);
        let found = (page.status, has("Ada"), has(r#"class="notice""#));
        expect_equal("GET /", found, (200, true, has_notice))?;
    }
    client.expect_value("visits", Some("2")).await
}

/// Sends cookies that the server did not issue, alone and before the client's own.
async fn forgeries(client: &mut Client) -> Result<(), Problem> {
    let own = client.cookie.clone().unwrap_or_default();
    let Some((value, signature)) = own.rsplit_once('.') else {
        return Err(Problem::Wrong("no cookie".to_owned()));
    };
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{value}.{first}{}", &signature[1..]);
    let unsigned = value.to_owned();
    for cookie in [&forged, &unsigned, "session=", "session=x.y", "other=1"] {
        client.expect_value_for(cookie, "n", None).await?;
    }
    let both = format!("{forged}; {own}");
    client.expect_value_for(&both, "n", Some("5")).await
}

/// Regenerates the id, which keeps the data. With a store, the old id stops working.
async fn identity(client: &mut Client, driver: Driver) -> Result<(), Problem> {
    let before = client.session().await?.unwrap_or_default();
    let old = client.cookie.clone().unwrap_or_default();
    client.must_write("POST", "/api/regenerate", "").await?;
    let after = client.session().await?.unwrap_or_default();
    expect_equal("the data", &after["data"], &before["data"])?;
    expect_equal("the same id", after["id"] == before["id"], false)?;
    if driver == Driver::Redis {
        client.expect_value_for(&old, "n", None).await?;
    }
    Ok(())
}

/// Logs out, which removes everything. With a store, a copy of the cookie stops working too.
async fn logout(client: &mut Client, driver: Driver) -> Result<(), Problem> {
    let old = client.cookie.clone().unwrap_or_default();
    client.log_out().await?;
    client.expect_value("n", None).await?;
    if driver == Driver::Redis {
        client.expect_value_for(&old, "n", None).await?;
    }
    Ok(())
}

async fn expect_session(client: &mut Client, data: &Value, flash: &Value) -> Result<(), Problem> {
    let session = client.session().await?.unwrap_or_default();
    let found = (&session["data"], &session["flash"], &session["new"]);
    expect_equal("GET /api/session", found, (data, flash, &json!(false)))
}
