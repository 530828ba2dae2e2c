//! HTTP as the tests of the playgrounds and of the adapters speak it: browsers that keep cookies, answers read to
//! their end, and a transcript of both for whoever reads a failure.

mod answer;
mod browser;
mod transcript;

pub use reqwest::Method;

pub use self::answer::Answer;
pub use self::browser::Browser;
pub use self::transcript::Transcript;
