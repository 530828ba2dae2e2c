//! The scenarios, by subject.

mod background;
mod caching;
mod connection;
mod cookies;
mod deployment;
mod devices;
mod disconnect;
mod errors;
mod flash;
mod handlers;
mod identity;
mod login;
mod outage;
mod overlap;
mod page;
mod remember;
mod set_cookie;
mod streaming;
mod time;
mod transport;
mod values;

use test_support::http::{Answer, Browser, Method};

use crate::lab;
use crate::scenario::Scenario;

/// Returns all scenarios, in the table's order.
pub(crate) fn all() -> impl Iterator<Item = Scenario> {
    let subjects = [
        values::SCENARIOS,
        flash::SCENARIOS,
        identity::SCENARIOS,
        login::SCENARIOS,
        devices::SCENARIOS,
        remember::SCENARIOS,
        background::SCENARIOS,
        transport::SCENARIOS,
        errors::SCENARIOS,
        handlers::SCENARIOS,
        page::SCENARIOS,
        cookies::SCENARIOS,
        set_cookie::SCENARIOS,
        caching::SCENARIOS,
        time::SCENARIOS,
        overlap::SCENARIOS,
        connection::SCENARIOS,
        streaming::SCENARIOS,
        disconnect::SCENARIOS,
        outage::SCENARIOS,
        deployment::SCENARIOS,
    ];
    subjects.into_iter().flatten().copied()
}

/// What the playgrounds call a browser that sends no User-Agent header.
const DEVICE: &str = "unknown device";

/// Sends a request without cookies to `/lab/reply`, for a response with these lines: `name: value`, or `status: 404`.
///
/// A `POST` writes to the session, a `GET` doesn't take it.
async fn lab_reply(browser: &Browser, method: Method, lines: &[&str]) -> Answer {
    let headers: Vec<_> = lines
        .iter()
        .map(|line| (lab::REPLY, line.as_bytes()))
        .collect();
    browser.with_headers(method, "/lab/reply", &headers).await
}
