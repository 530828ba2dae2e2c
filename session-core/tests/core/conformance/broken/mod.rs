//! Drivers with one fault each, and the checks that must catch it.

mod endings;
mod expiry;
mod halves;
mod handles;
mod index;
mod moved;
mod outages;
mod races;
mod texts;
mod versions;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use session_core::conformance::{Level, checks, report};
use session_core::{
    Capacity, Driver as _, Error, Expected, Loaded, Record, Saved, SessionId, Touched, Version,
    async_trait,
};

use super::reference::{BrokenSubject, Store};

/// How a driver differs from [`Store`], which does everything right. Every connection gets a fault of its own.
#[async_trait]
pub(crate) trait Fault: Send + Sync + 'static {
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Prepares the store for a new connection.
    fn set_up(&self, _: &Store) {}

    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>> {
        store.load(handle).await
    }

    async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
        store.apply(save).await
    }

    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
        store.destroy(id).await
    }

    async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
        store.apply_touch(touch).await
    }

    async fn owned_by(&self, store: &Store, owner: &str) -> Result<Vec<SessionId>> {
        store.listed(owner).await
    }

    fn can_revoke(&self) -> bool {
        true
    }

    fn capacity(&self, store: &Store) -> Capacity {
        store.capacity()
    }

    fn debug(&self, store: &Store, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(store, f)
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The arguments of [`Driver::save`](session_core::Driver::save).
#[derive(Clone, Copy)]
pub(crate) struct Save<'a> {
    pub(crate) record: &'a Record,
    pub(crate) expected: Expected<'a>,
    pub(crate) ttl: Duration,
}

/// The arguments of [`Driver::touch`](session_core::Driver::touch).
#[derive(Clone, Copy)]
pub(crate) struct Touch<'a> {
    pub(crate) record: &'a Record,
    pub(crate) version: &'a Version,
    pub(crate) ttl: Duration,
}

impl Touch<'_> {
    fn id(&self) -> &SessionId {
        self.record.id()
    }
}

impl Save<'_> {
    fn id(&self) -> &SessionId {
        self.record.id()
    }

    /// Returns `true` if it expects no record and the store holds none.
    async fn is_creation(&self, store: &Store) -> Result<bool> {
        let is_absent = matches!(self.expected, Expected::Absent);
        Ok(is_absent && store.load(self.id().as_str()).await?.is_none())
    }
}

/// Defines faults: a name, what the driver does, and the checks that exist for this fault.
macro_rules! faults {
    ($(
        $(#[$docs:meta])*
        $name:ident $(($field:ty))? $what:literal caught by [$($check:ident),+ $(,)?] { $($body:tt)* }
    )*) => {
        pub(super) fn faults() -> Vec<Broken> {
            vec![$(Broken::of::<$name>($what, &[$(stringify!($check)),+])),*]
        }

        $(
            $(#[$docs])*
            #[derive(Default)]
            struct $name $(($field))?;

            #[async_trait]
            impl Fault for $name {
                $($body)*
            }
        )*
    };
}
use faults;

#[derive(Default)]
struct Flawless;

impl Fault for Flawless {}

/// A broken driver.
struct Broken {
    what: &'static str,
    /// The checks that exist for this fault. Others may catch it too.
    caught_by: &'static [&'static str],
    new: fn() -> BrokenSubject,
    level: Level,
}

impl Broken {
    fn of<F: Fault + Default>(what: &'static str, caught_by: &'static [&'static str]) -> Self {
        Self {
            what,
            caught_by,
            new: BrokenSubject::new::<F>,
            level: Level::Concurrent,
        }
    }

    /// The fault is in the index. The other checks are not worth their time then.
    fn in_index(self) -> Self {
        Self {
            level: Level::Indexed,
            ..self
        }
    }

    fn is_caught_by(&self, name: &str) -> bool {
        let mut checks = checks(Level::Indexed).into_iter();
        let check = checks.find(|check| check.name() == name);
        check.is_some_and(|check| check.run((self.new)()).is_err())
    }
}

fn all() -> Vec<Broken> {
    [
        handles::faults(),
        outages::faults(),
        moved::faults(),
        texts::faults(),
        expiry::faults(),
        endings::faults(),
        halves::faults(),
        versions::all(),
        races::faults(),
        index::faults().into_iter().map(Broken::in_index).collect(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn without_a_fault_every_check_runs_and_passes() {
    let report = report(Level::Indexed, BrokenSubject::new::<Flawless>);
    let summary = format!(
        "indexed: {} promises kept, 0 broken, 0 not asked",
        names().len()
    );
    assert_eq!(report.summary(), summary, "{report}");
}

/// Shows the table with `cargo test -p session-core --all-features --test core -- --nocapture every_check`.
#[test]
fn every_check_catches_a_broken_driver_and_every_broken_driver_is_caught() {
    assert!(shows_an_id(SessionId::random().unwrap().as_str()));
    let mut catches: BTreeMap<&str, usize> = names().into_iter().map(|name| (name, 0)).collect();
    let faults = all();
    for broken in &faults {
        let what = broken.what;
        let report = report(broken.level, broken.new);
        let caught: Vec<_> = report.failures().map(|failure| failure.check()).collect();
        let names = caught.join(", ");
        println!("{what}\n    caught by {}: {names}", caught.len());
        for failure in report.failures() {
            assert!(!shows_an_id(&failure.to_string()), "{failure}");
        }
        for name in broken.caught_by {
            // On a busy machine, two threads may miss each other.
            let is_caught = caught.contains(name) || (0..20).any(|_| broken.is_caught_by(name));
            assert!(is_caught, "a driver that {what} passes {name}\n{report}");
            *catches.get_mut(name).expect("a check") += 1;
        }
    }
    let never: Vec<_> = catches.iter().filter(|(_, times)| **times == 0).collect();
    assert!(
        never.is_empty(),
        "no broken driver exists for the checks {never:?}"
    );
    let line = format!(
        "conformance: {} broken drivers, all caught; {} checks, each of which catches one\n",
        faults.len(),
        catches.len()
    );
    std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
}

fn names() -> Vec<&'static str> {
    let checks = checks::<BrokenSubject>(Level::Indexed);
    checks.iter().map(|check| check.name()).collect()
}

/// Returns `true` if the text contains a whole UUID.
fn shows_an_id(text: &str) -> bool {
    let is_id = |window: &[u8]| {
        let mut bytes = window.iter().enumerate();
        bytes.all(|(at, byte)| {
            if [8, 13, 18, 23].contains(&at) {
                *byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
    };
    text.as_bytes().windows(36).any(is_id)
}
