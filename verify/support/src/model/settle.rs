//! The end of a request: what the commit answered, what is stored by then, and what the client makes of it.

use std::time::Duration;

use session_core::{Clock, Driver, Error, Outcome, Record, Token};

use super::client::Issued;
use super::fault::{Call, Failed};
use super::play::{Open, Play};
use super::record;
use super::request::Id;
use super::stage::{Keeps, Stage};
use super::verbs::{self, texts};
use super::world::{Answer, Decision};

impl<S: Stage> Play<'_, S> {
    /// Compares the outcome of a commit with that of the model.
    pub(super) async fn settle(
        &mut self,
        mut open: Open,
        decision: Decision,
        result: Result<Outcome, Error>,
        failed: Option<Failed>,
    ) {
        let now = self.now();
        let answer = self.world.carry_out(decision, &open.request, now, failed);
        let was_new = matches!(answer, Answer::New(_));
        if answer.ends_at_once(now) && !self.stage.grain().is_zero() {
            // The store gives it the shortest life that it knows. That is over before anybody looks.
            self.stage.pass(SHORTEST_LIFE).await;
        }
        let cookie = match (answer, result) {
            (Answer::Keep, Ok(Outcome::Keep)) => {
                self.counts.dropped += usize::from(decision != Decision::Keep);
                None
            }
            (Answer::Clear, Ok(Outcome::Clear)) => Some(None),
            (Answer::Again(handle, left), Ok(Outcome::Set(token))) => {
                let issued = self.issued(&open, &token);
                assert_eq!(issued.handle, handle);
                self.is_about(Some(millis(&token)), Some(left));
                Some(Some(issued))
            }
            (Answer::New(record), Ok(Outcome::Set(token))) => {
                let issued = self.issued(&open, &token);
                self.is_about(
                    Some(millis(&token)),
                    Some(record.expires_at.saturating_sub(now)),
                );
                let id = self.stored_under(&issued.handle, &record).await;
                if let Id::Minted(None) = open.request.id {
                    verbs::id(&open.session, &mut open.request);
                }
                match &open.request.id {
                    Id::Stored(known) | Id::Minted(Some(known)) => assert_eq!(*known, id),
                    other => panic!("a stored session has no id: {other:?}"),
                }
                self.world.insert(issued.handle.clone(), id, record);
                Some(Some(issued))
            }
            (Answer::Error(expected), Err(error)) => {
                assert_eq!(error.kind(), expected);
                self.counts.refused += usize::from(failed.is_none());
                None
            }
            (answer, result) => panic!("{result:?}, but the model says {answer:?}"),
        };
        if let Some(origin) = &open.request.origin {
            let handle = origin.handle.clone();
            self.audit(&handle).await;
        }
        self.is_no_leftover(&mut open, was_new, failed).await;
        self.receive(open.client, cookie);
        verbs::look(&open.session, &open.request, &mut self.choices);
        self.closed = Some(open);
    }

    /// What the client does with its cookie, if the answer reaches it.
    fn receive(&mut self, client: usize, cookie: Option<Option<Issued>>) {
        let Some(cookie) = cookie else {
            return;
        };
        if let Some(issued) = &cookie {
            self.issued.push(issued.clone());
            if self.issued.len() > MOST_COOKIES {
                self.issued.remove(0);
            }
        }
        if !self.choices.one_in(12) {
            self.clients[client].cookie = cookie;
        }
    }

    /// The new record of a regeneration that failed was shown to nobody, and is gone again.
    async fn is_no_leftover(&mut self, open: &mut Open, was_new: bool, failed: Option<Failed>) {
        let is_known =
            failed.is_none_or(|failed| !matches!(failed.call, Call::Save | Call::Destroy));
        if was_new || !is_known || self.world.keeps == Keeps::Client {
            return;
        }
        if let Id::Minted(_) = open.request.id {
            verbs::id(&open.session, &mut open.request);
        }
        if let Id::Minted(Some(id)) = &open.request.id {
            let left = self.driver.driver.load(id).await.unwrap();
            assert!(left.is_none(), "a new record was left behind");
        }
    }

    /// The parts of a new cookie: signed with the newest secret of its server.
    fn issued(&self, open: &Open, token: &Token) -> Issued {
        let server = &self.servers[open.server];
        let verified = server.ring.verify(token.as_str()).unwrap();
        assert_eq!(verified.key, 0, "signed with a previous secret");
        Issued {
            text: token.as_str().to_owned(),
            handle: verified.handle.to_owned(),
            secret: server.secrets[0],
        }
    }

    /// Compares what is stored under a handle that is new, and returns its id.
    async fn stored_under(&self, handle: &str, expected: &record::Record) -> String {
        let loaded = self.driver.driver.load(handle).await.unwrap();
        let is_over = expected.expires_at <= self.now();
        let Some(loaded) = loaded else {
            assert!(
                is_over && self.world.keeps == Keeps::Server,
                "nothing is stored"
            );
            return handle.to_owned();
        };
        self.is_same(&loaded.record, expected);
        let id = loaded.record.id().as_str().to_owned();
        assert!(self.world.keeps == Keeps::Client || id == handle);
        id
    }

    /// Compares what is stored under a handle that the model knows.
    pub(super) async fn audit(&self, handle: &str) {
        let real = self.driver.driver.load(handle).await.unwrap();
        let known = self.world.records.get(handle);
        let is_live =
            self.world.keeps == Keeps::Client || self.world.live(handle, self.now()).is_some();
        match (real, known.filter(|_| is_live)) {
            (Some(loaded), Some(stored)) => {
                assert_eq!(loaded.record.id().as_str(), stored.id);
                self.is_same(&loaded.record, &stored.record);
            }
            (Some(loaded), None) => {
                let is_over = loaded
                    .record
                    .expires_at()
                    .is_some_and(|end| end <= self.stage.clock().now());
                assert!(is_over, "what was gone is there: {:?}", loaded.record);
            }
            (None, Some(stored)) => panic!("what was stored is gone: {stored:?}"),
            (None, None) => {}
        }
    }

    fn is_same(&self, real: &Record, model: &record::Record) {
        assert_eq!(texts(real.data()), model.data, "the data, and the model's");
        assert_eq!(
            texts(real.flash_next()),
            model.flash_texts(),
            "the flash, and the model's"
        );
        let millis =
            |time: Option<session_core::Timestamp>| time.map(session_core::Timestamp::as_millis);
        self.is_about(millis(real.expires_at()), Some(model.expires_at));
        assert_eq!(millis(real.created_at()), model.created_at, "the beginning");
    }

    /// Compares two times, as finely as the store measures them.
    #[track_caller]
    pub(super) fn is_about(&self, real: Option<u64>, model: Option<u64>) {
        let far = match (real, model) {
            (Some(real), Some(model)) => real.abs_diff(model),
            (None, None) => 0,
            _ => u64::MAX,
        };
        let grain = u64::try_from(self.stage.grain().as_millis()).unwrap();
        assert!(far <= grain, "{real:?} ms, but the model says {model:?}");
    }

    pub(super) fn now(&self) -> u64 {
        self.stage.clock().now().as_millis()
    }
}

fn millis(token: &Token) -> u64 {
    u64::try_from(token.ttl().as_millis()).unwrap()
}

const SHORTEST_LIFE: Duration = Duration::from_millis(2);
/// So many of the latest cookies may be sent again by somebody.
const MOST_COOKIES: usize = 40;
