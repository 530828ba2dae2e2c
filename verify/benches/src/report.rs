//! Tables, which are printed, and kept for the page and its pictures.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A table of figures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table {
    /// The name on the page, and of the file.
    pub name: String,
    /// The title.
    pub title: String,
    /// The headings of the columns, without the first one, which holds the names of the rows.
    pub columns: Vec<String>,
    /// The rows, from top to bottom.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// A value for each column, if there is one.
    pub values: Vec<Option<f64>>,
}

/// The destination of a program's tables: standard output, and a folder if one was given.
#[derive(Clone, Debug)]
pub struct Results(Option<PathBuf>);

impl Results {
    /// Takes the folder from the arguments of the program: `--keep FOLDER`.
    #[must_use]
    pub fn from_arguments() -> Self {
        let mut arguments = std::env::args().skip_while(|argument| argument != "--keep");
        Self(arguments.nth(1).map(PathBuf::from))
    }

    /// Prints a table, and keeps it if there is a folder.
    ///
    /// # Panics
    ///
    /// If the folder is not writable.
    pub fn add(&self, table: &Table) {
        table.print();
        if let Some(folder) = &self.0 {
            table.keep(folder).expect("the folder is writable");
        }
    }
}

impl Table {
    /// Creates a table without rows.
    pub fn new(name: &str, title: &str, columns: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Reads a table that [`Results`] kept in a folder. Returns `None` if there is none.
    ///
    /// # Panics
    ///
    /// If the file is malformed.
    #[must_use]
    pub fn kept(folder: &Path, name: &str) -> Option<Self> {
        let json = std::fs::read_to_string(folder.join(format!("{name}.json"))).ok()?;
        Some(serde_json::from_str(&json).expect("it is a table"))
    }

    /// Returns the values of a column, with the names of their rows.
    ///
    /// # Panics
    ///
    /// If there is no such column.
    #[must_use]
    pub fn column(&self, column: &str) -> Vec<(&str, f64)> {
        let at = self.columns.iter().position(|name| name == column);
        let at = at.unwrap_or_else(|| panic!("{} has no column {column}", self.name));
        let values = self
            .rows
            .iter()
            .filter_map(|row| Some((&*row.name, row.values[at]?)));
        values.collect()
    }

    /// Returns the table as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("| | {} |\n|---|", self.columns.join(" | "));
        text += &"---:|".repeat(self.columns.len());
        for row in &self.rows {
            let values: Vec<String> = row.values.iter().map(|value| written(*value)).collect();
            text += &format!("\n| {} | {} |", row.name, values.join(" | "));
        }
        text
    }

    /// Adds a row.
    pub fn row(&mut self, name: impl Into<String>, values: impl IntoIterator<Item = Option<f64>>) {
        self.rows.push(Row {
            name: name.into(),
            values: values.into_iter().collect(),
        });
    }

    fn print(&self) {
        let names = self.rows.iter().map(|row| row.name.chars().count());
        let first = names.max().unwrap_or_default() + 2;
        println!("\n{}\n", self.title);
        print!("{:first$}", "");
        for column in &self.columns {
            print!("{column:>width$}", width = width(column));
        }
        println!();
        for row in &self.rows {
            print!("{:first$}", row.name);
            for (value, column) in row.values.iter().zip(&self.columns) {
                print!("{:>width$}", written(*value), width = width(column));
            }
            println!();
        }
    }

    fn keep(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(folder.join(format!("{}.json", self.name)), json + "\n")
    }
}

/// Formats a number with about three digits.
#[must_use]
pub fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 99_950.0 => format!("{:.0}k", value / 1_000.0),
        large if large >= 999.5 => format!("{:.1}k", value / 1_000.0),
        whole if whole >= 10.0 || value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

fn written(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}

fn width(column: &str) -> usize {
    column.chars().count().max(7) + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits() {
        let written = [0.0, 0.864, 7.25, 42.4, 999.4, 999.6, 12_345.0, 123_456.0].map(number);
        assert_eq!(
            written,
            ["0", "0.86", "7.25", "42", "999", "1.0k", "12.3k", "123k"]
        );
    }

    #[test]
    fn markdown_shows_a_dash_for_a_missing_value() {
        let mut table = Table::new("name", "Title", &["a", "b"]);
        table.row("row", [Some(1.0), None]);
        assert_eq!(
            table.markdown(),
            "| | a | b |\n|---|---:|---:|\n| row | 1 | – |"
        );
        assert_eq!(table.column("a"), [("row", 1.0)]);
    }
}
