//! Licence expressions (SPDX Specification, "SPDX license expressions"), as far as packages use them.

use std::collections::BTreeSet;

/// Says whether what is allowed is enough for the expression: one side of each `OR`, both of each `AND`. A slash is an
/// `OR`, as old packages write it. What is no expression is not satisfied.
///
/// # Examples
///
/// ```
/// use session_checks::expression::is_satisfied;
///
/// let allowed = ["MIT".to_owned()].into();
/// assert!(is_satisfied("MIT OR LGPL-2.1-or-later", &allowed));
/// assert!(!is_satisfied("MIT AND LGPL-2.1-or-later", &allowed));
/// ```
#[must_use]
pub fn is_satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = Words {
        words: spaced.split_whitespace().collect(),
        at: 0,
        allowed,
    };
    words.any_of() == Some(true) && words.at == words.words.len()
}

/// A recursive descent: each method takes its words and says whether they are satisfied, `None` if it cannot read them.
struct Words<'a> {
    words: Vec<&'a str>,
    at: usize,
    allowed: &'a BTreeSet<String>,
}

impl<'a> Words<'a> {
    fn any_of(&mut self) -> Option<bool> {
        let mut satisfied = self.all_of()?;
        while self.takes("OR") {
            satisfied |= self.all_of()?;
        }
        Some(satisfied)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut satisfied = self.one()?;
        while self.takes("AND") {
            satisfied &= self.one()?;
        }
        Some(satisfied)
    }

    fn one(&mut self) -> Option<bool> {
        if self.takes("(") {
            let satisfied = self.any_of()?;
            return self.takes(")").then_some(satisfied);
        }
        let mut name = self
            .next()
            .filter(|name| !KEYWORDS.contains(name))?
            .to_owned();
        // An exception only adds rights; it is part of the name, as in the policy.
        if self.takes("WITH") {
            name = format!("{name} WITH {}", self.next()?);
        }
        Some(self.allowed.contains(&name))
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.at) == Some(&word);
        self.at += usize::from(is_next);
        is_next
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word
    }
}

const KEYWORDS: [&str; 5] = ["OR", "AND", "WITH", "(", ")"];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str) -> bool {
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
        is_satisfied(expression, &allowed.map(str::to_owned).into())
    }

    #[test]
    fn one_side_of_an_or_is_enough() {
        for expression in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/GPL-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(check(expression), "{expression}");
        }
        assert!(!check("GPL-3.0 OR AGPL-3.0"));
    }

    #[test]
    fn an_and_needs_both_sides_and_binds_tighter() {
        assert!(check("MIT AND Apache-2.0"));
        assert!(!check("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(check("MIT OR Apache-2.0 AND GPL-3.0"));
        assert!(!check("GPL-3.0 WITH Classpath-exception-2.0"));
    }

    #[test]
    fn what_cannot_be_read_is_not_satisfied() {
        for expression in [
            "", "MIT MIT", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT WITH", "()",
        ] {
            assert!(!check(expression), "{expression}");
        }
    }
}
