//! Futures that are dropped early, as when a client disconnects.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::check::{Stop, expect_with};
use super::rig::{Connection, LONG, Stored, same};
use super::{Rig, Subject};
use crate::{Driver as _, Expected, Record, Saved};

pub(super) fn dropped_load_leaves_no_lock<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let (store, other) = (rig.connect(), rig.connect());
    let stored = store.create(rig.record(NEW)?)?;
    dropped(&store, || store.driver.load(&stored.handle));
    // A load that finishes leaves no lock either, even if no save follows.
    store.loaded(&stored.handle)?;
    still_works(rig, &other, &stored)
}

pub(super) fn dropped_save_leaves_old_or_new_record<S: Subject>(
    rig: &Rig<'_, S>,
) -> Result<(), Stop> {
    let store = rig.connect();
    let stored = store.create(rig.record(OLD)?)?;
    for polls in 0..MOST_POLLS {
        let version = store.loaded(&stored.handle)?.version;
        let new = rig.record_of(stored.record.id(), &format!(r#"{{"new":{polls}}}"#))?;
        let save = cut(
            store.driver.save(&new, Expected::Version(&version), LONG),
            polls,
        );
        let is_done = store.run(save).is_some();
        let left = store.loaded(&stored.handle)?.record;
        either(&[&stored.record, &new], &left)?;
        // The store may receive a save after its future was dropped. Restore the old record for the
        // next round.
        settle(&store, &stored)?;
        if is_done {
            break;
        }
    }
    Ok(())
}

pub(super) fn dropped_touch_keeps_the_record<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    let stored = store.create(rig.record(OLD)?)?;
    let version = store.loaded(&stored.handle)?.version;
    dropped(&store, || {
        store.driver.touch(&stored.record, &version, LONG)
    });
    store.expect_held(&stored.handle, &stored.record)?;
    still_works(rig, &rig.connect(), &stored)
}

pub(super) fn dropped_creation_is_all_or_nothing<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    for polls in 0..MOST_POLLS {
        let new = rig.record(OLD)?;
        let is_done = store
            .run(cut(store.driver.save(&new, Expected::Absent, LONG), polls))
            .is_some();
        // What it left can be overwritten, and the driver reports it.
        match store.save(&new, Expected::Absent, LONG)? {
            Saved::Done { .. } => {}
            Saved::Conflict(Some(held)) => same(&new, &held.record)?,
            Saved::Conflict(None) => {
                return Err(Stop::broken(
                    "nothing or the whole record after a dropped creation",
                    "neither: Saved::Conflict(None)",
                ));
            }
        }
        if is_done {
            break;
        }
    }
    Ok(())
}

pub(super) fn dropped_destroy_is_all_or_nothing<S: Subject>(rig: &Rig<'_, S>) -> Result<(), Stop> {
    let store = rig.connect();
    for polls in 0..MOST_POLLS {
        let stored = store.create(rig.record(OLD)?)?;
        let ended = store.run(cut(store.driver.destroy(stored.record.id()), polls));
        if let Some(held) = store.load(&stored.handle)? {
            same(&stored.record, &held.record)?;
        }
        store.destroy(stored.record.id())?;
        store.expect_gone(&stored.handle, "after destroy")?;
        if ended.is_some() {
            break;
        }
    }
    Ok(())
}

/// Starts the future repeatedly and drops it after one more poll each time, until it finishes.
fn dropped<S: Subject, F: Future<Output: Send> + Send>(
    store: &Connection<'_, S>,
    begin: impl Fn() -> F,
) {
    for polls in 0..MOST_POLLS {
        if store.run(cut(begin(), polls)).is_some() {
            break;
        }
    }
}

/// Polls a future at most `polls` times, then drops it.
async fn cut<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Saves `stored` unchanged, and tries again if a dropped save interferes.
fn settle<S: Subject>(store: &Connection<'_, S>, stored: &Stored) -> Result<(), Stop> {
    for _ in 0..MOST_POLLS {
        let version = store.loaded(&stored.handle)?.version;
        if let Saved::Done { .. } = store.save(&stored.record, Expected::Version(&version), LONG)? {
            return Ok(());
        }
    }
    Err(Stop::broken(
        "a save that succeeds after another save was dropped",
        "Saved::Conflict every time",
    ))
}

fn still_works<S: Subject>(
    rig: &Rig<'_, S>,
    store: &Connection<'_, S>,
    stored: &Stored,
) -> Result<(), Stop> {
    settle(store, stored)?;
    store.create(rig.record(NEW)?)?;
    Ok(store.destroy(stored.record.id())?)
}

fn either(whole: &[&Record], left: &Record) -> Result<(), Stop> {
    let is_whole = whole.iter().any(|record| same(record, left).is_ok());
    expect_with(
        is_whole,
        "the whole old record or the whole new one after a dropped save",
        || {
            format!(
                "neither: a record of {} bytes of JSON",
                left.to_json().len()
            )
        },
    )
}

const OLD: &str = r#"{"old":1,"text":"a record of some length, so that half of it is less"}"#;
const NEW: &str = r#"{"new":1}"#;
/// For a driver that needs more polls, later drops are not checked.
const MOST_POLLS: usize = 16;
