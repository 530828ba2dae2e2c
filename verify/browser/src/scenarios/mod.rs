//! All scenarios, by topic.

mod background;
mod cookies;
mod devices;
mod identity;
mod log_out_others;
mod login;
mod page;
mod remember;
mod same_site;
mod size;
mod tabs;

use crate::scenario::Scenario;

/// Returns all scenarios in the order of their execution.
pub(crate) fn all() -> impl Iterator<Item = Scenario> {
    let topics = [
        page::SCENARIOS,
        identity::SCENARIOS,
        login::SCENARIOS,
        remember::SCENARIOS,
        devices::SCENARIOS,
        log_out_others::SCENARIOS,
        background::SCENARIOS,
        cookies::SCENARIOS,
        size::SCENARIOS,
        same_site::SCENARIOS,
        tabs::SCENARIOS,
    ];
    topics.into_iter().flatten().copied()
}
