//! Events between requests: time passes, operators deploy, and other software writes to the store.

use std::time::Duration;

use session_core::{Driver, Expected, Record, Saved, SessionId, Timestamp};

use super::backend::{Backend, Storage};
use super::clients::Release;
use super::play::Play;
use super::record::Texts;
use super::settings::{MINUTE, Settings};
use super::verbs;
use super::world::World;

impl<S: Backend> Play<'_, S> {
    /// Lets time pass: a little, or up to a moment at which something changes.
    pub(super) async fn pass(&mut self) {
        let moments: &[u64] = if self.backend.grain().is_zero() {
            &[
                1,
                7 * MINUTE,
                60 * MINUTE,
                60 * MINUTE + 1,
                120 * MINUTE - 1,
                120 * MINUTE,
                300 * MINUTE,
            ]
        } else {
            // No sum of these comes close to such a moment.
            &[
                7 * MINUTE,
                14 * MINUTE,
                63 * MINUTE,
                112 * MINUTE,
                126 * MINUTE,
            ]
        };
        // Mostly short steps, or no session would live long.
        let most = if self.choices.one_in(3) {
            moments.len()
        } else {
            2
        };
        let time = moments[self.choices.below(most)];
        self.trace(|| format!("{time} ms pass"));
        self.backend.pass(Duration::from_millis(time)).await;
    }

    /// Rolls out a release with other settings and often a new secret.
    pub(super) fn roll_out(&mut self) {
        let last = self.releases.last().unwrap();
        let settings = Settings::choose(
            &mut self.choices,
            last.settings.limit,
            last.settings.owners,
            self.backend.grain(),
        );
        let mut secrets = last.secrets.clone();
        if self.choices.one_in(2) {
            let newest = secrets.iter().max().unwrap() + 1;
            secrets.insert(0, newest);
            secrets.truncate(3);
        }
        self.trace(|| format!("roll out: {settings:?} {secrets:?}"));
        let release = Release::new(self.driver.clone(), self.backend.clock(), settings, secrets);
        self.releases.push(release);
    }

    /// Makes the store forget a record.
    pub(super) async fn evict(&mut self) {
        let Some(handle) = self.any_handle() else {
            return;
        };
        self.trace(|| format!("evict {handle}"));
        let id = SessionId::from_stored(&handle).unwrap();
        self.driver.driver.destroy(&id).await.unwrap();
        self.world.remove(&handle);
        self.audit(&handle).await;
    }

    /// Lets other software overwrite a record blindly, without the fields that only this library
    /// knows.
    pub(super) async fn overwrite(&mut self) {
        let Some(handle) = self.any_handle() else {
            return;
        };
        let now = self.now();
        if self.world.live(&handle, now).is_none() {
            return;
        }
        // Never the same text twice: session-redis documents that the text is the version of such a
        // record, so a request could not tell two equal texts apart.
        let saves = self.world.records[&handle].record.saves.to_string();
        let data = Texts::from([(verbs::key(&mut self.choices), saves)]);
        let mut flash = Texts::new();
        if self.choices.one_in(2) {
            flash.insert(verbs::name(&mut self.choices), "6".to_owned());
        }
        self.trace(|| format!("overwrite {handle}: {data:?} {flash:?}"));
        let json = format!(
            r#"{{"id":"{handle}","data":{},"flash_next":{}}}"#,
            object(&data),
            object(&flash)
        );
        let lifetime = Duration::from_millis(120 * MINUTE);
        if !self.backend.plant(&handle, &json, lifetime).await {
            self.save(&handle, &json, lifetime).await;
        }
        let stored = self.world.records.get_mut(&handle).unwrap();
        if std::mem::take(&mut stored.is_moved) {
            self.revived.insert(handle.clone());
        }
        let record = &mut stored.record;
        record.overwrite(data, flash);
        record.created_at = None;
        record.expires_at = now + 120 * MINUTE;
        self.audit(&handle).await;
    }

    /// Does the same through the driver, for a store that only the driver can reach.
    async fn save(&self, handle: &str, json: &str, ttl: Duration) {
        let driver = &self.driver.driver;
        let version = driver.load(handle).await.unwrap().unwrap().version;
        let ends_at = Timestamp::from_millis(self.now()) + ttl;
        let record = Record::from_json(json).unwrap().expiring_at(ends_at);
        let saved = driver.save(&record, Expected::Version(&version), ttl).await;
        assert!(matches!(saved, Ok(Saved::Done { .. })));
    }

    pub(super) async fn audit_some(&mut self) {
        for _ in 0..5 {
            if self.world.handles.is_empty() {
                return;
            }
            let handle = self.choices.pick(&self.world.handles);
            self.audit(&handle).await;
        }
    }

    pub(super) async fn audit_all(&mut self) {
        for handle in &self.world.handles {
            self.audit(handle).await;
        }
    }

    /// Uses a committed session, which can be read but no longer written.
    pub(super) async fn revisit(&mut self) {
        let Some(mut closed) = self.closed.take() else {
            return;
        };
        for _ in 0..3 {
            verbs::act(&closed.session, &mut closed.request, &mut self.choices);
        }
        let manager = &self.releases[closed.release].manager;
        let again = manager.commit(&closed.session).await;
        assert_eq!(again.unwrap(), session_core::Outcome::Keep);
        assert_eq!(
            World::close(&mut closed.request),
            super::decide::Decision::Keep
        );
        self.closed = Some(closed);
    }

    /// Returns the handle of a record in a store, live or not.
    fn any_handle(&mut self) -> Option<String> {
        let is_there = self.world.storage == Storage::Server && !self.world.handles.is_empty();
        is_there.then(|| self.choices.pick(&self.world.handles))
    }

    /// Prints what happens if `MODEL_TRACE` is set.
    pub(super) fn trace(&self, say: impl FnOnce() -> String) {
        if self.traces {
            eprintln!("{}", say());
        }
    }
}

fn object(texts: &Texts) -> String {
    let members: Vec<String> = texts
        .iter()
        .map(|(key, text)| format!("\"{}\":{text}", key.escape_default()))
        .collect();
    format!("{{{}}}", members.join(","))
}
