//! security.md 17 as a law: a session is compared with a plain model, through several requests of random verbs.
//! Each verb is refused exactly where the model would outgrow the cookie, and so the commit never is.

use std::collections::BTreeMap;

use proptest::prelude::*;
use session_core::{CookieOptions, ErrorKind, Outcome, Session, SessionManager};

use crate::common::{builder, clock, commit, keys, minutes, open, payload, sign, visit};
use crate::{SECRET, START};

#[derive(Clone, Debug)]
enum Op {
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
struct Model {
    data: Map,
    shown: Map,
    next: Map,
}

impl Model {
    fn after(&self, op: &Op) -> Self {
        let mut model = self.clone();
        match op {
            Op::Put(key, text) => drop(model.data.insert(key.clone(), text.clone())),
            Op::Update(key, text) => model.data.entry(key.clone()).or_default().push_str(text),
            Op::Flash(key, text) => drop(model.next.insert(key.clone(), text.clone())),
            Op::Reflash => model.next.extend(self.shown.clone()),
            Op::Forget(key) | Op::Pull(key) => drop(model.data.remove(key)),
            Op::Flush => model.data.clear(),
            Op::Regenerate => (),
        }
        model
    }

    /// The bytes of the cookie's name and value.
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

/// Whether the session took it.
fn run(session: &Session, op: &Op) -> Result<(), ErrorKind> {
    match op.clone() {
        Op::Put(key, text) => session.put(&key, text),
        Op::Update(key, text) => session
            .update(&key, String::new(), move |old| old + &text)
            .map(drop),
        Op::Flash(key, text) => session.flash(&key, text),
        Op::Reflash => session.reflash(),
        Op::Forget(key) => session.forget(&key).map(drop),
        Op::Pull(key) => session.pull::<String>(&key).map(drop),
        Op::Flush => session.flush(),
        Op::Regenerate => session.regenerate(),
    }
    .map_err(|error| error.kind())
}

fn key() -> impl Strategy<Value = String> {
    // Few, so that they are overwritten; some need escapes.
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

/// Up to somewhat more than fits, of every kind of character.
fn text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        "[a-z]{1,3}",
        "\\PC{1,3}",
        any::<char>().prop_map(String::from)
    ];
    (fragment, 0..1_200_usize).prop_map(|(fragment, n)| fragment.repeat(n))
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (key(), text()).prop_map(|(key, text)| Op::Put(key, text)),
        2 => (key(), text()).prop_map(|(key, text)| Op::Update(key, text)),
        3 => (key(), text()).prop_map(|(key, text)| Op::Flash(key, text)),
        2 => Just(Op::Reflash),
        2 => key().prop_map(Op::Forget),
        1 => key().prop_map(Op::Pull),
        1 => Just(Op::Flush),
        1 => Just(Op::Regenerate),
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
    fn s17_a_verb_is_refused_exactly_where_the_cookie_would_not_fit(
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
        let mut model = Model::default();
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
                    prop_assert_eq!(run(&session, &op), Err(ErrorKind::TooLarge { size, limit: 4096 }));
                } else {
                    prop_assert_eq!(run(&session, &op), Ok(()));
                    model = after;
                }
                let data: Map = serde_json::from_str(&session.all().to_json()).unwrap();
                prop_assert_eq!(&data, &model.data, "as the model, and as before where it was refused");
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
