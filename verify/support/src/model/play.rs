//! Random steps, applied to the library and to the model.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use session_core::{Error, OnOutage, Outcome, Session};

use super::backend::{Backend, Storage};
use super::choices::Choices;
use super::clients::{Client, Issued, Release, Sent};
use super::decide::Decision;
use super::failing::{Failed, FailingDriver, Pause, PlannedFault};
use super::owners::HalfMade;
use super::report::{Counts, Report};
use super::request::{Id, Origin, Phase, Request};
use super::settings::{Failure, Limit, Owners, Settings};
use super::transit::{Arrival, Mail, Response};
use super::verbs;
use super::world::World;
use crate::Call;

/// Applies `steps` random steps to a new world.
pub async fn play<S: Backend>(backend: &S, choices: Choices, steps: usize, report: &mut Report) {
    let mut play = Play::new(backend, choices);
    for _ in 0..steps {
        if play.choices.is_over() {
            break;
        }
        play.step().await;
    }
    while !play.mails.is_empty() {
        play.arrive().await;
    }
    while let Some(open) = play.open.pop() {
        play.finish(open, None).await;
    }
    while !play.responses.is_empty() {
        play.deliver();
    }
    play.audit_all().await;
    play.counts.conflicts = play.driver.conflicts();
    report.add(&play.counts);
}

/// The library and the model side by side.
pub(super) struct Play<'a, S: Backend> {
    pub(super) backend: &'a S,
    pub(super) choices: Choices,
    pub(super) driver: Arc<FailingDriver<S::Driver>>,
    pub(super) world: World,
    pub(super) releases: Vec<Release>,
    pub(super) clients: Vec<Client>,
    pub(super) issued: Vec<Issued>,
    /// Requests on their way to the service.
    pub(super) mails: Vec<Mail>,
    pub(super) open: Vec<OpenRequest>,
    /// Responses on their way to their browsers.
    pub(super) responses: Vec<Response>,
    /// The handle that a login left behind, by the handle that it brought.
    pub(super) came_from: BTreeMap<String, String>,
    /// The handles of moved records that other software wrote over.
    pub(super) revived: BTreeSet<String>,
    /// How many logins there were.
    pub(super) logins: usize,
    /// How often a browser or the service sent something, or received a response.
    pub(super) events: usize,
    /// The request that was committed last.
    pub(super) closed: Option<OpenRequest>,
    pub(super) counts: Counts,
    pub(super) traces: bool,
}

/// A request that is still being handled.
pub(super) struct OpenRequest {
    pub(super) session: Session,
    pub(super) request: Request,
    pub(super) release: usize,
    pub(super) mail: Mail,
    pub(super) arrival: Arrival,
}

type Committing = Pin<Box<dyn Future<Output = Result<Outcome, Error>>>>;

impl<'a, S: Backend> Play<'a, S> {
    fn new(backend: &'a S, mut choices: Choices) -> Self {
        let limit = match backend.storage() {
            Storage::Client => Limit::Cookie {
                name: "session".len(),
                is_encrypted: backend.is_encrypted(),
            },
            Storage::Server if choices.one_in(3) => Limit::Json(1_200),
            Storage::Server => Limit::None,
        };
        let json = match limit {
            Limit::Json(limit) => Some(limit),
            _ => None,
        };
        let touches = !choices.one_in(4);
        let driver = Arc::new(FailingDriver::new(backend.driver(), json, touches));
        let owners = match backend.storage() {
            _ if choices.one_in(3) => Owners::Unknown,
            Storage::Client => Owners::Unlisted,
            Storage::Server => Owners::Listed,
        };
        let settings = Settings::choose(&mut choices, limit, owners, backend.grain());
        let release = Release::new(driver.clone(), backend.clock(), settings, vec![0]);
        Self {
            backend,
            choices,
            driver,
            world: World::new(backend.storage(), touches),
            releases: vec![release],
            clients: vec![Client::default(); 3],
            issued: Vec::new(),
            mails: Vec::new(),
            open: Vec::new(),
            responses: Vec::new(),
            came_from: BTreeMap::new(),
            revived: BTreeSet::new(),
            logins: 0,
            events: 0,
            closed: None,
            counts: Counts::default(),
            traces: std::env::var_os("MODEL_TRACE").is_some(),
        }
    }

