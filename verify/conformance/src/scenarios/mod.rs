//! The scenarios, by subject.

mod caching;
mod connection;
mod cookies;
mod deployment;
mod errors;
mod flash;
mod handlers;
mod identity;
mod outage;
mod overlap;
mod page;
mod set_cookie;
mod time;
mod values;

use crate::scenario::Scenario;

/// All scenarios, in the table's order.
pub(crate) fn all() -> impl Iterator<Item = Scenario> {
    let subjects = [
        values::SCENARIOS,
        flash::SCENARIOS,
        identity::SCENARIOS,
        errors::SCENARIOS,
        handlers::SCENARIOS,
        page::SCENARIOS,
        cookies::SCENARIOS,
        set_cookie::SCENARIOS,
        caching::SCENARIOS,
        time::SCENARIOS,
        overlap::SCENARIOS,
        connection::SCENARIOS,
        outage::SCENARIOS,
        deployment::SCENARIOS,
    ];
    subjects.into_iter().flatten().copied()
}
