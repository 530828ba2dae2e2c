//! What a handler does, applied to the session and to the model.

use std::collections::BTreeMap;
use std::fmt::Debug;

use session_core::{Error, RawValue, Session, Values};

use super::choices::Choices;
use super::record::{Change, Op, Texts};
use super::request::{Id, Phase, Request};
use super::settings::{Failure, Limit};

/// Calls one method of the session, compares the result, and returns a description.
pub(crate) fn act(session: &Session, request: &mut Request, choices: &mut Choices) -> String {
    match choices.below(24) {
        0..=3 => {
            let key = key(choices);
            let text = value(choices, request, &key);
            let result = session.put(&key, raw(&text)).map_err(kind);
            let op = Op::Put(key, text);
            let said = format!("{op:?}");
            compare(&said, result, request.apply(op))
        }
        4..=6 => update(session, request, choices),
        7 => {
            let key = key(choices);
            let was_there = request.data.contains_key(&key);
            let result = session.forget(&key).map_err(kind);
            let expected = request.forget(&key);
            compare(
                &format!("forget {key}"),
                result,
                expected.map(|()| was_there),
            )
        }
        8 => pull(session, request, choices),
        9 => compare("flush", session.flush().map_err(kind), request.flush()),
        10..=12 => {
            let name = name(choices);
            let text = value(choices, request, &name);
            let result = session.flash(&name, raw(&text)).map_err(kind);
            let op = Op::Flash(name, text);
            let said = format!("{op:?}");
            compare(&said, result, request.apply(op))
        }
        13 => compare(
            "reflash",
            session.reflash().map_err(kind),
            request.apply(Op::Reflash),
        ),
        14 => {
            let names: Vec<String> = (0..choices.below(3)).map(|_| name(choices)).collect();
            let result = session.keep(&names).map_err(kind);
            let op = Op::Keep(names);
            let said = format!("{op:?}");
            compare(&said, result, request.apply(op))
        }
        15 => {
            let name = name(choices);
            let text = value(choices, request, &name);
            request.now.insert(name.clone(), text.clone());
            let said = format!("now {name}");
            compare(
                &said,
                session.flash_now(&name, raw(&text)).map_err(kind),
                Ok::<_, Failure>(()),
            )
        }
        16 if choices.one_in(2) => compare(
            "regenerate",
            session.regenerate().map_err(kind),
            request.regenerate(),
        ),
        17 if choices.one_in(2) => {
            let result = session.destroy().map_err(kind);
            compare("destroy", result, request.destroy())
        }
        18 => id(session, request),
        19 => unwritable(session),
        _ => look(session, request, choices),
    }
}

/// Logs a user in. Returns whether the session took the new id and the user.
pub(crate) fn log_in(session: &Session, request: &mut Request, user: &str) -> bool {
    let result = session.regenerate().map_err(kind);
    let expected = request.regenerate();
    compare("regenerate", result, expected);
    if expected.is_err() {
        return false;
    }
    let result = session.put(USER, raw(user)).map_err(kind);
    let expected = request.apply(Op::Put(USER.to_owned(), user.to_owned()));
    compare("log in", result, expected);
    expected.is_ok()
}

/// Compares everything observable without changing the session.
pub(crate) fn look(session: &Session, request: &Request, choices: &mut Choices) -> String {
    let (key, name) = (key(choices), name(choices));
    let text = |texts: &Texts, name: &str| texts.get(name).cloned();
    let shown = |values: Option<Box<RawValue>>| values.map(|raw| raw.get().to_owned());
    compare("all", texts(&session.all()), request.data.clone());
    let keys: Vec<String> = request.data.keys().cloned().collect();
    compare("keys", session.keys(), keys);
    compare("has", session.has(&key), request.data.contains_key(&key));
    let got = session.get(&key).map(shown).map_err(kind);
    compare("get", got, Ok(text(&request.data, &key)));
    let got = session.get::<i64>(&key).map_err(kind);
    compare("get a number", got, number(request.data.get(&key)));
    let got = session.get_or(&key, 7).map_err(kind);
    let expected = number(request.data.get(&key)).map(|found| found.unwrap_or(7));
    compare("get a number or 7", got, expected);

    let flash = request.visible_flash();
    compare("all flash", texts(&session.all_flash()), flash.clone());
    compare(
        "has flash",
        session.has_flash(&name),
        flash.contains_key(&name),
    );
    let got = session.get_flash(&name).map(shown).map_err(kind);
    compare("get flash", got, Ok(text(&flash, &name)));

    compare("is new", session.is_new(), request.origin.is_none());
    let is_there = request.phase != Phase::Unavailable;
    compare("is available", session.is_available(), is_there);
    compare("is modified", session.is_modified(), request.is_modified());
    "look".to_owned()
}

