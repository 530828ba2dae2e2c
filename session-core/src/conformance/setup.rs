//! Several servers that start at the same moment.

use super::check::Stop;
use super::threads::in_step;
use super::{Rig, Subject};

pub(super) fn parallel_setup_succeeds<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let held = in_step(&[(); SERVERS], 1, |_, number, ()| {
        let store = rig.connect();
        let stored = store.create(rig.record(&format!(r#"{{"server":{number}}}"#))?)?;
        Ok((store, stored))
    })?;
    for (store, _) in held.iter().flatten() {
        for (_, stored) in held.iter().flatten() {
            store.expect_held(&stored.handle, &stored.record)?;
        }
    }
    Ok(())
}

const SERVERS: usize = 6;
