//! A scenario, and the stores that it applies to.

use std::pin::Pin;

use crate::setup::{Setup, Store};

/// A check that every playground passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    module: &'static str,
    name: &'static str,
    pub(crate) run: fn(Setup) -> Run,
    applies: fn(&Store) -> bool,
}

/// A running scenario.
pub(crate) type Run = Pin<Box<dyn Future<Output = ()>>>;

impl Scenario {
    pub(crate) const fn new(
        module: &'static str,
        name: &'static str,
        run: fn(Setup) -> Run,
    ) -> Self {
        Self {
            module,
            name,
            run,
            applies: |_| true,
        }
    }

    /// Limits it to sessions in Redis.
    pub(crate) const fn redis_only(self) -> Self {
        Self {
            applies: Store::is_redis,
            ..self
        }
    }

    /// Limits it to sessions in the cookie.
    pub(crate) const fn cookie_only(self) -> Self {
        Self {
            applies: |store| !store.is_redis(),
            ..self
        }
    }

    pub(crate) fn applies_to(&self, store: &Store) -> bool {
        (self.applies)(store)
    }

    /// Returns `module::name`.
    pub(crate) fn path(&self) -> String {
        let module = self.module.rsplit("::").next().unwrap_or_default();
        format!("{module}::{}", self.name)
    }
}

/// Makes a [`Scenario`] from an async function.
macro_rules! scenario {
    ($name:ident) => {
        $crate::scenario::Scenario::new(module_path!(), stringify!($name), |setup| {
            Box::pin($name(setup))
        })
    };
}

pub(crate) use scenario;