    async fn step(&mut self) {
        self.counts.steps += 1;
        let step = self.choices.below(136);
        match step {
            0..=21 => self.send().await,
            22..=67 if !self.open.is_empty() => self.act(),
            68..=91 => {
                if let Some(open) = self.take() {
                    self.commit(open).await;
                }
            }
            92..=97 => self.arrive().await,
            98..=118 => self.deliver(),
            119..=122 => self.pass().await,
            123 => self.roll_out(),
            124 => self.evict().await,
            125 => self.overwrite().await,
            126 => self.audit_some().await,
            127 => self.revisit().await,
            128..=131 => self.manage().await,
            _ => self.by_hand().await,
        }
    }

    /// Opens a request.
    pub(super) async fn open(&mut self, mail: Mail) {
        let newest = self.releases.len() - 1;
        let is_old = newest > 0 && self.choices.one_in(6);
        let release = newest - usize::from(is_old);
        let fails = self.choices.one_in(12);
        let call = Call::Load;
        self.driver.arm(fails.then_some(PlannedFault {
            call,
            is_lost: false,
        }));
        let manager = self.releases[release].manager.clone();
        let opened = manager
            .open(mail.cookies.iter().map(|sent| &*sent.text))
            .await;
        let failed = self.driver.disarm();
        self.counts.faults += usize::from(failed.is_some());
        let arrival = self.arrival(release, &mail);
        let mut request = self.expected(release, &mail.cookies, failed);
        self.counts.requests += 1;
        let refuses = request.settings.on_outage == OnOutage::Refuse;
        if request.phase == Phase::Unavailable && refuses {
            let kind = opened.map(drop).map_err(verbs::kind);
            assert_eq!(kind, Err(Failure::Unavailable));
            return;
        }
        let session = opened.unwrap();
        self.trace(|| {
            let (client, cookies) = (mail.client, mail.cookies.len());
            format!("open by {client}: {cookies} cookies, {request:?}")
        });
        verbs::look(&session, &request, &mut self.choices);
        if let Id::Stored(_) = request.id {
            verbs::id(&session, &mut request);
        }
        let origin = request.origin.as_ref();
        let ends_at = session.expires_at().map(|end| end.as_millis());
        self.is_about(ends_at, origin.map(|origin| origin.record.expires_at));
        let mut open = OpenRequest {
            session,
            request,
            release,
            mail,
            arrival,
        };
        // If the user did not fit, it is a regenerate like any other.
        open.mail.login = open
            .mail
            .login
            .filter(|number| verbs::log_in(&open.session, &mut open.request, &number.to_string()));
        self.open.push(open);
    }

    /// Returns the request that the model expects for these cookies.
    fn expected(&self, release: usize, sent: &[Sent], failed: Option<Failed>) -> Request {
        let release = &self.releases[release];
        let (settings, now) = (release.settings, self.now());
        let mut request = Request::fresh(settings, Phase::Open, now);
        request.has_cookie = !sent.is_empty();
        for sent in sent.iter().take(8) {
            let (Some(key), Some(issued)) = (release.key(sent), &sent.issued) else {
                continue;
            };
            if failed.is_some() {
                return Request::fresh(settings, Phase::Unavailable, now);
            }
            let Some(stored) = self.world.live(&issued.handle, now) else {
                continue;
            };
            if stored.is_moved {
                request.is_moved = true;
                continue;
            }
            let record = stored.record.clone();
            let (expires_at, created_at) = (record.expires_at, record.created_at);
            if settings.end(created_at).is_some_and(|end| end <= now) {
                continue;
            }
            let rules = settings.remembering(record.remembered);
            let origin = Origin {
                handle: issued.handle.clone(),
                record,
                is_due: rules.is_due(now, expires_at, created_at),
                needs_cookie: key > 0,
            };
            return Request::loaded(settings, origin, stored.id.clone(), now);
        }
        request
    }

