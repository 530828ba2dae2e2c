//! All scenarios, by topic.

mod cookies;
mod identity;
mod login;
mod page;
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
        cookies::SCENARIOS,
        size::SCENARIOS,
        same_site::SCENARIOS,
        tabs::SCENARIOS,
    ];
    topics.into_iter().flatten().copied()
}
