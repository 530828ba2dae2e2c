//! The rules of the contract.

use std::fmt;

/// A rule of the [`Driver` contract](crate::Driver#contract).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    number: u8,
    title: &'static str,
}

impl Rule {
    pub(super) const UNTRUSTED_HANDLES: Self =
        Self::new(1, "A verified handle is still untrusted input");
    pub(super) const NO_SESSION: Self = Self::new(
        2,
        "`Ok(None)` means \"no session\", `Err` means \"the store failed\"",
    );
    pub(super) const ROUND_TRIP: Self = Self::new(3, "Round trip");
    pub(super) const EXPIRY: Self = Self::new(4, "Expiry");
    pub(super) const COMPARE_AND_SET: Self = Self::new(5, "Compare and set");
    pub(super) const VERSIONS: Self = Self::new(6, "Versions are never reused");
    pub(super) const NO_RESURRECTION: Self = Self::new(7, "Ended sessions are never resurrected");
    pub(super) const DESTROY: Self = Self::new(8, "Destroy is final and idempotent");
    pub(super) const NO_LOCK: Self = Self::new(9, "No lock across requests");
    pub(super) const IN_TIME: Self = Self::new(10, "In time");
    pub(super) const SILENT: Self = Self::new(11, "Silent");
    pub(super) const ACCURATE: Self = Self::new(12, "Capabilities are reported accurately");

    pub(super) const INDEX: Self = Self::new(13, "The index misses no live session");

    const fn new(number: u8, title: &'static str) -> Self {
        Self { number, title }
    }

    /// Returns the number of the rule.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.number
    }

    /// Returns the title of the rule.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.title
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Driver contract, rule {}: {}", self.number, self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_titles_match_the_contract() {
        let contract = include_str!("../driver/mod.rs");
        let rules = [
            Rule::UNTRUSTED_HANDLES,
            Rule::NO_SESSION,
            Rule::ROUND_TRIP,
            Rule::EXPIRY,
            Rule::COMPARE_AND_SET,
            Rule::VERSIONS,
            Rule::NO_RESURRECTION,
            Rule::DESTROY,
            Rule::NO_LOCK,
            Rule::IN_TIME,
            Rule::SILENT,
            Rule::ACCURATE,
            Rule::INDEX,
        ];
        for (at, rule) in rules.iter().enumerate() {
            assert_eq!(usize::from(rule.number), at + 1);
            let line = format!("/// {}. **{}.**", rule.number, rule.title);
            assert!(contract.contains(&line), "{line}");
        }
        assert!(!contract.contains("/// 14. **"));
    }
}
