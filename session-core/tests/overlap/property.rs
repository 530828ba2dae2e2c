//! Merging against the model, in every order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use session_core::{Session, Values};

use crate::common::{Site, id_of};
use crate::model::{Model, Op, key, op};
use crate::orders::{Step, requests};

/// Runs the requests in this order, on the real thing and on the model, and returns both ends.
fn run(site: &Site, start: &Model, requests: &[Vec<Op>], order: &[Step]) -> (Model, Model) {
    let token = site.request(|session| {
        session.id().unwrap();
        for (key, value) in &start.data {
            session.put(key, value).unwrap();
        }
        for (key, value) in start.flash_values() {
            session.flash(key, value).unwrap();
        }
    });
    let mut model = start.clone();
    let mut open: Vec<Option<(Session, Model)>> = vec![None; requests.len()];
    for step in order {
        let ops = &requests[step.actor];
        match open[step.actor].take() {
            None => open[step.actor] = Some((site.open(&token), model.clone())),
            Some((session, seen)) => {
                // Nothing but the order of load and commit counts: the verbs run without the store.
                ops.iter().for_each(|op| op.run(&session));
                site.commit(&session);
                model.commit(&seen, ops);
            }
        }
    }
    let stored = site.stored(id_of(&token)).unwrap();
    let real = Model::new(numbers(stored.data()), numbers(stored.flash()));
    (real, model)
}

fn numbers(values: &Values) -> impl Iterator<Item = (&'static str, i64)> {
    ["a", "b", "c", "d"]
        .into_iter()
        .filter_map(|key| Some((key, values.get(key).unwrap()?)))
}

fn check(start: &Model, all: &[Vec<Op>]) -> Result<(), TestCaseError> {
    let site = Site::new();
    for order in requests(all.len()) {
        let (real, model) = run(&site, start, all, &order);
        prop_assert_eq!(&real.data, &model.data, "data, in the order {:?}", &order);
        prop_assert_eq!(
            real.flash_values(),
            model.flash_values(),
            "flash, in the order {:?}",
            &order
        );
    }
    Ok(())
}

fn start() -> impl Strategy<Value = Model> {
    let some = || prop::collection::btree_map(key(), 0..3i64, 0..3);
    (some(), some()).prop_map(|(data, flash)| Model::new(data, flash))
}

fn ops(max: usize) -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 0..=max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_requests_come_to_what_the_model_says_in_all_6_orders(
        start in start(), all in prop::collection::vec(ops(6), 2),
    ) {
        check(&start, &all)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn three_requests_come_to_what_the_model_says_in_all_90_orders(
        start in start(), all in prop::collection::vec(ops(4), 3),
    ) {
        check(&start, &all)?;
    }

    /// Five requests have 113,400 orders; some of them, and with flash only, where a third and a fourth
    /// request meet what two earlier ones left behind.
    #[test]
    fn five_requests_that_flash_come_to_what_the_model_says(
        start in start(),
        all in prop::collection::vec(flashes(), 5),
        order in Just([0, 0, 1, 1, 2, 2, 3, 3, 4, 4].to_vec()).prop_shuffle(),
    ) {
        let site = Site::new();
        let order: Vec<Step> = order.into_iter().map(|actor| Step { actor, nth: 0 }).collect();
        let (real, model) = run(&site, &start, &all, &order);
        prop_assert_eq!(real.flash_values(), model.flash_values());
    }
}

fn flashes() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        // One name and one text, so that only their identities tell them apart.
        4 => Just(Op::Flash("a", 1)),
        1 => Just(Op::Flash("b", 1)),
        1 => Just(Op::Reflash),
        1 => Just(Op::Keep("a")),
        1 => Just(Op::Put("a", 1)),
    ];
    prop::collection::vec(op, 0..3)
}

/// The model itself, once by hand: it must not be wrong in the same way.
#[test]
fn the_model_is_what_its_words_say() {
    let mut model = Model::new([("a", 1), ("b", 2)], [("a", 0)]);
    let seen = model.clone();
    model.commit(&seen, &[Op::Put("b", 9), Op::Flash("a", 0)]);
    model.commit(&seen, &[Op::Put("c", 1), Op::Flush, Op::Update("d")]);
    assert_eq!(model.data, BTreeMap::from([("b", 9), ("d", 1)]));
    assert_eq!(model.flash_values(), BTreeMap::from([("a", 0)]));
}
