//! Comparisons that meet go to the server in one script.
//!
//! The client sends each script in a packet of its own, which costs both sides more than the script does. So a comparison
//! that comes while another one is under way waits until its task is polled again, behind those that are ready by then, and
//! goes along with all that wait. One that meets no other is sent at once.
//!
//! Whoever is polled first sends for all, so that a busy thread lets nobody else wait.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::{Key, Value};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::links::Links;
use crate::meeting::Meeting;
use crate::script;

/// What the server compares, and then stores or removes.
#[derive(Clone)]
pub(crate) struct Comparison {
    pub(crate) key: Key,
    /// The version that the key has to hold: that of a mark, or the whole value where there is none.
    pub(crate) version: Bytes,
    /// What is stored, and for how many milliseconds. `None` removes the key.
    pub(crate) save: Option<(Bytes, i64)>,
}

pub(crate) enum Answer {
    /// It was stored or removed.
    Done,
    /// There is no such key.
    Gone,
    /// The key holds something else, for so many milliseconds.
    Held { value: Bytes, left: i64 },
}

/// Runs comparisons on the connections of a pool. Cheap to clone; clones send theirs together.
#[derive(Clone)]
pub(crate) struct Batches {
    pub(crate) links: Links,
    shared: Arc<Shared>,
}

struct Shared {
    /// Scripts that the server has not answered yet.
    under_way: AtomicUsize,
    list: Mutex<List>,
    meeting: Meeting,
    /// Where batches are sent from: the runtime of the client, most likely.
    runtime: Option<Handle>,
}

#[derive(Default)]
struct List {
    /// Counts the batches that were taken from here.
    batch: u64,
    waiting: Vec<Waiting>,
}

struct Waiting {
    comparison: Comparison,
    /// `None` says that it is better sent alone.
    answer: oneshot::Sender<Result<Option<Answer>, Error>>,
}

impl Batches {
    pub(crate) fn new(links: Links, prefix: &str) -> Self {
        Self {
            links,
            shared: Arc::new(Shared {
                under_way: AtomicUsize::new(0),
                list: Mutex::default(),
                meeting: Meeting::new(prefix),
                runtime: Handle::try_current().ok(),
            }),
        }
    }

    pub(crate) async fn run(&self, comparison: Comparison) -> Result<Answer, Error> {
        if self.is_idle() || !self.may_join(&comparison) {
            return self.alone(&comparison).await;
        }
        let Some(answered) = self.join(comparison.clone()).await else {
            return Box::pin(self.alone(&comparison)).await;
        };
        // By now it is on its way, so that its time runs.
        let answer = async {
            // The sender is dropped where its runtime shuts down: whether the batch was carried out is not known.
            let unknown = |_| Err(Error::new(ErrorKind::Canceled, "no answer"));
            answered.await.unwrap_or_else(unknown)
        };
        match self.links.in_time(answer).await? {
            None => Box::pin(self.alone(&comparison)).await,
            Some(Answer::Gone) => {
                let answer = Box::pin(self.alone(&comparison)).await?;
                if matches!(answer, Answer::Done) {
                    self.shared.meeting.doubt();
                }
                Ok(answer)
            }
            Some(answer) => Ok(answer),
        }
    }

    fn is_idle(&self) -> bool {
        self.shared.under_way.load(Ordering::Relaxed) == 0
    }

    /// What is large would let all others wait for its transfer, and in a Cluster each key has its own place.
    fn may_join(&self, comparison: &Comparison) -> bool {
        let text = comparison.save.as_ref().map_or(0, |(text, _)| text.len());
        if comparison.version.len() + text > LARGE || self.links.pool.is_clustered() {
            return false;
        }
        if self.shared.meeting.is_to_be_tried() {
            let this = self.clone();
            self.spawn(async move { this.shared.meeting.attempt(&this).await });
        }
        self.shared.meeting.is_possible()
    }

    async fn alone(&self, comparison: &Comparison) -> Result<Answer, Error> {
        let _counted = UnderWay::count(&self.shared);
        let answer = self
            .links
            .run(|client| {
                let keys = vec![comparison.key.clone()];
                script::COMPARE.run(client, keys, comparison.arguments().to_vec())
            })
            .await?;
        Answer::read(answer)?.ok_or_else(unreadable)
    }

