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
        let group = 2 * self.drivers.len() + 1;
        write!(f, "{:width$}", "")?;
        for adapter in &self.adapters {
            write!(f, "  {adapter:group$}")?;
        }
        write!(f, "\n{:width$}", "")?;
        for _ in &self.adapters {
            write!(f, "  ")?;
            for driver in &self.drivers {
                write!(f, "{} ", &driver.to_string()[..1])?;
            }
            write!(f, " ")?;
        }
        writeln!(f)
    }

    /// Why which scenarios do not apply to which drivers.
    fn reasons(&self) -> BTreeMap<(String, &'static str), Vec<&str>> {
        let mut reasons: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in &self.rows {
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

/// The table, why what does not apply, and a line that counts.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = self.rows.iter().map(|row| row.scenario.len());
        let width = lengths.max().unwrap_or_default();
        self.heading(f, width)?;
        for row in &self.rows {
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
