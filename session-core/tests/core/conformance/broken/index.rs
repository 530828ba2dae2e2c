//! Faults in the index of owners.

use std::thread;

use session_core::{Driver as _, Saved, SessionId, Touched, async_trait};

use super::races::gap;
use super::{Broken, Fault, Result, Save, Store, Touch, faults};

faults! {
    ListsNothing "lists no sessions" caught by [
        owned_record_is_listed,
        revoking_all_ends_every_session,
        revoking_all_ends_every_session_in_a_crowd,
    ] {
        async fn owned_by(&self, _: &Store, _: &str) -> Result<Vec<SessionId>> {
            Ok(Vec::new())
        }
    }

    CutsOwners "compares the first 255 bytes of an owner" caught by [owner_may_be_any_text] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let owner = save.record.owner().map(cut);
            let record = &save.record.clone().with_owner(owner);
            store.apply(Save { record, ..save }).await
        }

        async fn owned_by(&self, store: &Store, owner: &str) -> Result<Vec<SessionId>> {
            store.listed(cut(owner)).await
        }
    }

    TrimsOwners "trims owners" caught by [owner_may_be_any_text] {
        async fn owned_by(&self, store: &Store, owner: &str) -> Result<Vec<SessionId>> {
            store.listed(owner.trim()).await
        }
    }

    KeepsTheFirstOwner "lists a session under its first owner only" caught by [
        changed_owner_is_listed,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            let first = store.remembered(save.id());
            let first = first.filter(|record| record.owner().is_some());
            let record = match &first {
                Some(first) => &save.record.clone().with_owner(first.owner()),
                None => save.record,
            };
            store.remember(record);
            store.apply(Save { record, ..save }).await
        }
    }

    ForgetsTouched "drops touched sessions from the index" caught by [
        extended_record_stays_listed,
    ] {
        async fn touch(&self, store: &Store, touch: Touch<'_>) -> Result<Touched> {
            let touched = store.apply_touch(touch).await?;
            if touched == Touched::Done {
                store.note(touch.id(), 1);
            }
            Ok(touched)
        }

        async fn owned_by(&self, store: &Store, owner: &str) -> Result<Vec<SessionId>> {
            let mut listed = store.listed(owner).await?;
            listed.retain(|id| !store.is_noted(id));
            Ok(listed)
        }
    }

    ForgetsAll "drops all of an owner's sessions from the index with one" caught by [
        destroy_leaves_other_records_listed,
        list_misses_no_session_in_a_crowd,
    ] {
        async fn destroy(&self, store: &Store, id: &SessionId) -> Result<()> {
            let held = store.load(id.as_str()).await?;
            if let Some(owner) = held.as_ref().and_then(|held| held.record.owner()) {
                let listed = store.listed(owner).await?;
                listed.iter().for_each(|id| store.note(id, 1));
            }
            store.destroy(id).await
        }

        async fn owned_by(&self, store: &Store, owner: &str) -> Result<Vec<SessionId>> {
            let mut listed = store.listed(owner).await?;
            listed.retain(|id| !store.is_noted(id));
            Ok(listed)
        }
    }

    ListsAThousand "lists at most a thousand sessions" caught by [many_sessions_are_listed] {
        async fn owned_by(&self, store: &Store, owner: &str) -> Result<Vec<SessionId>> {
            let mut listed = store.listed(owner).await?;
            listed.truncate(1_000);
            Ok(listed)
        }
    }

    ListsInTwoSteps "reads the index in two steps" caught by [
        list_misses_no_session_that_changes,
    ] {
        async fn owned_by(&self, store: &Store, owner: &str) -> Result<Vec<SessionId>> {
            let is_first = |id: &SessionId| id.as_str().as_bytes()[0].is_multiple_of(2);
            let mut listed = store.listed(owner).await?;
            listed.retain(is_first);
            gap();
            let mut rest = store.listed(owner).await?;
            rest.retain(|id| !is_first(id));
            listed.extend(rest);
            Ok(listed)
        }
    }

    /// Only a crowd finds this one.
    IndexesSixteenThreads "updates the index for the first sixteen threads only" caught by [
        list_misses_no_session_in_a_crowd,
        revoking_all_ends_every_session_in_a_crowd,
    ] {
        async fn save(&self, store: &Store, save: Save<'_>) -> Result<Saved> {
            if store.place(thread::current().id()) > 16 {
                store.note(save.id(), 1);
            }
            store.apply(save).await
        }

        async fn owned_by(&self, store: &Store, owner: &str) -> Result<Vec<SessionId>> {
            let mut listed = store.listed(owner).await?;
            listed.retain(|id| !store.is_noted(id));
            Ok(listed)
        }
    }
}

fn cut(owner: &str) -> &str {
    let end = (0..=owner.len().min(255))
        .rev()
        .find(|at| owner.is_char_boundary(*at));
    &owner[..end.unwrap_or_default()]
}
