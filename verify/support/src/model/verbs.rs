//! What a handler does, applied to the session and to the model.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use session_core::{Error, ErrorKind, RawValue, Session, Values};

use super::choices::Choices;
use super::record::{Change, OWNER, Op, Record, Texts};
use super::request::{Id, Phase, Request};
use super::settings::{Failure, Limit, MINUTE};

/// Calls one method of the session, compares the result, and returns a description.
pub(crate) fn act(session: &Session, request: &mut Request, choices: &mut Choices) -> String {
    match choices.below(32) {
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
        20 => peek(session, request),
        21 => remember(session, request, choices),
        22 if choices.one_in(2) => compare(
            "forget me",
            session.forget_me().map_err(kind),
            request.remember(None),
        ),
        23 if choices.one_in(2) => {
            session.background();
            request.mark_background();
            compare("background", session.is_background(), true);
            "background".to_owned()
        }
        24 => {
            let text = choices.pick(&["0", "1", "\"1\"", "2", "null", "{}", "true"]);
            let op = Op::Put(OWNER.to_owned(), text.to_owned());
            let result = session.put(OWNER, raw(text)).map_err(kind);
            compare(&format!("owned by {text}"), result, request.apply(op))
        }
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
    let is_in = expected.is_ok();
    // Three owners, so that each has several sessions.
    let owner = (user.parse::<usize>().unwrap_or_default() % 3).to_string();
    let result = session.put(OWNER, raw(&owner)).map_err(kind);
    let expected = request.apply(Op::Put(OWNER.to_owned(), owner));
    compare("own", result, expected);
    is_in
}

/// Compares everything observable without changing the session.
pub(crate) fn look(session: &Session, request: &Request, choices: &mut Choices) -> String {
    let (key, name) = (key(choices), name(choices));
    let own = session.remembered_for().map(|own| own.as_millis());
    compare("remembered for", own, request.remembered().map(u128::from));
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

    let is_new = request.origin.is_none() || request.has_ended;
    compare("is new", session.is_new(), is_new);
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

/// Compares the id without asking for one.
fn peek(session: &Session, request: &mut Request) -> String {
    let got = session.peek_id().map(|id| id.as_str().to_owned());
    let expected = match &request.id {
        Id::Stored(id) | Id::Minted(Some(id)) => Some(id.clone()),
        Id::None => None,
        Id::Minted(None) => got.clone(),
    };
    let said = compare("peek", got.clone(), expected);
    if request.id == Id::Minted(None) {
        assert!(got.as_deref().is_some_and(is_uuid_v4), "{got:?}");
        request.id = Id::Minted(got);
    }
    said
}

fn remember(session: &Session, request: &mut Request, choices: &mut Choices) -> String {
    // The longer one exceeds every lifetime. Neither ends where the model lets time pass to.
    let minutes = choices.pick(&[41, 600, 600, 0]);
    let lifetime = Duration::from_secs(60 * minutes);
    let expected = match minutes {
        0 => Err(Failure::Other(ErrorKind::Invalid)),
        _ => request.remember(Some(minutes * MINUTE)),
    };
    let result = session.remember_for(lifetime).map_err(kind);
    compare(&format!("remember for {minutes} min"), result, expected)
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

/// Returns what the model needs to know of a record that it did not predict.
pub(crate) fn adopted(real: &session_core::Record) -> Record {
    let millis =
        |time: Option<session_core::Timestamp>| time.map(session_core::Timestamp::as_millis);
    let mut record = Record::new(texts(real.data()), texts(real.flash_next()));
    record.expires_at = millis(real.expires_at()).unwrap_or_default();
    record.created_at = millis(real.created_at());
    record.saved_at = millis(real.saved_at());
    record.owned_at = millis(real.owned_at());
    record.remembered = lifetime(real);
    record
}

/// Returns a record's own lifetime in milliseconds.
pub(crate) fn lifetime(real: &session_core::Record) -> Option<u64> {
    let lifetime = real.remembered_for()?;
    u64::try_from(lifetime.as_millis()).ok()
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
