//! An application in this process, with any framework. Every case sends it requests.

use session_bench::cases::Case;

/// An application with the routes of [`Route`].
pub trait App {
    /// Sends a request this many times, and returns the last answer.
    fn send(&mut self, route: Route, cookie: Option<&str>, times: usize) -> Answer;
}

/// The part of a response that matters.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub set_cookie: Option<String>,
}

/// The routes of every application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Stores the whole session, key by key.
    Seed,
    /// Does not use the session.
    Untouched,
    /// Reads `user_id`, and answers [`FOUND`] or [`MISSING`].
    Read,
    /// Reads `visits`, and writes it plus one.
    Write,
    /// Answers [`FOUND`] if exactly one write of `visits` was kept.
    Check,
}

/// The actions that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A request without a cookie, to a handler that does not use the session.
    Untouched,
    /// The same, from a visitor with a session.
    Unused,
    /// Read one value.
    Read,
    /// Read one value and write it.
    ReadWrite,
    /// Read, with a cookie whose signature is wrong.
    BadSignature,
}

impl Route {
    pub const fn path(self) -> &'static str {
        match self {
            Self::Seed => "/seed",
            Self::Untouched => "/untouched",
            Self::Read => "/read",
            Self::Write => "/write",
            Self::Check => "/check",
        }
    }
}

impl Action {
    pub const ALL: [Self; 5] = [
        Self::Untouched,
        Self::Unused,
        Self::Read,
        Self::ReadWrite,
        Self::BadSignature,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Unused => "untouched, with a cookie",
            Self::Read => "read",
            Self::ReadWrite => "read + write",
            Self::BadSignature => "bad signature",
        }
    }

    /// Returns the name of the action's table.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Untouched => "peers-untouched",
            Self::Unused => "peers-unused",
            Self::Read => "peers-read",
            Self::ReadWrite => "peers-read-write",
            Self::BadSignature => "peers-bad-signature",
        }
    }

    const fn route(self) -> Route {
        match self {
            Self::Untouched | Self::Unused => Route::Untouched,
            Self::Read | Self::BadSignature => Route::Read,
            Self::ReadWrite => Route::Write,
        }
    }
}

/// Returns the cases of an application, one per action.
pub struct Measured {
    pub name: String,
    pub cases: Vec<Case>,
}

/// Measures an application without sessions, which the others are compared with.
pub fn bare<A: App + 'static>(name: &str, app: fn() -> A) -> Measured {
    Measured::new(name, move |action| {
        let mut app = app();
        let cookie = (action != Action::Untouched).then_some(COOKIE);
        move |times| {
            app.send(action.route(), cookie, times);
        }
    })
}

/// Measures an application with sessions, after checking that they work.
pub fn with_sessions<A: App + 'static>(name: &str, app: fn() -> A) -> Measured {
    Measured::new(name, move |action| {
        let mut app = app();
        let cookie = cookie(&mut app, action);
        move |times| {
            app.send(action.route(), cookie.as_deref(), times);
        }
    })
}

impl Measured {
    fn new<F: FnMut(usize) + 'static>(
        name: &str,
        prepare: impl Fn(Action) -> F + Copy + 'static,
    ) -> Self {
        let cases = Action::ALL.map(|action| {
            let name = format!("{name}: {}", action.name());
            Case::new(name, move || prepare(action))
        });
        Self {
            name: name.to_owned(),
            cases: cases.into(),
        }
    }
}

/// Returns the cookie for the requests of an action. Checks on the way that the application's
/// sessions work.
fn cookie(app: &mut impl App, action: Action) -> Option<String> {
    let cookie = seed(app);
    let forged = forged(&cookie);
    assert_eq!(app.send(Route::Read, Some(&cookie), 1).status, FOUND);
    assert_eq!(app.send(Route::Read, Some(&forged), 1).status, MISSING);
    assert_eq!(app.send(Route::Check, Some(&cookie), 1).status, MISSING);
    let written = app.send(Route::Write, Some(&cookie), 1).set_cookie;
    let written = written.as_deref().map_or(&*cookie, pair);
    assert_eq!(app.send(Route::Check, Some(written), 1).status, FOUND);
    match action {
        Action::Untouched => None,
        Action::BadSignature => Some(forged),
        _ => Some(cookie),
    }
}

/// Returns the cookie of a new session.
pub fn seed(app: &mut impl App) -> String {
    let answer = app.send(Route::Seed, None, 1);
    assert_eq!(answer.status, FOUND);
    let set_cookie = answer.set_cookie.expect("a new session sets its cookie");
    pair(&set_cookie).to_owned()
}

/// Returns the part of a `Set-Cookie` header that a browser sends back.
pub fn pair(set_cookie: &str) -> &str {
    set_cookie.split(';').next().unwrap_or_default()
}

/// Changes one character of a cookie, in its signed part or its signature.
fn forged(cookie: &str) -> String {
    let (name, value) = cookie.split_once('=').expect("it is a cookie");
    // Not inside a percent-encoded character.
    let mut at = 0;
    while value.as_bytes()[at] == b'%' {
        at += 3;
    }
    let other = if value.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    format!("{name}={}{other}{}", &value[..at], &value[at + 1..])
}

/// Returns the status for what was found in the session.
pub const FOUND: u16 = 200;
pub const MISSING: u16 = 204;

/// The cookie for the bare frameworks, as long as a session's.
pub const COOKIE: &str = "session=eyJpZCI6IjExMTExMTExLTExMTEtNDExMS04MTExLTExMTExMTExMTExMSIsImRhdGEiOnsidXNlcl9pZCI6NDIsIm5hbWUiOiJBZGEgTG92ZWxhY2UiLCJyb2xlcyI6WyJhZG1pbiIsImVkaXRvciJdLCJ0aGVtZSI6ImRhcmsiLCJjYXJ0IjpbeyJza3UiOiJBLTEiLCJxdHkiOjJ9LHsic2t1IjoiQi05IiwicXR5IjoxfV0sInZpc2l0cyI6MTd9LCJmbGFzaF9uZXh0Ijp7fSwiZXhwIjoxODAwMDAwMDAwMDAwfQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
