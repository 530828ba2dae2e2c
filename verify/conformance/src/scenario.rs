//! A scenario, and the drivers that it applies to.

use std::pin::Pin;

use crate::drivers::Storage;
use crate::fixture::Fixture;

/// A story that goes the same way with every adapter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    module: &'static str,
    name: &'static str,
    pub(crate) play: fn(Fixture) -> Playing,
    needs: Option<Need>,
}

pub(crate) type Playing = Pin<Box<dyn Future<Output = ()>>>;

/// Where a driver must store sessions for a scenario to apply to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    storage: &'static [Storage],
    /// Why the scenario does not apply otherwise.
    otherwise: &'static str,
    /// The scenario breaks the store's server.
    breaks_server: bool,
}

impl Scenario {
    pub(crate) const fn new(
        module: &'static str,
        name: &'static str,
        play: fn(Fixture) -> Playing,
    ) -> Self {
        Self {
            module,
            name,
            play,
            needs: None,
        }
    }

    pub(crate) const fn needs(self, need: Need) -> Self {
        Self {
            needs: Some(need),
            ..self
        }
    }

    /// Returns why the scenario does not apply to drivers with this storage, or `None` if it does.
    pub(crate) fn inapplicable(&self, storage: Storage) -> Option<&'static str> {
        let need = self.needs.filter(|need| !need.storage.contains(&storage))?;
        Some(need.otherwise)
    }

    /// Returns `true` if the scenario breaks the store's server and so needs one of its own.
    pub(crate) fn needs_own_server(&self) -> bool {
        self.needs.is_some_and(|need| need.breaks_server)
    }

    /// Returns `module::name`.
    pub(crate) fn path(&self) -> String {
        let module = self.module.rsplit("::").next().unwrap_or_default();
        format!("{module}::{}", self.name)
    }
}

/// Turns async functions into a list of [`Scenario`]s.
macro_rules! scenarios {
    ($($name:ident $(needs $need:ident)?),* $(,)?) => {
        pub(crate) const SCENARIOS: &[$crate::scenario::Scenario] = &[$(
            $crate::scenario::Scenario::new(module_path!(), stringify!($name), |fixture| {
                Box::pin($name(fixture))
            })$(.needs($crate::scenario::$need))?
        ),*];
    };
}

pub(crate) use scenarios;

pub(crate) const STORE: Need = server_side("there is no store");
pub(crate) const REVOCATION: Need = server_side("a copied cookie cannot be revoked");
pub(crate) const MERGING: Need =
    server_side("the browser holds the only copy, so the last cookie wins");
pub(crate) const NO_REVOCATION: Need = in_cookie("a copied cookie is revoked");
pub(crate) const NO_MERGING: Need = in_cookie("changes are merged");
pub(crate) const SIZE_LIMIT: Need = in_cookie("the cookie holds only an id");
/// The scenario breaks it, so it gets a server of its own.
pub(crate) const SERVER: Need = Need {
    breaks_server: true,
    ..need(&[Storage::Server], "there is no separate server")
};
pub(crate) const SHARED_FORMAT: Need = need(&[Storage::Server], "no other program reads the store");

const fn server_side(otherwise: &'static str) -> Need {
    need(&[Storage::Process, Storage::Server], otherwise)
}

const fn in_cookie(otherwise: &'static str) -> Need {
    need(&[Storage::Cookie], otherwise)
}

const fn need(storage: &'static [Storage], otherwise: &'static str) -> Need {
    Need {
        storage,
        otherwise,
        breaks_server: false,
    }
}
