//! Security checklist, statement 17, as a property: several requests with random operations,
//! compared with a simple model. An operation is refused exactly if the cookie would be too large,
//! so the commit never is.

use std::collections::BTreeMap;

use proptest::prelude::*;
use session_core::{CookieOptions, ErrorKind, Outcome, Session, SessionManager};

use crate::common::{builder, clock, commit, keys, minutes, open, payload, sign, visit};
use crate::{SECRET, START};

#[derive(Clone, Debug)]
enum Operation {
    Put(String, String),
    Update(String, String),
    Flash(String, String),
    Reflash,
    Forget(String),
    Pull(String),
    Flush,
    Regenerate,
}

type Map = BTreeMap<String, String>;

#[derive(Clone, Debug, Default, PartialEq)]
struct SizeModel {
    data: Map,
    shown: Map,
    next: Map,
}

impl SizeModel {
    fn after(&self, op: &Operation) -> Self {
        let mut model = self.clone();
        match op {
            Operation::Put(key, text) => drop(model.data.insert(key.clone(), text.clone())),
            Operation::Update(key, text) => {
                model.data.entry(key.clone()).or_default().push_str(text)
            }
            Operation::Flash(key, text) => drop(model.next.insert(key.clone(), text.clone())),
            Operation::Reflash => model.next.extend(self.shown.clone()),
            Operation::Forget(key) | Operation::Pull(key) => drop(model.data.remove(key)),
            Operation::Flush => model.data.clear(),
            Operation::Regenerate => (),
        }
        model
    }

    /// Returns the size of the cookie's name and value.
    fn size(&self, manager: &SessionManager, is_dated: bool) -> usize {
        let json = serde_json::json!({
            "id": "00000000-0000-4000-8000-000000000000",
            "data": self.data,
            "flash_next": self.next,
            "exp": START,
        });
        let mut json = json.to_string();
        if is_dated {
            json.push_str(r#","iat":1700000000000"#);
        }
        manager.cookie_name().len() + sign(&keys(SECRET), &json).len()
    }
}

/// Applies the operation to the session.
fn run(session: &Session, op: &Operation) -> Result<(), ErrorKind> {
    match op.clone() {
        Operation::Put(key, text) => session.put(&key, text),
        Operation::Update(key, text) => session
            .update(&key, String::new(), move |old| old + &text)
            .map(drop),
        Operation::Flash(key, text) => session.flash(&key, text),
        Operation::Reflash => session.reflash(),
        Operation::Forget(key) => session.forget(&key).map(drop),
        Operation::Pull(key) => session.pull::<String>(&key).map(drop),
        Operation::Flush => session.flush(),
        Operation::Regenerate => session.regenerate(),
    }
    .map_err(|error| error.kind())
}

fn key() -> impl Strategy<Value = String> {
    // Few keys, so that they are overwritten. Some need escapes.
    prop::sample::select(vec![
        "",
        "a",
        "b",
        "é",
        "\"",
        "\\\u{1}",
        "__proto__",
        "漢字",
    ])
    .prop_map(str::to_owned)
}

/// Up to slightly more than fits, with all kinds of characters.
fn text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        "[a-z]{1,3}",
        "\\PC{1,3}",
        any::<char>().prop_map(String::from)
    ];
    (fragment, 0..1_200_usize).prop_map(|(fragment, n)| fragment.repeat(n))
}

fn op() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (key(), text()).prop_map(|(key, text)| Operation::Put(key, text)),
        2 => (key(), text()).prop_map(|(key, text)| Operation::Update(key, text)),
        3 => (key(), text()).prop_map(|(key, text)| Operation::Flash(key, text)),
        2 => Just(Operation::Reflash),
        2 => key().prop_map(Operation::Forget),
        1 => key().prop_map(Operation::Pull),
        1 => Just(Operation::Flush),
        1 => Just(Operation::Regenerate),
    ]
}

fn stored(token: &str) -> (Map, Map) {
    let mut json: serde_json::Value = serde_json::from_str(&payload(token)).unwrap();
    let [data, flash] = ["data", "flash_next"].map(|name| json[name].take());
    (
        serde_json::from_value(data).unwrap(),
        serde_json::from_value(flash).unwrap(),
    )
}

proptest! {
    #[test]
    fn s17_a_write_is_refused_exactly_if_the_cookie_would_not_fit(
        requests in prop::collection::vec(prop::collection::vec(op(), 0..8), 1..4),
        name in 1..=256_usize,
        is_dated in any::<bool>(),
    ) {
        let clock = clock(START);
        let builder = builder(keys(SECRET), &clock)
            .cookie(CookieOptions::default().name("n".repeat(name)));
        let manager = match is_dated {
            true => builder.absolute_lifetime(minutes(600)),
            false => builder,
        }
        .build()
        .unwrap();
        let mut model = SizeModel::default();
        let mut cookie: Option<String> = None;
        for ops in requests {
            let session = match &cookie {
                Some(token) => open(&manager, token),
                None => visit(&manager),
            };
            model.shown = std::mem::take(&mut model.next);
            for op in ops {
                let after = model.after(&op);
                let size = after.size(&manager, is_dated);
                if size > 4096 {
                    let refused = run(&session, &op);
                    prop_assert!(
                        matches!(refused, Err(ErrorKind::TooLarge { size: found, limit: 4096, .. }) if found == size),
                        "{:?}, but {} bytes are asked for", refused, size,
                    );
                } else {
                    prop_assert_eq!(run(&session, &op), Ok(()));
                    model = after;
                }
                let data: Map = serde_json::from_str(&session.all().to_json()).unwrap();
                prop_assert_eq!(&data, &model.data, "the data of the model, unchanged by a refused operation");
            }
            match commit(&manager, &session) {
                Outcome::Set(token) => {
                    let token = token.as_str().to_owned();
                    let size = manager.cookie_name().len() + token.len();
                    prop_assert!(size <= 4096);
                    prop_assert_eq!(size, model.size(&manager, is_dated));
                    cookie = Some(token);
                }
                outcome => prop_assert_eq!(outcome, Outcome::Keep),
            }
            match &cookie {
                Some(token) => prop_assert_eq!(stored(token), (model.data.clone(), model.next.clone())),
                None => prop_assert!(model.data.is_empty() && model.next.is_empty()),
            }
            clock.advance(minutes(1));
        }
    }
}
