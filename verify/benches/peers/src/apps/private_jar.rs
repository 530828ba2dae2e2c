//! axum with the private jar of cookie-rs, by hand: all values as JSON in one encrypted cookie. It
//! has no expiry, no id, no flash, and no size limit.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::StatusCode;
use serde_json::Value;
use tower_cookies::{Cookie, CookieManagerLayer, Cookies, Key};

use super::axum::untouched;
use super::status;
use crate::app::{App, Route};
use crate::tower::in_process;
use crate::values;

type Values = BTreeMap<String, Value>;

/// The routes with one encrypted cookie.
pub fn cookie() -> impl App {
    in_process(|| routes!(seed, read, write, check).layer(CookieManagerLayer::new()))
}

async fn seed(cookies: Cookies) -> StatusCode {
    save(&cookies, &values::all());
    StatusCode::OK
}

async fn read(cookies: Cookies) -> StatusCode {
    status(values::found(number(&cookies, "user_id")))
}

async fn write(cookies: Cookies) -> StatusCode {
    let mut values = load(&cookies);
    let visits = values.get("visits").and_then(Value::as_u64);
    let visits = visits.unwrap_or_default() + 1;
    values.insert("visits".to_owned(), visits.into());
    save(&cookies, &values);
    StatusCode::OK
}

async fn check(cookies: Cookies) -> StatusCode {
    status(values::written(number(&cookies, "visits")))
}

fn number(cookies: &Cookies, key: &str) -> Option<u64> {
    load(cookies).get(key).and_then(Value::as_u64)
}

fn load(cookies: &Cookies) -> Values {
    let cookie = cookies.private(&KEY).get(NAME);
    let values = cookie.and_then(|cookie| serde_json::from_str(cookie.value()).ok());
    values.unwrap_or_default()
}

fn save(cookies: &Cookies, values: &Values) {
    let json = serde_json::to_string(values).expect("it is JSON");
    let cookie = Cookie::build((NAME, json))
        .path("/")
        .http_only(true)
        .secure(true);
    cookies.private(&KEY).add(cookie.build());
}

const NAME: &str = "session";
static KEY: LazyLock<Key> = LazyLock::new(super::key);
