//! Security checklist, statement 17: what fits is stored, what does not fit is refused immediately,
//! and the limit is exact.

use pollster::block_on;
use serde_json::json;
use session_core::{CookieOptions, Error, Session, SessionManager};

use crate::common::{builder, clock, keys, minutes, open, payload, save, sign, visit};
use crate::{SECRET, START};

const LIMIT: usize = 4096;

/// Characters with one byte or several, and characters that JSON escapes.
const FILLINGS: [&str; 8] = ["x", "é", "漢", "😀", "\"", "\\", "\n", "\u{1}"];

#[derive(Clone, Copy, Debug)]
enum WriteMethod {
    Put,
    PutOver,
    Flash,
    Update,
}

const METHODS: [WriteMethod; 4] = [
    WriteMethod::Put,
    WriteMethod::PutOver,
    WriteMethod::Flash,
    WriteMethod::Update,
];

impl WriteMethod {
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

    /// Returns the data and the flash of a session after this method.
    fn expected(self, text: &str) -> (String, String) {
        let (data, flash) = match self {
            Self::Put => (json!({"kept": "k\"k", "new": text}), json!({"note": 1})),
            Self::PutOver | Self::Update => (json!({"kept": text}), json!({"note": 1})),
            Self::Flash => (json!({"kept": "k\"k"}), json!({"new": text, "note": 1})),
        };
        (data.to_string(), flash.to_string())
    }
}

/// Returns managers whose cookie names have many lengths, with and without a creation time in the
/// record.
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

/// Returns a new session and a loaded one, neither of which is empty.
fn sessions(manager: &SessionManager) -> [Session; 2] {
    let fill = |session: Session| {
        session.put("kept", "k\"k").unwrap();
        session.flash("note", 1).unwrap();
        session
    };
    let token = save(manager, &fill(visit(manager)));
    [fill(visit(manager)), fill(open(manager, &token))]
}

/// Returns the JSON that must be stored, written by hand rather than by the code under test.
fn record(id: &str, (data, flash): &(String, String), is_dated: bool) -> String {
    let iat = if is_dated {
        r#","iat":1700000000000"#
    } else {
        ""
    };
    format!(r#"{{"id":"{id}","data":{data},"flash_next":{flash},"exp":1700007200000{iat}}}"#)
}

/// Returns the size of the cookie's name and value.
fn cookie_size(manager: &SessionManager, json: &str) -> usize {
    manager.cookie_name().len() + sign(&keys(SECRET), json).len()
}

fn line_size(manager: &SessionManager, token: &str) -> usize {
    let session = open(manager, token);
    assert!(!session.is_new());
    manager.cookie_name().len() + token.len()
}

/// Returns the largest `n` for which `fits` returns `true`.
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
    let error = result.unwrap_err();
    let message = format!("the session would take {size} bytes, the limit is {LIMIT}");
    assert_eq!(error.to_string(), message);
}

#[test]
fn s17_the_limit_is_exact_and_errors_contain_the_exact_size() {
    for (manager, is_dated) in managers() {
        for method in METHODS {
            for at in 0..2 {
                for filling in FILLINGS {
                    check(&manager, is_dated, method, filling, at);
                }
            }
        }
    }
}

fn check(manager: &SessionManager, is_dated: bool, method: WriteMethod, filling: &str, at: usize) {
    let session = || sessions(manager)[at].clone();
    let n = largest(|n| method.run(&session(), filling.repeat(n)).is_ok());

    // One more is refused with the exact size and changes nothing.
    let refused = session();
    let id = refused.id().unwrap();
    let before = refused.all();
    let more = record(
        id.as_str(),
        &method.expected(&filling.repeat(n + 1)),
        is_dated,
    );
    assert_too_large(
        method.run(&refused, filling.repeat(n + 1)),
        cookie_size(manager, &more),
    );
    assert_eq!(refused.all(), before);
    let stored = payload(&save(manager, &refused));
    let kept = (r#"{"kept":"k\"k"}"#.to_owned(), r#"{"note":1}"#.to_owned());
    assert_eq!(stored, record(id.as_str(), &kept, is_dated));

    // The largest value is stored.
    let accepted = session();
    let text = filling.repeat(n);
    method.run(&accepted, text.clone()).unwrap();
    let token = save(manager, &accepted);
    let id = accepted.id().unwrap();
    let stored = payload(&token);
    assert_eq!(
        stored,
        record(id.as_str(), &method.expected(&text), is_dated),
        "{method:?} {filling:?}"
    );
    let size = line_size(manager, &token);
    assert_eq!(size, cookie_size(manager, &stored));
    // Base64 turns three bytes into four. A character of six bytes may leave room for five.
    let unit = json!(filling).to_string().len() - 2;
    assert!(
        size <= LIMIT && size + unit.div_ceil(3) * 4 + 4 > LIMIT,
        "{size}"
    );
}

#[test]
fn s17_the_set_cookie_line_has_the_counted_size() {
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
        // Base64 cannot produce one of four consecutive lengths.
        assert!(size == LIMIT || size == LIMIT - 1, "{size}");
    }
}

#[test]
fn s17_reflash_and_keep_respect_the_limit() {
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
                // The old value replaces this one, so only one counts.
                session.flash("old", "replaced").unwrap();
                session
            };
            // Without flash, there is not much more room than this.
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

/// A session from elsewhere, or from before a change of settings, may have no room for what a
/// record needs now: an expiry, a creation time, or, after a regenerate, an id of 36 bytes.
#[test]
fn s17_commit_refuses_an_oversized_cookie_and_the_client_keeps_the_old_one() {
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

        // The client's old cookie still opens, and a smaller session is stored.
        let session = open(&manager, &token);
        assert!(session.has("k"));
        session.put("k", "short").unwrap();
        assert!(payload(&save(&manager, &session)).contains("short"));
    }
}

#[test]
fn s17_a_logout_frees_the_whole_capacity() {
    let manager = builder(keys(SECRET), &clock(START)).build().unwrap();
    let most = largest(|n| visit(&manager).put("k", "x".repeat(n)).is_ok());
    // With a creation time, from when an absolute lifetime was set.
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