/// Compares the id. Asking for it assigns one to a session without an id.
pub(crate) fn id(session: &Session, request: &mut Request) -> String {
    let got = session.id().map(|id| id.as_str().to_owned()).map_err(kind);
    let expected = match &request.id {
        Id::Stored(id) | Id::Minted(Some(id)) => Ok(id.clone()),
        Id::None => request.check_writable().and(got.clone()),
        Id::Minted(None) => got.clone(),
    };
    let said = compare("id", got.clone(), expected);
    if let (Ok(id), Id::None | Id::Minted(None)) = (got, &request.id) {
        assert!(is_uuid_v4(&id), "{id}");
        request.id = Id::Minted(Some(id));
    }
    said
}

fn update(session: &Session, request: &mut Request, choices: &mut Choices) -> String {
    let key = key(choices);
    let change = choices.pick(&[Change::Count, Change::Count, Change::Double(1)]);
    let result = session
        .update(&key, 0, move |number: i64| change.apply(number))
        .map_err(kind);
    let expected = request.apply(Op::Update(key.clone(), change));
    let expected = expected.and_then(|()| Ok(number(request.data.get(&key))?.unwrap_or_default()));
    compare(&format!("update {key} {change:?}"), result, expected)
}

fn pull(session: &Session, request: &mut Request, choices: &mut Choices) -> String {
    let key = key(choices);
    let text = request.data.get(&key).cloned();
    if choices.one_in(2) {
        let got = session.pull::<i64>(&key).map_err(kind);
        let expected = request.check_writable().and_then(|()| {
            let number = number(text.as_ref())?;
            request.forget(&key)?;
            Ok(number)
        });
        return compare(&format!("pull a number, {key}"), got, expected);
    }
    let got = session
        .pull::<Box<RawValue>>(&key)
        .map(|raw| raw.map(|raw| raw.get().to_owned()))
        .map_err(kind);
    let expected = request.forget(&key).map(|()| text);
    compare(&format!("pull {key}"), got, expected)
}

/// Puts a map that JSON cannot represent, because its keys are not strings.
fn unwritable(session: &Session) -> String {
    let map = BTreeMap::from([((1, 2), 3)]);
    let result = session.put("a", map).map_err(kind);
    compare("put without a JSON form", result, Err(Failure::Encode))
}

#[track_caller]
fn compare<T: PartialEq + Debug>(what: &str, session: T, model: T) -> String {
    assert_eq!(session, model, "{what}: session and model");
    what.to_owned()
}

fn number(text: Option<&String>) -> Result<Option<i64>, Failure> {
    text.map(|text| text.parse())
        .transpose()
        .map_err(|_| Failure::Decode)
}

pub(crate) fn texts(values: &Values) -> Texts {
    values
        .iter()
        .map(|(key, raw)| (key.into_owned(), raw.to_owned()))
        .collect()
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn kind(error: Error) -> Failure {
    error.kind().into()
}

fn is_uuid_v4(id: &str) -> bool {
    let is_right = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => byte == b'4',
        19 => b"89ab".contains(&byte),
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    };
    id.len() == 36 && id.bytes().enumerate().all(is_right)
}

/// The key under which a login stores who the user is.
pub(crate) const USER: &str = "user";

/// Returns one of a few keys, so that requests collide often. One needs an escape.
pub(crate) fn key(choices: &mut Choices) -> String {
    choices.pick(&["a", "b", "c", "q\""]).to_owned()
}

pub(crate) fn name(choices: &mut Choices) -> String {
    choices.pick(&["n", "m", "q\""]).to_owned()
}

/// Returns a JSON text. With a limit, it is sometimes one that just fits, or just does not.
pub(crate) fn value(choices: &mut Choices, request: &Request, key: &str) -> String {
    if request.settings.limit != Limit::None && choices.one_in(6) {
        let len = match choices.below(4) {
            0 => 200 * choices.below(8),
            1 => 2_000,
            fits => request.room(key) + fits - 2,
        };
        return format!("\"{}\"", "x".repeat(len));
    }
    choices
        .pick(&["0", "1", "2", "3", "\"x\"", "null"])
        .to_owned()
}
