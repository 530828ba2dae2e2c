//! Playground programs as a newcomer starts them, and the tests that every one of them passes.

mod misconfigured;
mod process;
mod redis;
mod running;
mod settings;

use std::pin::Pin;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

pub use self::process::Program;
use self::process::{run, run_with};

/// A playground's program.
#[derive(Clone, Copy, Debug)]
pub struct Playground {
    /// Its name, which begins every message.
    pub name: &'static str,
    /// Its path: `env!("CARGO_BIN_EXE_…")`.
    pub path: &'static str,
    /// Whether the feature `redis` is enabled.
    pub has_redis: bool,
}

impl Playground {
    /// Runs the tests. This is the `main` of a test with `harness = false`.
    pub fn test(self) -> ExitCode {
        let optional = match self.has_redis {
            true => [misconfigured::WITH_REDIS, redis::TESTS],
            false => [misconfigured::WITHOUT_REDIS, &[]],
        };
        let tests = [running::TESTS, settings::TESTS, misconfigured::TESTS].into_iter();
        let trials = tests.chain(optional).flatten().map(|test| {
            let (name, play) = (test.name, test.play);
            Trial::test(name, move || {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build()?;
                runtime.block_on(play(self));
                Ok(())
            })
        });
        libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
    }
}

/// A test of a program.
struct Test {
    name: &'static str,
    play: fn(Playground) -> Pin<Box<dyn Future<Output = ()>>>,
}

/// Lists tests by the names of their functions.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        &[$($crate::program::Test {
            name: stringify!($name),
            play: |playground| Box::pin($name(playground)),
        }),*]
    };
}

use tests;

/// A usable secret.
const SECRET: &str = "correct horse battery staple, and then some";
