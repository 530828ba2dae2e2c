//! An application in this process, whatever its framework: every case sends it requests.

use session_bench::cases::Case;

/// An application with the routes of [`Route`].
pub trait App {
    /// Sends a request so many times and returns the last answer.
    fn send(&mut self, route: Route, cookie: Option<&str>, times: usize) -> Answer;
}

/// What a response says.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub set_cookie: Option<String>,
}

/// What a request is for. Each application has a handler for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Puts the whole session, key by key.
    Seed,
    /// Never takes the session.
    Untouched,
    /// Reads `user_id`, and answers [`FOUND`] or [`MISSING`].
    Read,
    /// Reads `visits` and writes one more.
    Write,
    /// Answers [`FOUND`] if `visits` is what one write makes of it.
    Check,
}

/// What a case's requests do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Of a visitor without a cookie, for a handler that does not take the session.
    Untouched,
    /// The same of a visitor with a session.
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

    /// The name of its table.
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

/// An application's cases, one for each action.
pub struct Measured {
    pub name: String,
    pub cases: Vec<Case>,
}

/// Measures an application without sessions: what the others are compared with.
pub fn bare<A: App + 'static>(name: &str, app: fn() -> A) -> Measured {
    Measured::new(name, move |action| {
        let mut app = app();
        let cookie = (action != Action::Untouched).then_some(COOKIE);
        move |times| {
            app.send(action.route(), cookie, times);
        }
    })
}

/// Measures an application with sessions, which has to show first that it has them.
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

/// The cookie that the action's requests bring. On the way, the application shows that it has sessions.
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

/// A new session's cookie.
pub fn seed(app: &mut impl App) -> String {
    let answer = app.send(Route::Seed, None, 1);
    assert_eq!(answer.status, FOUND);
    let set_cookie = answer.set_cookie.expect("a new session sets its cookie");
    pair(&set_cookie).to_owned()
}

/// What a Set-Cookie header wants back.
pub fn pair(set_cookie: &str) -> &str {
    set_cookie.split(';').next().unwrap_or_default()
}

/// The cookie with another character, of what is signed or of the signature.
fn forged(cookie: &str) -> String {
    let (name, value) = cookie.split_once('=').expect("it is a cookie");
    // Not within a percent-encoded one.
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

/// The status for what was found in the session.
pub const FOUND: u16 = 200;
pub const MISSING: u16 = 204;

/// What the bare frameworks get: as long as a session's cookie.
pub const COOKIE: &str = "session=eyJpZCI6IjExMTExMTExLTExMTEtNDExMS04MTExLTExMTExMTExMTExMSIsImRhdGEiOnsidXNlcl9pZCI6NDIsIm5hbWUiOiJBZGEgTG92ZWxhY2UiLCJyb2xlcyI6WyJhZG1pbiIsImVkaXRvciJdLCJ0aGVtZSI6ImRhcmsiLCJjYXJ0IjpbeyJza3UiOiJBLTEiLCJxdHkiOjJ9LHsic2t1IjoiQi05IiwicXR5IjoxfV0sInZpc2l0cyI6MTd9LCJmbGFzaF9uZXh0Ijp7fSwiZXhwIjoxODAwMDAwMDAwMDAwfQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
