//! The command line.

use std::path::PathBuf;

#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// The folder for screenshots, if they are requested.
    pub(crate) screenshots: Option<PathBuf>,
    filters: Vec<String>,
}

impl Arguments {
    /// Parses the arguments. The error is the usage.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            match &*word {
                "--screenshots" => {
                    let folder = words.next().ok_or(USAGE)?;
                    arguments.screenshots = Some(folder.into());
                }
                option if option.starts_with('-') => return Err(USAGE.to_owned()),
                _ => arguments.filters.push(word),
            }
        }
        Ok(arguments)
    }

    /// Returns `true` if the scenario with this path is selected.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut filters = self.filters.iter();
        self.filters.is_empty() || filters.any(|filter| path.contains(&**filter))
    }
}

const USAGE: &str = "usage: browser-check [--screenshots FOLDER] [PART OF A SCENARIO'S NAME]...";