    fn act(&mut self) {
        let n = self.choices.below(self.open.len());
        let open = &mut self.open[n];
        let said = if open.mail.login.is_some() {
            verbs::look(&open.session, &open.request, &mut self.choices)
        } else {
            verbs::act(&open.session, &mut open.request, &mut self.choices)
        };
        self.trace(|| format!("request {n}: {said}"));
    }

    /// Ends a request, perhaps with other requests in the middle of its commit, and perhaps with a
    /// failing store.
    async fn commit(&mut self, open: OpenRequest) {
        let fault = self.choices.one_in(8).then(|| PlannedFault {
            call: self.choices.pick(&[
                Call::Save,
                Call::Save,
                Call::Move,
                Call::Destroy,
                Call::Touch,
                Call::Load,
            ]),
            is_lost: self.choices.one_in(2),
        });
        if !self.choices.one_in(5) {
            self.finish(open, fault).await;
            return;
        }
        let pause = self.choices.pick(&[Pause::First, Pause::Move]);
        self.driver.hold(Some(pause));
        let (mut open, decision, mut committing) = self.close(open);
        let early = self.until_held(&mut committing).await;
        self.driver.hold(None);
        let mut half_made = None;
        if early.is_none() {
            self.counts.interleaved += 1;
            if pause == Pause::Move {
                half_made = self.half_make(&mut open);
            }
            for _ in 0..=self.choices.below(2) {
                if self.choices.one_in(3) {
                    self.manage().await;
                } else if let Some(other) = self.take() {
                    self.finish(other, None).await;
                }
            }
            self.driver.resume();
        }
        let conflicts = self.driver.conflicts();
        self.driver.arm(fault);
        let result = match early {
            Some(result) => result,
            None => committing.await,
        };
        self.end(open, decision, half_made, result, conflicts).await;
    }

    async fn finish(&mut self, open: OpenRequest, fault: Option<PlannedFault>) {
        let (open, decision, committing) = self.close(open);
        let conflicts = self.driver.conflicts();
        self.driver.arm(fault);
        let result = committing.await;
        self.end(open, decision, None, result, conflicts).await;
    }

    fn close(&mut self, mut open: OpenRequest) -> (OpenRequest, Decision, Committing) {
        let decision = World::close(&mut open.request);
        self.trace(|| {
            format!(
                "commit of {}: {decision:?} {:?}",
                open.mail.client, open.request.ops
            )
        });
        let manager = self.releases[open.release].manager.clone();
        let session = open.session.clone();
        let committing: Committing = Box::pin(async move { manager.commit(&session).await });
        (open, decision, committing)
    }

    /// Polls a commit until it pauses. Returns its result if it ends before that.
    async fn until_held(&self, committing: &mut Committing) -> Option<Result<Outcome, Error>> {
        poll_fn(|cx| match committing.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if self.driver.is_held() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Removes an open request in order to commit it.
    pub(super) fn take(&mut self) -> Option<OpenRequest> {
        let some = !self.open.is_empty();
        some.then(|| self.open.swap_remove(self.choices.below(self.open.len())))
    }

    async fn end(
        &mut self,
        open: OpenRequest,
        decision: Decision,
        half_made: Option<HalfMade>,
        result: Result<Outcome, Error>,
        conflicts: usize,
    ) {
        let failed = self.driver.disarm();
        let met = self.driver.conflicts() > conflicts;
        self.counts.merged += usize::from(met && matches!(result, Ok(Outcome::Set(_))));
        self.counts.faults += usize::from(failed.is_some());
        self.counts.commits += 1;
        self.trace(|| format!("result {result:?}, failed {failed:?}"));
        self.settle(open, decision, half_made, result, failed).await;
    }
}
