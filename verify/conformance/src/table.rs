//! The table of results.

use std::collections::BTreeMap;
use std::fmt;

/// The results of each scenario with each adapter and driver.
#[derive(Debug)]
pub(crate) struct Table {
    adapters: Vec<&'static str>,
    drivers: Vec<String>,
    rows: Vec<(String, Vec<Verdict>)>,
}

/// The result of a scenario with one adapter and one driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    NotSelected,
    Passed,
    Failed,
    /// The scenario does not apply to the driver, for this reason.
    Inapplicable(&'static str),
}

impl Table {
    pub(crate) const fn new(adapters: Vec<&'static str>, drivers: Vec<String>) -> Self {
        Self {
            adapters,
            drivers,
            rows: Vec::new(),
        }
    }

    /// Adds a scenario with its verdicts: for each adapter, one per driver.
    pub(crate) fn add(&mut self, scenario: String, verdicts: Vec<Verdict>) {
        self.rows.push((scenario, verdicts));
    }

    fn count(&self, is_counted: impl Fn(Verdict) -> bool) -> usize {
        let verdicts = self.rows.iter().flat_map(|(_, verdicts)| verdicts);
        verdicts.filter(|verdict| is_counted(**verdict)).count()
    }

    /// Returns the rows of the scenarios that ran.
    fn selected(&self) -> impl Iterator<Item = &(String, Vec<Verdict>)> {
        self.rows.iter().filter(|(_, verdicts)| {
            let mut verdicts = verdicts.iter();
            verdicts.any(|verdict| matches!(verdict, Verdict::Passed | Verdict::Failed))
        })
    }

    fn write_heading(&self, f: &mut fmt::Formatter<'_>, width: usize) -> fmt::Result {
        let labels = self.labels();
        for (driver, label) in self.drivers.iter().zip(&labels) {
            write!(f, "{}: {driver}, ", label.trim_end())?;
        }
        writeln!(f, "–: does not apply")?;
        let labels = labels.join(" ");
        let group = labels.chars().count();
        write!(f, "{:width$}", "")?;
        for adapter in &self.adapters {
            write!(f, "   {adapter:group$}")?;
        }
        write!(f, "\n{:width$}", "")?;
        for _ in &self.adapters {
            write!(f, "   {labels}")?;
        }
        writeln!(f)
    }

    /// Returns the shortest prefixes that tell the drivers' names apart, at one width.
    fn labels(&self) -> Vec<String> {
        let names = &self.drivers;
        let longest = names.iter().map(String::len).max().unwrap_or_default();
        let labels = |length| -> Vec<String> {
            let cut = names.iter().map(|name| name.chars().take(length));
            cut.map(|name| format!("{:length$}", name.collect::<String>()))
                .collect()
        };
        let is_unique = |labels: &Vec<String>| {
            let mut sorted = labels.clone();
            sorted.sort();
            sorted.dedup();
            sorted.len() == labels.len()
        };
        (1..=longest)
            .map(labels)
            .find(is_unique)
            .unwrap_or_else(|| names.clone())
    }

    /// Returns the reasons why scenarios do not apply to drivers.
    fn reasons(&self) -> BTreeMap<(String, &'static str), Vec<&str>> {
        let mut reasons: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (scenario, verdicts) in self.selected() {
            for (driver, verdict) in self.drivers.iter().zip(verdicts) {
                if let Verdict::Inapplicable(reason) = verdict {
                    let scenarios = reasons.entry((driver.clone(), *reason)).or_default();
                    scenarios.push(&**scenario);
                }
            }
        }
        reasons
    }
}

/// The table, the reasons for its gaps, and a line with the totals.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = self.selected().map(|(scenario, _)| scenario.len());
        let width = lengths.max().unwrap_or_default();
        self.write_heading(f, width)?;
        let column = self
            .labels()
            .first()
            .map_or(0, |label| label.chars().count());
        for (scenario, verdicts) in self.selected() {
            write!(f, "{scenario:width$}")?;
            for verdicts in verdicts.chunks(self.drivers.len()) {
                write!(f, "  ")?;
                for verdict in verdicts {
                    write!(f, " {:column$}", verdict.symbol())?;
                }
            }
            writeln!(f)?;
        }
        for ((driver, reason), scenarios) in self.reasons() {
            writeln!(f, "– {driver}, {reason}: {}", scenarios.join(", "))?;
        }
        write!(
            f,
            "conformance: http {} scenarios × {} adapters × {} drivers: {} passed, {} failed, {} do not apply",
            self.rows.len(),
            self.adapters.len(),
            self.drivers.len(),
            self.count(|verdict| verdict == Verdict::Passed),
            self.count(|verdict| verdict == Verdict::Failed),
            self.count(|verdict| matches!(verdict, Verdict::Inapplicable(_))),
        )?;
        match self.count(|verdict| verdict == Verdict::NotSelected) {
            0 => Ok(()),
            skipped => write!(f, ", {skipped} not selected"),
        }
    }
}

impl Verdict {
    const fn symbol(self) -> char {
        match self {
            Self::NotSelected => ' ',
            Self::Passed => '✓',
            Self::Failed => '✗',
            Self::Inapplicable(_) => '–',
        }
    }
}

/// Checks that the table shows and counts every verdict and explains every gap.
pub(crate) fn check() {
    let drivers = vec!["cookie".to_owned(), "memory".to_owned()];
    let mut table = Table::new(vec!["axum", "warp"], drivers);
    let gap = Verdict::Inapplicable("there is no store");
    let (passed, failed, skipped) = (Verdict::Passed, Verdict::Failed, Verdict::NotSelected);
    table.add("flash".to_owned(), vec![passed, failed, passed, skipped]);
    table.add("outage".to_owned(), vec![gap, passed, gap, passed]);
    table.add("skipped".to_owned(), vec![gap, skipped, gap, skipped]);
    let expected = "c: cookie, m: memory, –: does not apply
         axum   warp
         c m   c m
flash    ✓ ✗   ✓
outage   – ✓   – ✓
– cookie, there is no store: outage
conformance: http 3 scenarios × 2 adapters × 2 drivers: 4 passed, 1 failed, 4 do not apply, 3 not selected";
    let table = table.to_string();
    let lines: Vec<_> = table.lines().map(str::trim_end).collect();
    assert_eq!(lines.join("\n"), expected);
}
