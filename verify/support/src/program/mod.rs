//! A playground's program as a newcomer starts it, and the tests that every playground's program passes.

mod misconfigured;
mod process;
mod redis;
mod running;

use std::pin::Pin;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

pub use self::process::Program;
use self::process::run;

/// A playground's program.
#[derive(Clone, Copy, Debug)]
pub struct Playground {
    /// Its name: what its messages begin with.
    pub name: &'static str,
    /// Where it is: `env!("CARGO_BIN_EXE_…")`.
    pub path: &'static str,
    /// Whether it was built with the feature `redis`.
    pub has_redis: bool,
}

impl Playground {
    /// Tests the program: the `main` of a test with `harness = false`.
    pub fn test(self) -> ExitCode {
        let optional = match self.has_redis {
            true => [misconfigured::WITH_REDIS, redis::TESTS],
            false => [misconfigured::WITHOUT_REDIS, &[]],
        };
        let tests = [running::TESTS, misconfigured::TESTS].into_iter();
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

/// A list of tests by the names of their functions.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        &[$($crate::program::Test {
            name: stringify!($name),
            play: |playground| Box::pin($name(playground)),
        }),*]
    };
}

use tests;

/// A secret that is one.
const SECRET: &str = "correct horse battery staple, and then some";
