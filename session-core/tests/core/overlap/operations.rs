//! Random operations for property tests.

use proptest::prelude::*;
use session_core::Session;
use test_support::model::record::{Change, Op, Texts};

use crate::common::raw;

/// Applies an operation of the model to a session.
pub(crate) fn run(op: &Op, session: &Session) {
    match op {
        Op::Put(key, text) => session.put(key, raw(text)).unwrap(),
        // The model does not distinguish the two.
        Op::Forget(key) if key < &"c".to_owned() => drop(session.pull::<i64>(key).unwrap()),
        Op::Forget(key) => drop(session.forget(key).unwrap()),
        Op::Update(key, change) => {
            let change = *change;
            let result = session.update(key, 0, move |n: i64| change.apply(n));
            result.unwrap();
        }
        Op::Flush => session.flush().unwrap(),
        Op::Flash(name, text) => session.flash(name, raw(text)).unwrap(),
        Op::Reflash => session.reflash().unwrap(),
        Op::Keep(names) => session.keep(names).unwrap(),
        Op::Remember(_) | Op::See(_) => unreachable!("this test neither remembers nor reloads"),
    }
}

/// Few keys and small numbers, so that requests collide often.
pub(crate) fn texts() -> impl Strategy<Value = Texts> {
    prop::collection::btree_map(key(), text(), 0..3)
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (key(), text()).prop_map(|(key, text)| Op::Put(key, text)),
        4 => key().prop_map(Op::Forget),
        3 => key().prop_map(|key| Op::Update(key, Change::Count)),
        1 => key().prop_map(|key| Op::Update(key, Change::Double(1))),
        2 => Just(Op::Flush),
        4 => (key(), text()).prop_map(|(name, text)| Op::Flash(name, text)),
        2 => Just(Op::Reflash),
        2 => prop::collection::vec(key(), 0..3).prop_map(Op::Keep),
    ]
}

/// One name and one text, so that only their identities distinguish entries.
pub(crate) fn flash_op() -> impl Strategy<Value = Op> {
    let flash = |name: &str| Op::Flash(name.to_owned(), "1".to_owned());
    prop_oneof![
        4 => Just(flash("a")),
        1 => Just(flash("b")),
        1 => Just(Op::Reflash),
        1 => Just(Op::Keep(vec!["a".to_owned()])),
        1 => Just(Op::Put("a".to_owned(), "1".to_owned())),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    (0..3_u8).prop_map(|number| number.to_string())
}
