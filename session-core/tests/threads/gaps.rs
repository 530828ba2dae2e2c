//! A method that calls back releases its lock meanwhile, so another thread may change the session
//! between its read and its write. These tests make such changes in the callback, on the same
//! thread. A method is correct if its result is the same as if the changes had happened first.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Deserializer};
use session_core::{ErrorKind, Session, SessionManager};

use crate::{commit, manager, open, stored};

/// What another thread does in the gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Other {
    Put(u8),
    Forget,
    Flush,
    Count,
    Pull,
    Flash,
    Regenerate,
    Destroy,
    Commit,
}

/// A method with a gap.
#[derive(Clone, Copy, Debug)]
enum Method {
    Update,
    Pull,
    Get,
}

const OTHERS: [Other; 10] = [
    // The current value, so the change is invisible.
    Other::Put(1),
    Other::Put(7),
    Other::Forget,
    Other::Flush,
    Other::Count,
    Other::Pull,
    Other::Flash,
    Other::Regenerate,
    Other::Destroy,
    Other::Commit,
];

impl Other {
    /// After a commit, everything else fails and changes nothing.
    fn act(self, session: &Session, manager: &SessionManager) {
        let _ = match self {
            Self::Put(n) => session.put("k", n),
            Self::Forget => session.forget("k").map(drop),
            Self::Flush => session.flush(),
            Self::Count => session.update("k", 0, |n: u8| n + 1).map(drop),
            Self::Pull => session.pull::<u8>("k").map(drop),
            Self::Flash => session.flash("k", 1),
            Self::Regenerate => session.regenerate(),
            Self::Destroy => session.destroy(),
            Self::Commit => {
                commit(manager, session);
                Ok(())
            }
        };
    }
}

#[test]
fn changes_in_the_gap_count_as_if_they_came_first() {
    let manager = manager();
    let mut tried = 0;
    for method in [Method::Update, Method::Pull, Method::Get] {
        for others in sequences() {
            let is_read = matches!(method, Method::Get);
            let (inside, seen) = run(&manager, method, &others, true);
            let (after, expected) = run(&manager, method, &others, false);
            // A read may return the value from before the gap.
            if is_read {
                assert_eq!(seen, Ok(Some(1)), "{method:?} around {others:?}");
            } else {
                assert_eq!(seen, expected, "{method:?} around {others:?}");
            }
            assert_eq!(inside, after, "{method:?} around {others:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 3 * (1 + 10 + 100));
}

/// Returns no changes, every single change, and every pair.
fn sequences() -> Vec<Vec<Other>> {
    let mut all = vec![vec![]];
    all.extend(OTHERS.map(|other| vec![other]));
    for first in OTHERS {
        all.extend(OTHERS.map(|second| vec![first, second]));
    }
    all
}

/// Everything observable at the end: of the session, and of the record after another request has
/// changed it too, which makes the change log matter.
type End = (String, String, bool, bool, Option<String>);

fn run(
    manager: &SessionManager,
    method: Method,
    others: &[Other],
    in_the_gap: bool,
) -> (End, Result<Option<u8>, ErrorKind>) {
    let token = stored(manager, |session| {
        session.put("k", 1).unwrap();
        session.put("other", 1).unwrap();
        session.flash("k", 0).unwrap();
    });
    let session = open(manager, &token);
    let work = {
        let (session, manager, others) = (session.clone(), manager.clone(), others.to_vec());
        move || {
            for other in &others {
                other.act(&session, &manager);
            }
        }
    };
    let gap = if in_the_gap {
        Gap::new(work)
    } else {
        work();
        Gap::new(|| {})
    };
    let result = gap.method(method, &session);
    drop(gap);

    let faster = open(manager, &token);
    if !faster.is_new() {
        faster.put("faster", 1).unwrap();
        commit(manager, &faster);
    }
    let look = (session.all().to_json(), session.all_flash().to_json());
    let (is_new, is_modified) = (session.is_new(), session.is_modified());
    let token = commit(manager, &session).unwrap_or(token);
    let left = open(manager, &token);
    let left = (!left.is_new()).then(|| left.all().to_json() + &left.all_flash().to_json());
    ((look.0, look.1, is_new, is_modified, left), result)
}

/// What happens once, in the first callback.
struct Gap {
    work: Arc<dyn Fn() + Send + Sync>,
    is_over: Arc<AtomicBool>,
}

impl Gap {
    fn new(work: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            work: Arc::new(work),
            is_over: Arc::default(),
        }
    }

    fn method(&self, method: Method, session: &Session) -> Result<Option<u8>, ErrorKind> {
        let result = match method {
            Method::Update => {
                let (work, is_over) = (self.work.clone(), self.is_over.clone());
                let change = move |n: u8| {
                    pass(&is_over, &*work);
                    n + 10
                };
                session.update("k", 0, change).map(Some)
            }
            Method::Pull => self.around(|| session.pull::<Slow>("k")),
            Method::Get => self.around(|| session.get::<Slow>("k")),
        };
        result.map_err(|error| error.kind())
    }

    /// Makes the gap available to the deserializer.
    fn around<E>(&self, method: impl FnOnce() -> Result<Option<Slow>, E>) -> Result<Option<u8>, E> {
        GAP.replace(Some(Self {
            work: self.work.clone(),
            is_over: self.is_over.clone(),
        }));
        let result = method();
        GAP.take();
        result.map(|slow| slow.map(|Slow(n)| n))
    }
}

fn pass(is_over: &AtomicBool, work: &(dyn Fn() + Send + Sync)) {
    if !is_over.swap(true, Ordering::SeqCst) {
        work();
    }
}

thread_local! {
    static GAP: RefCell<Option<Gap>> = const { RefCell::new(None) };
}

/// A number whose deserialization has a gap.
struct Slow(u8);

impl<'de> Deserialize<'de> for Slow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let n = u8::deserialize(deserializer)?;
        if let Some(gap) = GAP.take() {
            pass(&gap.is_over, &*gap.work);
        }
        Ok(Self(n))
    }
}
