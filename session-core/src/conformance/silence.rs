//! What the driver reveals in its `Debug` output.

use super::check::{Stop, expect_with};
use super::rig::LONG;
use super::{Rig, Subject};
use crate::SessionId;

pub(super) fn debug_reveals_nothing<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let (key, value) = (SessionId::random()?, SessionId::random()?);
    let record = rig.record(&format!(r#"{{"{}":"{}"}}"#, key.as_str(), value.as_str()))?;
    let stored = store.create(record)?;
    let version = store.loaded(&stored.handle)?.version;
    store.touch(stored.record.id(), &version, LONG)?;
    let secrets = [
        ("the id", stored.record.id().as_str()),
        ("the handle", &stored.handle),
        ("a key of the record", key.as_str()),
        ("a value of the record", value.as_str()),
    ];
    for shown in [
        format!("{:?}", store.driver),
        format!("{:#?}", store.driver),
    ] {
        for (what, secret) in secrets {
            expect_with(
                !shown.contains(secret),
                format!("a Debug output of the driver without {what}"),
                || {
                    format!(
                        "it occurs in the {} characters of the Debug output",
                        shown.chars().count()
                    )
                },
            )?;
        }
    }
    Ok(())
}
