//! The results, for people.

use std::collections::BTreeMap;
use std::fmt;

use session_core::DriverName;

/// What became of each scenario with each adapter and driver.
#[derive(Debug)]
pub(crate) struct Table {
    adapters: Vec<&'static str>,
    drivers: Vec<DriverName>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    scenario: String,
    cells: Vec<Cell>,
}

/// What became of a scenario with one adapter and one driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// It was not asked for.
    NotRun,
    Passed,
    Failed,
    /// For this reason.
    DoesNotApply(&'static str),
}

impl Table {
    pub(crate) const fn new(adapters: Vec<&'static str>, drivers: Vec<DriverName>) -> Self {
        Self {
            adapters,
            drivers,
            rows: Vec::new(),
        }
    }

    /// Adds a scenario: a cell for each adapter and, within it, each driver.
    pub(crate) fn add(&mut self, scenario: String, cells: Vec<Cell>) {
        self.rows.push(Row { scenario, cells });
    }

    fn count(&self, is_counted: impl Fn(Cell) -> bool) -> usize {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        cells.filter(|cell| is_counted(**cell)).count()
    }

    fn heading(&self, f: &mut fmt::Formatter<'_>, width: usize) -> fmt::Result {
        for driver in &self.drivers {
            write!(f, "{}: {driver}, ", initial(*driver))?;
        }
        writeln!(f, "–: does not apply")?;
        let group = 2 * self.drivers.len() + 1;
        write!(f, "{:width$}", "")?;
        for adapter in &self.adapters {
            write!(f, "  {adapter:group$}")?;
        }
        write!(f, "\n{:width$}", "")?;
        for _ in &self.adapters {
            write!(f, "  ")?;
            for driver in &self.drivers {
                write!(f, "{} ", initial(*driver))?;
            }
            write!(f, " ")?;
        }
        writeln!(f)
    }

    /// Why which scenarios do not apply to which drivers.
    fn reasons(&self) -> BTreeMap<(String, &'static str), Vec<&str>> {
        let mut reasons: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.was_asked_for()) {
            for (driver, cell) in self.drivers.iter().zip(&row.cells) {
                if let Cell::DoesNotApply(reason) = cell {
                    let scenarios = reasons.entry((driver.to_string(), *reason)).or_default();
                    scenarios.push(&*row.scenario);
                }
            }
        }
        reasons
    }
}

impl Row {
    fn was_asked_for(&self) -> bool {
        let mut cells = self.cells.iter();
        cells.any(|cell| matches!(cell, Cell::Passed | Cell::Failed))
    }
}

/// The table, why what does not apply, and a line that counts.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> = self.rows.iter().filter(|row| row.was_asked_for()).collect();
        let lengths = shown.iter().map(|row| row.scenario.len());
        let width = lengths.max().unwrap_or_default();
        self.heading(f, width)?;
        for row in shown {
            write!(f, "{:width$}", row.scenario)?;
            for cells in row.cells.chunks(self.drivers.len()) {
                write!(f, "  ")?;
                for cell in cells {
                    write!(f, "{cell} ")?;
                }
                write!(f, " ")?;
            }
            writeln!(f)?;
        }
        for ((driver, reason), scenarios) in self.reasons() {
            let scenarios = scenarios.join(", ");
            writeln!(f, "– {driver}, {reason}: {scenarios}")?;
        }
        write!(
            f,
            "conformance: http {} scenarios × {} adapters × {} drivers: {} passed, {} failed, {} do not apply",
            self.rows.len(),
            self.adapters.len(),
            self.drivers.len(),
            self.count(|cell| cell == Cell::Passed),
            self.count(|cell| cell == Cell::Failed),
            self.count(|cell| matches!(cell, Cell::DoesNotApply(_))),
        )?;
        match self.count(|cell| cell == Cell::NotRun) {
            0 => Ok(()),
            left_out => write!(f, ", {left_out} not asked for"),
        }
    }
}

fn initial(driver: DriverName) -> char {
    driver.to_string().chars().next().unwrap_or_default()
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRun => " ",
            Self::Passed => "✓",
            Self::Failed => "✗",
            Self::DoesNotApply(_) => "–",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_shown_and_counted_and_every_gap_explained() {
        let drivers = vec![DriverName::Cookie, DriverName::Memory];
        let mut table = Table::new(vec!["axum", "warp"], drivers);
        let gap = Cell::DoesNotApply("there is no store");
        let (passed, failed) = (Cell::Passed, Cell::Failed);
        table.add(
            "flash".to_owned(),
            vec![passed, failed, passed, Cell::NotRun],
        );
        table.add("outage".to_owned(), vec![gap, passed, gap, passed]);
        table.add(
            "left out".to_owned(),
            vec![gap, Cell::NotRun, gap, Cell::NotRun],
        );
        let expected = "c: cookie, m: memory, –: does not apply
        axum   warp
        c m    c m
flash   ✓ ✗    ✓
outage  – ✓    – ✓
– cookie, there is no store: outage
conformance: http 3 scenarios × 2 adapters × 2 drivers: 4 passed, 1 failed, 4 do not apply, 3 not asked for";
        let table = table.to_string();
        let lines: Vec<_> = table.lines().map(str::trim_end).collect();
        assert_eq!(lines.join("\n"), expected);
    }
}
