//! The scenarios, by subject.

mod cookies;
mod identity;
mod page;
mod same_site;
mod size;
mod tabs;

use crate::scenario::Scenario;

/// All scenarios, in the order in which they are played.
pub(crate) fn all() -> impl Iterator<Item = Scenario> {
    let subjects = [
        page::SCENARIOS,
        identity::SCENARIOS,
        cookies::SCENARIOS,
        size::SCENARIOS,
        same_site::SCENARIOS,
        tabs::SCENARIOS,
    ];
    subjects.into_iter().flatten().copied()
}
