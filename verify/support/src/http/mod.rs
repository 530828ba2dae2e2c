//! HTTP for the tests of the playgrounds and adapters: browsers that keep cookies, complete
//! responses, and a transcript of both that explains failures.

mod answer;
mod browser;
mod transcript;

pub use reqwest::Method;

pub use self::answer::Answer;
pub use self::browser::Browser;
pub use self::transcript::Transcript;
