//! security.md 17: what fits is stored, what does not is refused when it is put, and the limit is exact.

use pollster::block_on;
use serde_json::json;
use session_core::{CookieOptions, Error, ErrorKind, Session, SessionManager};

use crate::common::{builder, clock, keys, minutes, open, payload, save, sign, visit};
use crate::{SECRET, START};

const LIMIT: usize = 4096;

/// What fills a value: one byte, several, and what JSON escapes.
const FILLINGS: [&str; 8] = ["x", "é", "漢", "😀", "\"", "\\", "\n", "\u{1}"];

#[derive(Clone, Copy, Debug)]
enum Verb {
    Put,
    PutOver,
    Flash,
    Update,
}

const VERBS: [Verb; 4] = [Verb::Put, Verb::PutOver, Verb::Flash, Verb::Update];

impl Verb {
    fn run(self, session: &Session, text: String) -> Result<(), Error> {
        match self {
            Self::Put => session.put("new", text),
            Self::PutOver => session.put("kept", text),
            Self::Flash => session.flash("new", text),
            Self::Update => session
                .update("kept", String::new(), move |_| text.clone())
                .map(drop),
        }
    }

    /// The data and the flash of a session that this verb changed.
    fn expected(self, text: &str) -> (String, String) {
        let (data, flash) = match self {
            Self::Put => (json!({"kept": "k\"k", "new": text}), json!({"note": 1})),
            Self::PutOver | Self::Update => (json!({"kept": text}), json!({"note": 1})),
            Self::Flash => (json!({"kept": "k\"k"}), json!({"new": text, "note": 1})),
        };
        (data.to_string(), flash.to_string())
    }
}

/// Managers whose cookies have names of every kind of length, with a beginning in the record or without.
fn managers() -> Vec<(SessionManager, bool)> {
    let names = ["s", "id", "sid", "sess", "session", "__Host-session"];
    let names = names
        .map(str::to_owned)
        .into_iter()
        .chain(["n".repeat(256)]);
    let mut managers = Vec::new();
    for name in names {
        for is_dated in [false, true] {
            let builder =
                builder(keys(SECRET), &clock(START)).cookie(CookieOptions::default().name(&name));
            let builder = match is_dated {
                true => builder.absolute_lifetime(minutes(600)),
                false => builder,
            };
            managers.push((builder.build().unwrap(), is_dated));
        }
    }
    managers
}

/// A new session, and one that was loaded, each with something in it.
fn sessions(manager: &SessionManager) -> [Session; 2] {
    let fill = |session: Session| {
        session.put("kept", "k\"k").unwrap();
        session.flash("note", 1).unwrap();
        session
    };
    let token = save(manager, &fill(visit(manager)));
    [fill(visit(manager)), fill(open(manager, &token))]
}

