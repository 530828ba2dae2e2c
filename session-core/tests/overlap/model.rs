//! What merging should come to, said a second time and as simply as possible: the operations of a request,
//! one by one, on the map that is stored when it commits.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use session_core::Session;

/// One verb of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Put(&'static str, i64),
    Forget(&'static str),
    Pull(&'static str),
    Update(&'static str),
    Flush,
    Flash(&'static str, i64),
    Reflash,
    Keep(&'static str),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) data: BTreeMap<&'static str, i64>,
    pub(crate) flash: BTreeMap<&'static str, Flash>,
    flashed: u32,
}

/// A flash entry. Two of the same name and text are two, if two requests made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flash {
    identity: u32,
    pub(crate) value: i64,
}

impl Op {
    /// Does to a session what [`Model::commit`] does to the model.
    pub(crate) fn run(self, session: &Session) {
        match self {
            Self::Put(key, value) => session.put(key, value).unwrap(),
            Self::Forget(key) => drop(session.forget(key).unwrap()),
            Self::Pull(key) => drop(session.pull::<i64>(key).unwrap()),
            Self::Update(key) => drop(session.update(key, 0, |n: i64| n + 1).unwrap()),
            Self::Flush => session.flush().unwrap(),
            Self::Flash(key, value) => session.flash(key, value).unwrap(),
            Self::Reflash => session.reflash().unwrap(),
            Self::Keep(key) => session.keep([key]).unwrap(),
        }
    }
}

impl Model {
    pub(crate) fn new(
        data: impl IntoIterator<Item = (&'static str, i64)>,
        flash: impl IntoIterator<Item = (&'static str, i64)>,
    ) -> Self {
        let mut model = Self {
            data: data.into_iter().collect(),
            ..Self::default()
        };
        for (key, value) in flash {
            model.add_flash(key, value);
        }
        model
    }

    /// Commits a request that loaded `seen`.
    pub(crate) fn commit(&mut self, seen: &Self, ops: &[Op]) {
        self.change_data(seen, ops);
        self.flash
            .retain(|key, flash| seen.flash.get(key) != Some(flash));
        let mut next = BTreeMap::new();
        for op in ops {
            match op {
                Op::Flash(key, value) => drop(next.insert(*key, *value)),
                Op::Reflash => next.extend(seen.flash.iter().map(|(key, old)| (*key, old.value))),
                Op::Keep(key) => next.extend(seen.flash.get(key).map(|old| (*key, old.value))),
                _ => {}
            }
        }
        for (key, value) in next {
            self.add_flash(key, value);
        }
    }

    pub(crate) fn flash_values(&self) -> BTreeMap<&'static str, i64> {
        self.flash
            .iter()
            .map(|(key, flash)| (*key, flash.value))
            .collect()
    }

    fn change_data(&mut self, seen: &Self, ops: &[Op]) {
        let mut written = BTreeSet::new();
        for op in ops {
            match *op {
                Op::Put(key, value) => {
                    written.insert(key);
                    self.data.insert(key, value);
                }
                Op::Forget(key) | Op::Pull(key) => {
                    written.insert(key);
                    self.data.remove(key);
                }
                Op::Update(key) => {
                    written.insert(key);
                    *self.data.entry(key).or_insert(0) += 1;
                }
                Op::Flush => self.data.retain(|key, value| {
                    !written.contains(key) && seen.data.get(key) != Some(value)
                }),
                Op::Flash(..) | Op::Reflash | Op::Keep(_) => {}
            }
        }
    }

    fn add_flash(&mut self, key: &'static str, value: i64) {
        self.flashed += 1;
        let identity = self.flashed;
        self.flash.insert(key, Flash { identity, value });
    }
}

/// Few keys and small numbers, so that requests collide all the time.
pub(crate) fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", "d"])
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (key(), 0..3i64).prop_map(|(key, value)| Op::Put(key, value)),
        2 => key().prop_map(Op::Forget),
        2 => key().prop_map(Op::Pull),
        4 => key().prop_map(Op::Update),
        2 => Just(Op::Flush),
        4 => (key(), 0..3i64).prop_map(|(key, value)| Op::Flash(key, value)),
        2 => Just(Op::Reflash),
        2 => key().prop_map(Op::Keep),
    ]
}
