//! A scenario, and for which stores it has something to say.

use std::pin::Pin;

use crate::stage::{Stage, Store};

/// A story that a browser tells alike with each playground.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    module: &'static str,
    name: &'static str,
    pub(crate) run: fn(Stage) -> Playing,
    applies: fn(&Store) -> bool,
}

/// A scenario that is played.
pub(crate) type Playing = Pin<Box<dyn Future<Output = ()>>>;

impl Scenario {
    pub(crate) const fn new(
        module: &'static str,
        name: &'static str,
        run: fn(Stage) -> Playing,
    ) -> Self {
        Self {
            module,
            name,
            run,
            applies: |_| true,
        }
    }

    /// It is about the sessions that live in Redis.
    pub(crate) const fn in_redis_only(self) -> Self {
        Self {
            applies: Store::is_redis,
            ..self
        }
    }

    /// It is about the sessions that live in the cookie.
    pub(crate) const fn in_cookies_only(self) -> Self {
        Self {
            applies: |store| !store.is_redis(),
            ..self
        }
    }

    pub(crate) fn applies_to(&self, store: &Store) -> bool {
        (self.applies)(store)
    }

    /// `module::name`.
    pub(crate) fn path(&self) -> String {
        let module = self.module.rsplit("::").next().unwrap_or_default();
        format!("{module}::{}", self.name)
    }
}

/// Makes a [`Scenario`] of an async function.
macro_rules! scenario {
    ($name:ident) => {
        $crate::scenario::Scenario::new(module_path!(), stringify!($name), |stage| {
            Box::pin($name(stage))
        })
    };
}

pub(crate) use scenario;
