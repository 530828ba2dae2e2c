//! Many threads at once, and what must hold in every order.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use session_core::{ErrorKind, Session};

use crate::{commit, manager, open, stored, times};

#[test]
fn a_commit_saves_exactly_the_acknowledged_writes() {
    let manager = manager();
    for round in 0..times(80) {
        let token = stored(&manager, |session| session.put("start", 0).unwrap());
        let session = open(&manager, &token);
        let (start, written) = (Barrier::new(5), AtomicUsize::new(0));
        let acknowledged = Mutex::new(BTreeSet::from(["start".to_owned()]));
        let write = |session: Session, writer: usize| {
            let mut mine = BTreeSet::new();
            start.wait();
            for n in 0..times(400) {
                let key = format!("{writer}-{n}");
                let result = match n % 3 {
                    0 => session.put(&key, n),
                    1 => session.update(&key, 0, |n: u8| n).map(drop),
                    _ => session.flash(&key, n),
                };
                match result {
                    Ok(()) => drop(mine.insert(key)),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Closed);
                        break;
                    }
                }
                written.fetch_add(1, Ordering::Relaxed);
            }
            acknowledged.lock().unwrap().extend(mine);
        };
        let write = &write;
        thread::scope(|scope| {
            for writer in 0..4 {
                let session = session.clone();
                scope.spawn(move || write(session, writer));
            }
            start.wait();
            // Later in each round, so that some commits are early and some late.
            while written.load(Ordering::Relaxed) < round % 50 {
                thread::yield_now();
            }
            commit(&manager, &session);
        });
        let found = open(&manager, &token);
        let mut keys: BTreeSet<String> = found.keys().into_iter().collect();
        keys.extend(found.all_flash().keys().map(Into::into));
        assert_eq!(keys, acknowledged.into_inner().unwrap());
        assert_eq!(
            session.keys(),
            found.keys(),
            "the session shows what was saved"
        );
    }
}

#[test]
fn no_value_is_pulled_twice() {
    let manager = manager();
    for _ in 0..times(40) {
        let session = open(
            &manager,
            &stored(&manager, |session| session.put("k", 0).unwrap()),
        );
        let start = Barrier::new(4);
        let pulled = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for writer in 1..=2 {
                let (session, start) = (session.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    for n in 0..times(200) {
                        session.put("k", writer * 1_000_000 + n).unwrap();
                    }
                });
            }
            for _ in 0..2 {
                let (session, start, pulled) = (session.clone(), &start, &pulled);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..times(200) {
                        let found = session.pull::<usize>("k").unwrap();
                        pulled.lock().unwrap().extend(found);
                    }
                });
            }
        });
        let pulled = pulled.into_inner().unwrap();
        let different: BTreeSet<usize> = pulled.iter().copied().collect();
        assert_eq!(pulled.len(), different.len());
    }
}

#[test]
fn updates_run_once_each_in_the_order_of_their_thread() {
    let manager = manager();
    let session = open(
        &manager,
        &stored(&manager, |session| session.flash("f", 0).unwrap()),
    );
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for writer in 0..4 {
            let (session, start) = (session.clone(), &start);
            scope.spawn(move || {
                start.wait();
                for n in 0..times(100) {
                    session
                        .update("list", Vec::new(), append(writer, n))
                        .unwrap();
                }
            });
        }
    });
    let list: Vec<(usize, usize)> = session.get("list").unwrap().unwrap();
    assert_eq!(list.len(), 4 * times(100));
    for writer in 0..4 {
        let its: Vec<usize> = list
            .iter()
            .filter(|entry| entry.0 == writer)
            .map(|entry| entry.1)
            .collect();
        assert_eq!(its, (0..times(100)).collect::<Vec<_>>());
    }
}

fn append(writer: usize, n: usize) -> impl Fn(Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    move |mut list| {
        list.push((writer, n));
        list
    }
}

/// Every method at once. Each value contains its key, so that a torn value shows.
#[test]
fn readers_always_see_whole_values() {
    let manager = manager();
    for round in 0..times(40) {
        let token = stored(&manager, |session| {
            session.put("a", "a0").unwrap();
            session.flash("b", "b0").unwrap();
        });
        let session = open(&manager, &token);
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for actor in 0..3 {
                let (session, start, manager) = (session.clone(), &start, &manager);
                scope.spawn(move || {
                    start.wait();
                    for n in 0..times(150) {
                        let key = ["a", "b", "c"][(n + actor) % 3];
                        // After the commit, all of these fail.
                        let _ = act(&session, key, n * 7 + actor);
                        assert!(format!("{session:?}").starts_with("Session"));
                    }
                    if actor == round % 3 {
                        commit(manager, &session);
                    }
                });
            }
            start.wait();
            for _ in 0..times(150) {
                let (data, flash) = (session.all(), session.all_flash());
                for (key, raw) in data.iter().chain(flash.iter()) {
                    assert!(
                        raw.starts_with(&format!("\"{key}")) && raw.ends_with('"'),
                        "{raw}"
                    );
                }
                let copy = data.to_json();
                assert!(session.keys().len() <= 4);
                assert_eq!(data.to_json(), copy, "a copy does not change");
            }
        });
        assert!(session.put("late", 0).is_err());
    }
}

fn act(session: &Session, key: &'static str, n: usize) -> Result<(), session_core::Error> {
    let value = format!("{key}{n}");
    match n % 14 {
        0..=2 => session.put(key, value),
        3 | 4 => session
            .update(key, key.to_owned(), |old: String| old + "+")
            .map(drop),
        5 => session.forget(key).map(drop),
        6 => session.pull::<String>(key).map(drop),
        7 => session.flash(key, value),
        8 => session.flash_now(key, value),
        9 => session.keep([key]),
        10 => session.reflash(),
        11 if n.is_multiple_of(3) => session.flush(),
        12 if n.is_multiple_of(5) => session.regenerate(),
        13 if n.is_multiple_of(11) => session.destroy(),
        _ => session.id().map(drop),
    }
}
