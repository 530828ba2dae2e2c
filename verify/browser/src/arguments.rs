//! What the command line asks for.

use std::path::PathBuf;

/// The arguments of the program.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// Where screenshots are to go, if they are to be taken.
    pub(crate) screenshots: Option<PathBuf>,
    filters: Vec<String>,
}

impl Arguments {
    /// Reads them; the error is how to use the program.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
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

    /// Whether the scenario of this path is to be played.
    pub(crate) fn want(&self, path: &str) -> bool {
        let mut filters = self.filters.iter();
        self.filters.is_empty() || filters.any(|filter| path.contains(&**filter))
    }
}

const USAGE: &str = "usage: browser-check [--screenshots FOLDER] [PART OF A SCENARIO'S NAME]...";