/// What would be stored, written down from the format and not by the code that is tested.
fn record(id: &str, (data, flash): &(String, String), is_dated: bool) -> String {
    let iat = if is_dated {
        r#","iat":1700000000000"#
    } else {
        ""
    };
    format!(r#"{{"id":"{id}","data":{data},"flash_next":{flash},"exp":1700007200000{iat}}}"#)
}

/// The bytes that count: of the name and the value.
fn cookie_size(manager: &SessionManager, json: &str) -> usize {
    manager.cookie_name().len() + sign(&keys(SECRET), json).len()
}

fn line_size(manager: &SessionManager, token: &str) -> usize {
    let session = open(manager, token);
    assert!(!session.is_new());
    manager.cookie_name().len() + token.len()
}

/// The largest `n` for which `fits` holds, which it does up to a point.
fn largest(fits: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, 2 * LIMIT);
    assert!(fits(low) && !fits(high));
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if fits(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[track_caller]
fn assert_too_large<T: std::fmt::Debug>(result: Result<T, Error>, size: usize) {
    assert!(size > LIMIT);
    assert_eq!(
        result.unwrap_err().kind(),
        ErrorKind::TooLarge { size, limit: LIMIT }
    );
}

#[test]
fn s17_the_largest_value_that_is_accepted_fits_and_the_next_is_refused_with_its_exact_size() {
    for (manager, is_dated) in managers() {
        for verb in VERBS {
            for at in 0..2 {
                for filling in FILLINGS {
                    check(&manager, is_dated, verb, filling, at);
                }
            }
        }
    }
}

fn check(manager: &SessionManager, is_dated: bool, verb: Verb, filling: &str, at: usize) {
    let session = || sessions(manager)[at].clone();
    let n = largest(|n| verb.run(&session(), filling.repeat(n)).is_ok());

    // One more is refused, changes nothing, and says what it would have taken.
    let refused = session();
    let id = refused.id().unwrap();
    let before = refused.all();
    let more = record(
        id.as_str(),
        &verb.expected(&filling.repeat(n + 1)),
        is_dated,
    );
    assert_too_large(
        verb.run(&refused, filling.repeat(n + 1)),
        cookie_size(manager, &more),
    );
    assert_eq!(refused.all(), before);
    let stored = payload(&save(manager, &refused));
    let kept = (r#"{"kept":"k\"k"}"#.to_owned(), r#"{"note":1}"#.to_owned());
    assert_eq!(stored, record(id.as_str(), &kept, is_dated));

    // The largest is stored.
    let accepted = session();
    let text = filling.repeat(n);
    verb.run(&accepted, text.clone()).unwrap();
    let token = save(manager, &accepted);
    let id = accepted.id().unwrap();
    let stored = payload(&token);
    assert_eq!(
        stored,
        record(id.as_str(), &verb.expected(&text), is_dated),
        "{verb:?} {filling:?}"
    );
    let size = line_size(manager, &token);
    assert_eq!(size, cookie_size(manager, &stored));
    // Base64 writes three bytes as four; a filling of six bytes may leave room for the first five.
    let unit = json!(filling).to_string().len() - 2;
    assert!(
        size <= LIMIT && size + unit.div_ceil(3) * 4 + 4 > LIMIT,
        "{size}"
    );
}

#[test]
fn s17_the_line_that_is_sent_has_the_size_that_was_counted() {
    for (manager, _) in managers() {
        let fits = |n: usize| visit(&manager).put("k", "x".repeat(n)).is_ok();
        let n = largest(fits);
        let session = visit(&manager);
        session.put("k", "x".repeat(n)).unwrap();
        let outcome = crate::common::commit(&manager, &session);
        let line = manager.set_cookie(&outcome).unwrap();
        let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
        assert_eq!(name, manager.cookie_name());
        let size = name.len() + value.len();
        // Of four lengths in a row base64 cannot have one.
        assert!(size == LIMIT || size == LIMIT - 1, "{size}");
    }
}

#[test]
fn s17_what_is_flashed_again_must_fit_too() {
    for (manager, is_dated) in managers() {
        let old = "é\"".repeat(300);
        let first = visit(&manager);
        first.flash("old", &old).unwrap();
        first.flash("other", 1).unwrap();
        let token = save(&manager, &first);
        let id = first.id().unwrap();

        for keep in [false, true] {
            let again = |session: &Session| match keep {
                true => session.keep(["old", "unknown"]),
                false => session.reflash(),
            };
            let session = |n: usize| {
                let session = open(&manager, &token);
                session.put("pad", "x".repeat(n)).unwrap();
                // The old value takes the place of this one, so that counts once.
                session.flash("old", "replaced").unwrap();
                session
            };
            // More than this the data alone could not be.
            let most = largest(|n| open(&manager, &token).put("pad", "x".repeat(n)).is_ok()) - 50;
            let n = largest(|n| n <= most && again(&session(n)).is_ok());
            let flash = match keep {
                true => json!({"old": old}),
                false => json!({"old": old, "other": 1}),
            };
            let expected = |n: usize| {
                let data = json!({"pad": "x".repeat(n)}).to_string();
                record(id.as_str(), &(data, flash.to_string()), is_dated)
            };

            let refused = session(n + 1);
            assert_too_large(again(&refused), cookie_size(&manager, &expected(n + 1)));
            let stored = payload(&save(&manager, &refused));
            let data = json!({"pad": "x".repeat(n + 1)}).to_string();
            let flash = r#"{"old":"replaced"}"#.to_owned();
            assert_eq!(stored, record(id.as_str(), &(data, flash), is_dated));

            let accepted = session(n);
            again(&accepted).unwrap();
            let token = save(&manager, &accepted);
            assert_eq!(payload(&token), expected(n));
            assert!(line_size(&manager, &token) <= LIMIT);
        }
    }
}

/// What was written elsewhere, or before a setting was changed, may be full without what a record needs now: an
/// expiry, a beginning, or, once regenerated, an id of 36 bytes.
#[test]
fn s17_commit_refuses_what_cannot_be_sent_and_the_client_keeps_its_cookie() {
    const ID: &str = "00000000-0000-4000-8000-000000000000";
    const EXP: &str = r#","exp":1700007200000"#;
    const BOTH: &str = r#","exp":1700007200000,"iat":1700000000000"#;
    for (before, after, id) in [("", EXP, "a"), (EXP, BOTH, "a"), (EXP, EXP, ID)] {
        let builder = builder(keys(SECRET), &clock(START)).accept_without_expiry(true);
        let builder = match after {
            BOTH => builder.absolute_lifetime(minutes(600)),
            _ => builder,
        };
        let manager = builder.build().unwrap();
        let json = |n: usize, id: &str, times: &str| {
            let value = "x".repeat(n);
            format!(r#"{{"id":"{id}","data":{{"k":"{value}"}},"flash_next":{{}}{times}}}"#)
        };
        let n = largest(|n| cookie_size(&manager, &json(n, "a", before)) <= LIMIT);
        let token = sign(&keys(SECRET), &json(n, "a", before));
        let session = open(&manager, &token);
        let size = cookie_size(&manager, &json(n, id, after));
        if id == ID {
            assert_too_large(session.regenerate(), size);
            assert_eq!(session.id().unwrap().as_str(), "a");
        } else {
            assert_too_large(block_on(manager.commit(&session)), size);
        }

        // The cookie that the client still has opens, and what is smaller is stored.
        let session = open(&manager, &token);
        assert!(session.has("k"));
        session.put("k", "short").unwrap();
        assert!(payload(&save(&manager, &session)).contains("short"));
    }
}

#[test]
fn s17_after_a_logout_there_is_room_for_a_whole_session() {
    let manager = builder(keys(SECRET), &clock(START)).build().unwrap();
    let most = largest(|n| visit(&manager).put("k", "x".repeat(n)).is_ok());
    // With a beginning, from when there was an absolute lifetime.
    for times in ["", r#","iat":1700000000000"#] {
        let json = format!(
            r#"{{"id":"{}","data":{{}},"exp":1700007200000{times}}}"#,
            "a".repeat(100)
        );
        let session = open(&manager, &sign(&keys(SECRET), &json));
        session.destroy().unwrap();
        session.put("k", "x".repeat(most)).unwrap();
        let size = manager.cookie_name().len() + save(&manager, &session).len();
        assert!(size <= LIMIT);
    }
}
