//! Merging compared with the model, in every order.

use proptest::prelude::*;
use session_core::{Session, Values};
use test_support::model::record::{Change, Op, Record, Texts};

use super::operations::{flash_op, op, run, texts};
use super::orders::{Step, requests};
use crate::common::{Service, id_of, raw};

/// Runs the requests in this order in the library and in the model, and returns both records.
fn play(
    service: &Service,
    start: &Record,
    requests: &[Vec<Op>],
    order: &[Step],
) -> (Record, Record) {
    let token = service.request(|session| {
        session.id().unwrap();
        for (key, text) in &start.data {
            session.put(key, raw(text)).unwrap();
        }
        for (name, text) in start.flash_texts() {
            session.flash(&name, raw(&text)).unwrap();
        }
    });
    let mut model = start.clone();
    let mut open: Vec<Option<(Session, Record)>> = vec![None; requests.len()];
    for step in order {
        let ops = &requests[step.actor];
        match open[step.actor].take() {
            None => open[step.actor] = Some((service.open(&token), model.clone())),
            Some((session, seen)) => {
                // Only the order of loads and commits matters: the operations do not use the store.
                ops.iter().for_each(|op| run(op, &session));
                service.commit(&session);
                model.commit(&seen, ops).unwrap();
            }
        }
    }
    let stored = service.stored(id_of(&token)).unwrap();
    let real = Record::new(texts_of(stored.data()), texts_of(stored.flash_next()));
    (real, model)
}

fn texts_of(values: &Values) -> Texts {
    values
        .iter()
        .map(|(key, text)| (key.into_owned(), text.to_owned()))
        .collect()
}

fn check(start: &Record, all: &[Vec<Op>]) -> Result<(), TestCaseError> {
    let service = Service::new();
    for order in requests(all.len()) {
        let (real, model) = play(&service, start, all, &order);
        prop_assert_eq!(&real.data, &model.data, "data, in the order {:?}", &order);
        prop_assert_eq!(
            real.flash_texts(),
            model.flash_texts(),
            "flash, in the order {:?}",
            &order
        );
    }
    Ok(())
}

fn start() -> impl Strategy<Value = Record> {
    (texts(), texts()).prop_map(|(data, flash)| Record::new(data, flash))
}

fn ops(max: usize) -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 0..=max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_requests_match_the_model_in_all_6_orders(
        start in start(), all in prop::collection::vec(ops(6), 2),
    ) {
        check(&start, &all)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn three_requests_match_the_model_in_all_90_orders(
        start in start(), all in prop::collection::vec(ops(4), 3),
    ) {
        check(&start, &all)?;
    }

    /// Five requests have 113,400 orders. This tests some of them, with flash only: later requests
    /// meet what two earlier ones left behind.
    #[test]
    fn five_requests_that_flash_match_the_model(
        start in start(),
        all in prop::collection::vec(prop::collection::vec(flash_op(), 0..3), 5),
        order in Just([0, 0, 1, 1, 2, 2, 3, 3, 4, 4].to_vec()).prop_shuffle(),
    ) {
        let service = Service::new();
        let order: Vec<Step> = order.into_iter().map(|actor| Step { actor, nth: 0 }).collect();
        let (real, model) = play(&service, &start, &all, &order);
        prop_assert_eq!(real.flash_texts(), model.flash_texts());
    }
}

/// The model itself, checked by hand, so that it does not share a mistake with the library.
#[test]
fn the_model_follows_its_description() {
    let texts = |all: &[(&str, &str)]| -> Texts {
        let owned = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
        all.iter().map(owned).collect()
    };
    let put = |key: &str, text: &str| Op::Put(key.to_owned(), text.to_owned());
    let mut model = Record::new(texts(&[("a", "1"), ("b", "2")]), texts(&[("n", "0")]));
    let seen = model.clone();
    let flash = Op::Flash("n".to_owned(), "0".to_owned());
    model.commit(&seen, &[put("b", "9"), flash]).unwrap();
    let count = Op::Update("d".to_owned(), Change::Count);
    model
        .commit(&seen, &[put("c", "1"), Op::Flush, count])
        .unwrap();
    assert_eq!(model.data, texts(&[("b", "9"), ("d", "1")]));
    assert_eq!(model.flash_texts(), texts(&[("n", "0")]));
    // A value other than a number cannot be updated, unless a later operation overrides the update.
    model
        .commit(&seen, &[put("d", "\"x\""), put("b", "\"x\"")])
        .unwrap();
    let count = |key: &str| Op::Update(key.to_owned(), Change::Count);
    assert!(model.commit(&seen, &[count("d")]).is_err());
    model.commit(&seen, &[count("d"), Op::Flush]).unwrap();
    assert_eq!(model.data, texts(&[("b", "\"x\"")]));
}