    /// Waits until it is sent, and returns what will bring the answer, or `None` where no other one came.
    async fn join(
        &self,
        comparison: Comparison,
    ) -> Option<oneshot::Receiver<Result<Option<Answer>, Error>>> {
        let (answer, answered) = oneshot::channel();
        let batch = self.enlist(Waiting { comparison, answer });
        let mut is_back = false;
        poll_fn(|context| {
            if std::mem::replace(&mut is_back, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let mut list = self.shared.list();
        if list.batch == batch {
            if list.waiting.len() == 1 {
                list.take();
                return None;
            }
            self.begin(list);
        }
        Some(answered)
    }

    /// Returns the number of the batch that it goes with.
    fn enlist(&self, one: Waiting) -> u64 {
        let mut list = self.shared.list();
        list.waiting.push(one);
        let batch = list.batch;
        if list.waiting.len() == MOST {
            self.begin(list);
        }
        batch
    }

    /// Sends what waits, by a task of its own, because the request that comes to it may go away.
    fn begin(&self, mut list: MutexGuard<'_, List>) {
        let waiting = list.take();
        drop(list);
        let this = self.clone();
        self.spawn(async move { this.send(waiting).await });
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match &self.shared.runtime {
            Some(runtime) => runtime.spawn(task),
            None => tokio::spawn(task),
        };
    }

    async fn send(&self, mut waiting: Vec<Waiting>) {
        // Nobody waits any more for those whose request went away.
        waiting.retain(|one| !one.answer.is_closed());
        if waiting.len() < 2 {
            for one in waiting {
                one.answer(Ok(None));
            }
            return;
        }
        let comparisons: Vec<_> = waiting.iter().map(|one| &one.comparison).collect();
        match self.all(&comparisons).await {
            Ok(answers) => {
                for (one, answer) in waiting.into_iter().zip(answers) {
                    one.answer(Ok(answer));
                }
            }
            Err(error) => {
                self.shared.meeting.doubt();
                for one in waiting {
                    one.answer(Err(error.clone()));
                }
            }
        }
    }

    /// Runs several in one script. Of each the answer, `None` where it is better sent alone.
    pub(crate) async fn all(
        &self,
        comparisons: &[&Comparison],
    ) -> Result<Vec<Option<Answer>>, Error> {
        let _counted = UnderWay::count(&self.shared);
        let keys: Vec<_> = comparisons.iter().map(|one| one.key.clone()).collect();
        let arguments: Vec<_> = comparisons.iter().flat_map(|one| one.arguments()).collect();
        let answers: Value = self
            .links
            .run(|client| script::COMPARE_ALL.run(client, keys.clone(), arguments.clone()))
            .await?;
        match answers {
            Value::Array(answers) if answers.len() == comparisons.len() => {
                answers.into_iter().map(Answer::read).collect()
            }
            _ => Err(unreadable()),
        }
    }
}

impl List {
    fn take(&mut self) -> Vec<Waiting> {
        self.batch += 1;
        std::mem::take(&mut self.waiting)
    }
}

impl Comparison {
    fn arguments(&self) -> [Value; 3] {
        let (text, ttl) = self.save.clone().unwrap_or_default();
        [
            Value::Bytes(self.version.clone()),
            Value::Bytes(text),
            Value::from(ttl),
        ]
    }
}

impl Answer {
    fn read(answer: Value) -> Result<Option<Self>, Error> {
        match answer {
            Value::Integer(1) => Ok(Some(Self::Done)),
            Value::Integer(0) => Ok(Some(Self::Gone)),
            Value::Integer(-1) => Ok(None),
            answer => {
                let (value, left) = answer.convert()?;
                Ok(Some(Self::Held { value, left }))
            }
        }
    }
}

impl Waiting {
    fn answer(self, result: Result<Option<Answer>, Error>) {
        // Whoever went away needs none.
        let _ = self.answer.send(result);
    }
}

impl Shared {
    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a script as under way until it is dropped.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn count(shared: &'a Shared) -> Self {
        shared.under_way.fetch_add(1, Ordering::Relaxed);
        Self(&shared.under_way)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Protocol, "not what the script answers")
}

/// Of the keys in a script: for 64 sessions of 200 bytes the server takes 0.13 ms.
const MOST: usize = 64;
/// In bytes. The script knows it too.
const LARGE: usize = 16 * 1024;
