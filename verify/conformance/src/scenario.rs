//! A scenario, and for which drivers it has something to say.

use std::pin::Pin;

use session_core::DriverName;

use crate::stage::Stage;

/// A story that each adapter tells alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    module: &'static str,
    name: &'static str,
    pub(crate) run: fn(Stage) -> Playing,
    exceptions: &'static [(DriverName, &'static str)],
    /// Whether it breaks its Redis server, and so needs its own.
    pub(crate) needs_own_server: bool,
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
            exceptions: &[],
            needs_own_server: false,
        }
    }

    /// It does not apply to these drivers, for these reasons.
    pub(crate) const fn except(self, exceptions: &'static [(DriverName, &'static str)]) -> Self {
        Self { exceptions, ..self }
    }

    /// It breaks its Redis server.
    pub(crate) const fn with_own_server(self) -> Self {
        Self {
            needs_own_server: true,
            ..self
        }
    }

    /// Why it does not apply to this driver; `None` where it does.
    pub(crate) fn exception(&self, driver: DriverName) -> Option<&'static str> {
        let mut exceptions = self.exceptions.iter();
        let exception = exceptions.find(|(name, _)| *name == driver)?;
        Some(exception.1)
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

/// The cookie driver is left out of what needs a store.
pub(crate) const NO_STORE: &[(DriverName, &str)] = &[(DriverName::Cookie, "there is no store")];
/// The cookie driver is left out of what a copy of a cookie would undo.
pub(crate) const NOT_REVOCABLE: &[(DriverName, &str)] =
    &[(DriverName::Cookie, "a copy of the cookie cannot be revoked")];
/// The cookie driver is left out of what needs changes to be joined.
pub(crate) const NOT_MERGED: &[(DriverName, &str)] = &[(
    DriverName::Cookie,
    "the browser holds the only copy: the last cookie wins",
)];
/// The server-side drivers are left out of what a cookie has no room for.
pub(crate) const NO_LIMIT: &[(DriverName, &str)] = &[
    (DriverName::Memory, "the cookie holds an id only"),
    (DriverName::Redis, "the cookie holds an id only"),
];
/// The server-side drivers are left out of what happens where changes cannot be joined.
pub(crate) const MERGED: &[(DriverName, &str)] = &[
    (DriverName::Memory, "changes are merged"),
    (DriverName::Redis, "changes are merged"),
];
