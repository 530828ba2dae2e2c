//! Futures that are dropped before their end, as when a client goes away.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::check::{Stop, expect_with};
use super::stage::{LONG, Store, Stored, same};
use super::{Stage, Subject};
use crate::{Driver as _, Expected, Record, Saved};

pub(super) fn a_dropped_load_leaves_no_lock<S: Subject>(stage: &Stage<'_, S>) -> Result<(), Stop> {
    let (store, other) = (stage.store(), stage.store());
    let stored = store.create(stage.record(NEW)?)?;
    dropped(&store, || store.driver.load(&stored.handle));
    // Nor does one that came to its end, and is never followed by a save.
    store.loaded(&stored.handle)?;
    still_works(stage, &other, &stored)
}

pub(super) fn a_dropped_save_leaves_the_old_or_the_new<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    let stored = store.create(stage.record(OLD)?)?;
    for polls in 0..MOST_POLLS {
        let version = store.loaded(&stored.handle)?.version;
        let new = stage.record_of(stored.record.id(), &format!(r#"{{"new":{polls}}}"#))?;
        let save = cut(
            store.driver.save(&new, Expected::Version(&version), LONG),
            polls,
        );
        let is_done = store.run(save).is_some();
        let left = store.loaded(&stored.handle)?.record;
        either(&[&stored.record, &new], &left)?;
        // A save that was sent before it was dropped may still arrive. Back to the old one, for the next time.
        settle(&store, &stored)?;
        if is_done {
            break;
        }
    }
    Ok(())
}

pub(super) fn a_dropped_touch_leaves_the_record<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    let stored = store.create(stage.record(OLD)?)?;
    dropped(&store, || store.driver.touch(stored.record.id(), LONG));
    store.expect_held(&stored.handle, &stored.record)?;
    still_works(stage, &stage.store(), &stored)
}

pub(super) fn a_dropped_creation_leaves_all_or_nothing<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    for polls in 0..MOST_POLLS {
        let new = stage.record(OLD)?;
        let is_done = store
            .run(cut(store.driver.save(&new, Expected::Absent, LONG), polls))
            .is_some();
        // Whatever it left can be overwritten, and whoever does so is told of it.
        match store.save(&new, Expected::Absent, LONG)? {
            Saved::Done { .. } => {}
            Saved::Conflict(Some(held)) => same(&new, &held.record)?,
            Saved::Conflict(None) => {
                return Err(Stop::broken(
                    "nothing, or the record, after a creation that was dropped",
                    "something that is neither: Saved::Conflict(None)",
                ));
            }
        }
        if is_done {
            break;
        }
    }
    Ok(())
}

pub(super) fn a_dropped_end_leaves_all_or_nothing<S: Subject>(
    stage: &Stage<'_, S>,
) -> Result<(), Stop> {
    let store = stage.store();
    for polls in 0..MOST_POLLS {
        let (destroyed, retired) = (
            store.create(stage.record(OLD)?)?,
            store.create(stage.record(OLD)?)?,
        );
        let version = store.loaded(&retired.handle)?.version;
        let first = store.run(cut(store.driver.destroy(destroyed.record.id()), polls));
        let second = store.run(cut(
            store.driver.retire(retired.record.id(), &version),
            polls,
        ));
        for stored in [&destroyed, &retired] {
            if let Some(held) = store.load(&stored.handle)? {
                same(&stored.record, &held.record)?;
            }
            store.destroy(stored.record.id())?;
            store.expect_gone(&stored.handle, "after destroy")?;
        }
        if first.is_some() && second.is_some() {
            break;
        }
    }
    Ok(())
}

/// Begins the future again and again, and drops it one poll later each time, until it comes to its end before that.
fn dropped<S: Subject, F: Future<Output: Send> + Send>(
    store: &Store<'_, S>,
    begin: impl Fn() -> F,
) {
    for polls in 0..MOST_POLLS {
        if store.run(cut(begin(), polls)).is_some() {
            break;
        }
    }
}

/// Polls a future so many times, then drops it.
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

/// Saves `stored` as it is, in as many attempts as others may disturb.
fn settle<S: Subject>(store: &Store<'_, S>, stored: &Stored) -> Result<(), Stop> {
    for _ in 0..MOST_POLLS {
        let version = store.loaded(&stored.handle)?.version;
        if let Saved::Done { .. } = store.save(&stored.record, Expected::Version(&version), LONG)? {
            return Ok(());
        }
    }
    Err(Stop::broken(
        "a save that succeeds after another one was dropped",
        "Saved::Conflict each time",
    ))
}

fn still_works<S: Subject>(
    stage: &Stage<'_, S>,
    store: &Store<'_, S>,
    stored: &Stored,
) -> Result<(), Stop> {
    settle(store, stored)?;
    store.create(stage.record(NEW)?)?;
    Ok(store.destroy(stored.record.id())?)
}

fn either(whole: &[&Record], left: &Record) -> Result<(), Stop> {
    let is_whole = whole.iter().any(|record| same(record, left).is_ok());
    expect_with(
        is_whole,
        "the old record or the new one, whole, after a save that was dropped",
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
/// A driver that needs more polls for one operation is not cut any later.
const MOST_POLLS: usize = 16;
