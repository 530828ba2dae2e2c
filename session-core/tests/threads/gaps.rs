//! A verb that runs code of the caller's opens its lock meanwhile: between its look at the session and its change another
//! thread may do anything. These tests do all of it there, in this thread. A verb is right if it comes to what it would
//! have come to had the others been first.

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

/// A verb with a gap.
#[derive(Clone, Copy, Debug)]
enum Verb {
    Update,
    Pull,
    Get,
}

const OTHERS: [Other; 10] = [
    // The value that is there already: a change that nobody can see.
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
    /// Once the session is committed all of it fails, and changes nothing.
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
fn every_verb_with_a_gap_comes_to_the_same_as_after_what_happened_in_the_gap() {
    let manager = manager();
    let mut tried = 0;
    for verb in [Verb::Update, Verb::Pull, Verb::Get] {
        for others in sequences() {
            let is_read = matches!(verb, Verb::Get);
            let (inside, seen) = run(&manager, verb, &others, true);
            let (after, expected) = run(&manager, verb, &others, false);
            // A read may show what was there when it began.
            if is_read {
                assert_eq!(seen, Ok(Some(1)), "{verb:?} around {others:?}");
            } else {
                assert_eq!(seen, expected, "{verb:?} around {others:?}");
            }
            assert_eq!(inside, after, "{verb:?} around {others:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 3 * (1 + 10 + 100));
}

/// None, each, and each pair.
fn sequences() -> Vec<Vec<Other>> {
    let mut all = vec![vec![]];
    all.extend(OTHERS.map(|other| vec![other]));
    for first in OTHERS {
        all.extend(OTHERS.map(|second| vec![first, second]));
    }
    all
}

/// Everything that can be seen in the end: of the session, and of what is stored once another request has changed the
/// record too, so that the log of changes is put to use.
type End = (String, String, bool, bool, Option<String>);

fn run(
    manager: &SessionManager,
    verb: Verb,
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
    let result = gap.verb(verb, &session);
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

/// What happens once, when the verb runs code of the caller's for the first time.
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

    fn verb(&self, verb: Verb, session: &Session) -> Result<Option<u8>, ErrorKind> {
        let result = match verb {
            Verb::Update => {
                let (work, is_over) = (self.work.clone(), self.is_over.clone());
                let change = move |n: u8| {
                    pass(&is_over, &*work);
                    n + 10
                };
                session.update("k", 0, change).map(Some)
            }
            Verb::Pull => self.around(|| session.pull::<Slow>("k")),
            Verb::Get => self.around(|| session.get::<Slow>("k")),
        };
        result.map_err(|error| error.kind())
    }

    /// Lets a value's reader find the gap.
    fn around<E>(&self, verb: impl FnOnce() -> Result<Option<Slow>, E>) -> Result<Option<u8>, E> {
        GAP.replace(Some(Self {
            work: self.work.clone(),
            is_over: self.is_over.clone(),
        }));
        let result = verb();
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

/// A number, while which is read anything may happen.
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
