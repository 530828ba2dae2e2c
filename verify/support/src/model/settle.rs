//! The end of a request: compares the result of the commit and the store with the model, and sends
//! the response.

use std::time::Duration;

use session_core::{Clock, Driver, Error, Outcome, Record, Token};

use super::backend::{Backend, Storage};
use super::clients::Issued;
use super::decide::Decision;
use super::effect::Effect;
use super::failing::Failed;
use super::owners::HalfMade;
use super::play::{OpenRequest, Play};
use super::record;
use super::request::{Id, Request};
use super::verbs::{self, texts};
use super::world::Reply;
use crate::Call;

impl<S: Backend> Play<'_, S> {
    /// Compares the result of a commit with the model.
    pub(super) async fn settle(
        &mut self,
        mut open: OpenRequest,
        decision: Decision,
        half_made: Option<HalfMade>,
        result: Result<Outcome, Error>,
        failed: Option<Failed>,
    ) {
        let now = self.now();
        let has_moved = self.has_moved(&open.mail);
        let is_lost = self.complete(half_made.as_ref(), &open.request);
        let in_limit = failed.filter(|failed| failed.is_listed);
        let failed = failed.filter(|failed| !failed.is_listed);
        let answer = self.world.carry_out(decision, &open.request, now, failed);
        let was_new = matches!(answer, Reply::New(_));
        let stored = self.stored_by(&answer, &open.request);
        let has_succeeded = !matches!(answer, Reply::Error(_));
        let mut new = None;
        self.is_kept_as_expected(&open, decision, &result, stored.as_ref());
        if answer.ends_at_once(now) && !self.backend.grain().is_zero() {
            // The store gives the record its shortest possible TTL. Wait until that has passed.
            self.backend.pass(SHORTEST_LIFE).await;
        }
        let mut user = None;
        let (effect, cookie) = match (answer, result) {
            (Reply::Keep, Ok(Outcome::Keep)) => {
                self.counts.dropped += usize::from(decision != Decision::Keep);
                (Effect::Nothing, None)
            }
            (Reply::Saved | Reply::Removed, Ok(Outcome::Keep)) => (Effect::Nothing, None),
            (Reply::New(record), Ok(Outcome::Keep)) if is_known(&open.request, &record) => {
                assert_eq!(self.world.storage, Storage::Client);
                (Effect::Nothing, None)
            }
            (Reply::Clear, Ok(Outcome::Clear)) => (Effect::Logout, Some(None)),
            (Reply::Again(handle, left), Ok(Outcome::Set(token))) => {
                let issued = self.issued(&open, &token);
                assert_eq!(issued.handle, handle);
                self.is_about(Some(millis(&token)), Some(left));
                let effect = open.request.brings;
                let effect = effect.unwrap_or_else(|| Effect::of_same(&open.request, now));
                user.clone_from(&open.request.user);
                (effect, Some(Some(issued)))
            }
            (Reply::New(record), Ok(Outcome::Set(token))) => {
                let issued = self.issued(&open, &token);
                self.is_about(
                    Some(millis(&token)),
                    Some(record.expires_at.saturating_sub(now)),
                );
                if let Id::Minted(None) = open.request.id {
                    verbs::id(&open.session, &mut open.request);
                }
                let id = match &open.request.id {
                    Id::Stored(known) | Id::Minted(Some(known)) => known.clone(),
                    other => panic!("a stored session must have an id: {other:?}"),
                };
                user = record.data.get(verbs::USER).cloned();
                if !is_lost {
                    self.world
                        .insert(issued.handle.clone(), id.clone(), record.clone());
                }
                new = Some((issued.handle.clone(), id, record));
                let effect = match (Effect::of_new(&open.request), open.request.brings) {
                    (Effect::Begin, Some(effect)) => effect,
                    (effect, _) => effect,
                };
                (effect, Some(Some(issued)))
            }
            (Reply::Error(expected), Err(error)) => {
                assert_eq!(verbs::kind(error), expected);
                self.counts.refused += usize::from(failed.is_none());
                (Effect::Nothing, None)
            }
            (answer, result) => {
                panic!("the result is {result:?}, but the model expects {answer:?}")
            }
        };
        if has_succeeded {
            self.limit(decision, &open.request, stored.as_ref(), in_limit);
        }
        if let Some((handle, id, record)) = new {
            self.is_stored(&handle, &id, &record).await;
        }
        if let Some(origin) = &open.request.origin {
            let handle = origin.handle.clone();
            self.audit(&handle).await;
        }
        self.is_no_leftover(&mut open, was_new, failed).await;
        self.respond(&open, effect, cookie, user, has_moved);
        open.request.is_committed();
        verbs::look(&open.session, &open.request, &mut self.choices);
        self.closed = Some(open);
    }

    /// Asserts that a failed regenerate removed its new record, which no client knows.
    async fn is_no_leftover(
        &mut self,
        open: &mut OpenRequest,
        was_new: bool,
        failed: Option<Failed>,
    ) {
        let is_known =
            failed.is_none_or(|failed| !matches!(failed.call, Call::Save | Call::Destroy));
        if was_new || self.world.storage == Storage::Client {
            return;
        }
        if let Id::Minted(_) = open.request.id {
            verbs::id(&open.session, &mut open.request);
        }
        if let (Id::Minted(Some(id)), false) = (&open.request.id, is_known) {
            self.adopt(id).await;
        } else if let Id::Minted(Some(id)) = &open.request.id {
            let left = self.driver.driver.load(id).await.unwrap();
            assert!(
                left.is_none(),
                "a failed regenerate left its new record behind"
            );
        }
    }

    /// Takes a new cookie apart. The primary secret of its release must have signed it.
    fn issued(&self, open: &OpenRequest, token: &Token) -> Issued {
        let release = &self.releases[open.release];
        let verified = release.ring.verify(token.as_str()).unwrap();
        assert_eq!(verified.key, 0, "signed with a previous secret");
        Issued {
            text: token.as_str().to_owned(),
            handle: verified.handle.to_owned(),
            secret: release.secrets[0],
        }
    }

    /// Compares the record under a new handle with the model, unless it has ended already.
    async fn is_stored(&self, handle: &str, id: &str, expected: &record::Record) {
        let loaded = self.driver.driver.load(handle).await.unwrap();
        let is_known = self.world.records.contains_key(handle);
        let is_over = !is_known || expected.expires_at <= self.now();
        let Some(loaded) = loaded else {
            assert!(
                is_over && self.world.storage == Storage::Server,
                "nothing is stored"
            );
            return;
        };
        assert!(is_known, "what was revoked is still stored");
        self.is_same(&loaded.record, expected);
        assert_eq!(loaded.record.id().as_str(), id);
        assert!(self.world.storage == Storage::Client || id == handle);
    }

    /// Asserts that a cookie outlives the browser if and only if it should.
    fn is_kept_as_expected(
        &self,
        open: &OpenRequest,
        decision: Decision,
        result: &Result<Outcome, Error>,
        stored: Option<&record::Record>,
    ) {
        let Ok(outcome @ Outcome::Set(_)) = result else {
            return;
        };
        let line = self.releases[open.release]
            .manager
            .set_cookie(outcome)
            .unwrap();
        let remembered = match (decision, stored) {
            (Decision::Reissue, _) | (_, None) => open.request.remembered(),
            (_, Some(stored)) => stored.remembered,
        };
        let is_kept = open.request.settings.persistent || remembered.is_some();
        assert_eq!(line.contains("; Max-Age="), is_kept, "{line}");
    }

    /// Compares the record under a known handle with the model.
    pub(super) async fn audit(&self, handle: &str) {
        let real = self.driver.driver.load(handle).await.unwrap();
        let known = self.world.records.get(handle);
        let is_live =
            self.world.storage == Storage::Client || self.world.live(handle, self.now()).is_some();
        match (real, known.filter(|_| is_live)) {
            (Some(loaded), Some(stored)) => {
                assert_eq!(loaded.record.id().as_str(), stored.id);
                assert_eq!(loaded.record.is_moved(), stored.is_moved, "moved: {handle}");
                self.is_same(&loaded.record, &stored.record);
            }
            (Some(loaded), None) => {
                // No store keeps a record for less than a millisecond. A request that ends after its
                // session did may store it for so long.
                let now = self.backend.clock().now() + Duration::from_millis(1);
                let is_over = loaded.record.expires_at().is_some_and(|end| end <= now);
                assert!(
                    is_over,
                    "an ended record is still stored: {:?}",
                    loaded.record
                );
            }
            (None, Some(stored)) => panic!("a live record is gone: {stored:?}"),
            (None, None) => {}
        }
    }

    pub(super) fn is_same(&self, real: &Record, model: &record::Record) {
        assert_eq!(texts(real.data()), model.data, "data: library and model");
        assert_eq!(
            texts(real.flash_next()),
            model.flash_texts(),
            "flash: library and model"
        );
        let millis =
            |time: Option<session_core::Timestamp>| time.map(session_core::Timestamp::as_millis);
        self.is_about(millis(real.expires_at()), Some(model.expires_at));
        let times = [real.created_at(), real.saved_at(), real.owned_at()].map(millis);
        let expected = [model.created_at, model.saved_at, model.owned_at];
        assert_eq!(times, expected, "creation, last save and login");
        assert_eq!(verbs::lifetime(real), model.remembered, "own lifetime");
    }

    /// Compares two times at the store's resolution.
    #[track_caller]
    pub(super) fn is_about(&self, real: Option<u64>, model: Option<u64>) {
        let far = match (real, model) {
            (Some(real), Some(model)) => real.abs_diff(model),
            (None, None) => 0,
            _ => u64::MAX,
        };
        let grain = u64::try_from(self.backend.grain().as_millis()).unwrap();
        assert!(far <= grain, "{real:?} ms, but the model expects {model:?}");
    }

    pub(super) fn now(&self) -> u64 {
        self.backend.clock().now().as_millis()
    }
}

/// Returns `true` if the client's cookie holds this very record already, as after a background request that wrote what
/// was there.
fn is_known(request: &Request, record: &record::Record) -> bool {
    let Some(origin) = request.origin.as_ref().filter(|_| request.is_background) else {
        return false;
    };
    let known = &origin.record;
    !origin.needs_cookie
        && known.data == record.data
        && known.flash_texts() == record.flash_texts()
        && known.created_at == record.created_at
        && known.expires_at == record.expires_at
        && known.remembered == record.remembered
}

fn millis(token: &Token) -> u64 {
    u64::try_from(token.ttl().as_millis()).unwrap()
}

const SHORTEST_LIFE: Duration = Duration::from_millis(2);
