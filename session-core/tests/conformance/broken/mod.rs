//! Drivers with one fault each, and the checks that must catch it.

mod endings;
mod expiry;
mod halves;
mod handles;
mod races;
mod texts;
mod versions;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use session_core::conformance::{Level, Report, checks, report};
use session_core::{
    Capacity, Driver as _, Error, Expected, Loaded, Record, Retired, Saved, SessionId, Touched,
    Version, async_trait,
};

use crate::store::{Site, Store};

/// What a driver does otherwise than [`Store`], which does everything right. A new one is made for each connection.
#[async_trait]
pub(crate) trait Fault: Send + Sync + 'static {
    const PATIENCE: Duration = Duration::from_secs(30);

    async fn load(&self, store: &Store, handle: &str) -> Result<Option<Loaded>, Error> {
        store.load(handle).await
    }

    async fn save(
        &self,
        store: &Store,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        store.save(record, expected, ttl).await
    }

    async fn destroy(&self, store: &Store, id: &SessionId) -> Result<(), Error> {
        store.destroy(id).await
    }

    async fn touch(&self, store: &Store, id: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        store.touch(id, ttl).await
    }

    async fn retire(
        &self,
        store: &Store,
        id: &SessionId,
        version: &Version,
    ) -> Result<Retired, Error> {
        store.retire(id, version).await
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

/// None.
#[derive(Default)]
struct Flawless;

impl Fault for Flawless {}

/// A line of the table.
pub(crate) struct Broken {
    what: &'static str,
    /// The checks that are there for this fault. Others may catch it too.
    caught_by: &'static [&'static str],
    report: fn() -> Report,
    /// Whether the check of this name catches it.
    is_caught_by: fn(&str) -> bool,
}

impl Broken {
    fn of<F: Fault + Default>(what: &'static str, caught_by: &'static [&'static str]) -> Self {
        Self {
            what,
            caught_by,
            report: || report(Level::Concurrent, Site::<F>::new),
            is_caught_by: |name| {
                let mut checks = checks(Level::Concurrent).into_iter();
                let check = checks.find(|check| check.name() == name);
                check.is_some_and(|check| check.run(Site::<F>::new()).is_err())
            },
        }
    }
}

fn all() -> Vec<Broken> {
    [
        handles::faults(),
        texts::faults(),
        expiry::faults(),
        endings::faults(),
        halves::faults(),
        versions::faults(),
        races::faults(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn without_a_fault_every_check_is_asked_and_passes() {
    let report = report(Level::Concurrent, Site::<Flawless>::new);
    let summary = format!(
        "concurrent: {} promises kept, 0 broken, 0 not asked",
        names().len()
    );
    assert_eq!(report.summary(), summary, "{report}");
}

/// `cargo test -p session-core --all-features --test conformance -- --nocapture every_check` shows the table.
#[test]
fn every_check_catches_a_broken_driver_and_every_broken_driver_is_caught() {
    assert!(shows_an_id(SessionId::random().unwrap().as_str()));
    let mut catches: BTreeMap<&str, usize> = names().into_iter().map(|name| (name, 0)).collect();
    let faults = all();
    for Broken {
        what,
        caught_by,
        report,
        is_caught_by,
    } in &faults
    {
        let report = report();
        let caught: Vec<_> = report.failures().map(|failure| failure.check()).collect();
        println!(
            "{what}\n    caught by {}: {}",
            caught.len(),
            caught.join(", ")
        );
        for failure in report.failures() {
            assert!(!shows_an_id(&failure.to_string()), "{failure}");
        }
        for name in *caught_by {
            // Of a busy machine's threads, two may miss each other.
            let is_caught = caught.contains(name) || (0..20).any(|_| is_caught_by(name));
            assert!(is_caught, "a driver that {what} passes {name}\n{report}");
            *catches.get_mut(name).expect("a check") += 1;
        }
    }
    let never: Vec<_> = catches.iter().filter(|(_, times)| **times == 0).collect();
    assert!(never.is_empty(), "no broken driver is meant for {never:?}");
    let line = format!(
        "conformance: {} broken drivers, all caught; {} checks, each of them catches one\n",
        faults.len(),
        catches.len()
    );
    std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
}

fn names() -> Vec<&'static str> {
    let checks = checks::<Site<Flawless>>(Level::Concurrent);
    checks.iter().map(|check| check.name()).collect()
}

/// Whether there is a whole UUID in it.
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
