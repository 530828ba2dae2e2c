//! The page for people. It works without JavaScript.
//!
//! Each form's function returns where to redirect the browser, with 303, so that a reload does not
//! send the form again.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use session_core::{DriverName, Error, ErrorKind, Session, SessionManager};

use crate::api::{DAY, Failure};
use crate::devices::{self, DEVICE, Device, OTHERS, USER};

/// The configuration that the page describes.
#[derive(Clone, Copy, Debug)]
pub struct About {
    driver: DriverName,
    lifetime: Duration,
    revokes: bool,
    is_sealed: bool,
}

/// The fields of a form.
pub type Form = HashMap<String, String>;

/// Where a form redirects the browser.
pub type Location = Result<&'static str, Error>;

impl About {
    /// Describes the sessions of `manager`.
    #[must_use]
    pub fn new(manager: &SessionManager, driver: DriverName) -> Self {
        Self {
            driver,
            lifetime: manager.lifetime(),
            revokes: manager.can_revoke(),
            is_sealed: manager.is_sealed(),
        }
    }
}

/// Renders the page. It also works if the session is too full to count this visit, holds values of
/// other types, or cannot be loaded.
///
/// `is_full` is `true` if the form before could not even store its error.
#[must_use]
pub async fn show(
    session: &Session,
    sessions: &SessionManager,
    about: &About,
    is_full: bool,
) -> (StatusCode, String) {
    // Before this visit is counted: the list shows what is stored.
    let devices = match session.has(USER) {
        true => show_devices(devices::list(session, sessions).await),
        false => String::new(),
    };
    let is_new = session.is_new();
    let counted = session.update("visits", 0_u64, |visits| visits.saturating_add(1));
    let mut notices = String::new();
    for kind in ["notice", "error"] {
        if let Ok(Some(text)) = session.get_flash::<String>(kind) {
            notices.push_str(&notice(kind, &text));
        }
    }
    if is_full {
        notices.push_str(&notice(
            "error",
            "The session is too full for that, even for a notice about it.",
        ));
    }
    if let Err(error) = &counted {
        notices.push_str(&notice(
            "error",
            &format!("This visit was not counted: {error}."),
        ));
    }
    let status = match &counted {
        Err(error) if error.kind() == ErrorKind::Unavailable => error.status(),
        _ => StatusCode::OK,
    };
    let visits = counted
        .or_else(|_| session.get_or("visits", 0))
        .unwrap_or_default();
    let (name, user) = (text(session, "name"), text(session, "user"));
    let greeting = match (&user, &name) {
        // The name as it was written.
        (Some(user), Some(name)) if name.to_lowercase() == *user => name.clone(),
        (Some(user), _) => capitalized(user),
        (None, Some(name)) if !name.is_empty() => name.clone(),
        (None, _) => "stranger".to_owned(),
    };
    let name = escape(name.as_deref().unwrap_or_default());
    let happened = match (is_new, visits) {
        _ if !session.is_available() => UNAVAILABLE,
        (true, _) => STARTED,
        (false, 2) => RECOGNIZED,
        (false, _) => CONTINUED,
    };
    let state = match &user {
        _ if !session.is_available() => "not known",
        Some(_) => "logged in",
        None => "not logged in",
    };
    let login = if user.is_some() {
        LOGOUT.to_owned()
    } else {
        LOGIN.replace("{{name}}", &name)
    };
    let page = [
        ("{{happened}}", happened.to_owned()),
        ("{{notices}}", notices),
        ("{{visits}}", visits.to_string()),
        (
            "{{unit}}",
            (if visits == 1 { "visit" } else { "visits" }).to_owned(),
        ),
        ("{{greeting}}", escape(&greeting)),
        ("{{name}}", name),
        ("{{state}}", state.to_owned()),
        ("{{login}}", login),
        (
            "{{id}}",
            session
                .id()
                .map_or_else(|_| "–".to_owned(), |id| escape(id.prefix()) + "…"),
        ),
        ("{{driver}}", about.driver.to_string()),
        (
            "{{place}}",
            match (about.revokes, about.is_sealed) {
                (true, false) => SERVER_SIDE,
                (true, true) => SEALED_ON_SERVER,
                (false, false) => IN_COOKIE,
                (false, true) => SEALED_IN_COOKIE,
            }
            .to_owned(),
        ),
        ("{{expires}}", expires(session, about)),
        ("{{devices}}", devices),
        ("{{data}}", escape(&session.all().to_json())),
        ("{{flash}}", escape(&session.all_flash().to_json())),
    ];
    (status, fill(PAGE, &page))
}

/// Sets the name.
///
/// # Errors
///
/// Returns the session's errors, except that the page explains a full session.
pub fn name(session: &Session, form: &Form) -> Location {
    match session.put("name", field(form, "name")) {
        Ok(()) => done(session, "Your name was put into the session."),
        Err(error) => refused(session, "Nothing was changed", error),
    }
}

/// Flashes a message.
///
/// # Errors
///
/// Returns the session's errors, except that the page explains a full session.
pub fn flash(session: &Session, form: &Form) -> Location {
    let message = field(form, "message");
    if message.is_empty() {
        return Ok("/");
    }
    match session.flash("notice", message) {
        Ok(()) => Ok("/"),
        Err(error) => refused(session, "Nothing was flashed", error),
    }
}

/// Logs in from the device with this User-Agent header. The session gets a new id and keeps its
/// data. With `remember`, it also gets a longer life.
///
/// # Errors
///
/// Returns the session's errors, except that the page explains a full session.
pub fn login(session: &Session, form: &Form, user_agent: Option<&str>) -> Location {
    let user = match field(form, "name") {
        "" => "ada".to_owned(),
        name => name.to_lowercase(),
    };
    let remember = !field(form, "remember").is_empty();
    session.regenerate()?;
    let log_in = || {
        session.put(USER, &user)?;
        session.put(DEVICE, devices::name(user_agent))?;
        if remember {
            session.remember_for(REMEMBERED)?;
        }
        Ok(())
    };
    match log_in() {
        Ok(()) => done(
            session,
            "Welcome. The session has a new id and the same data.",
        ),
        Err(error) => {
            // Not logged in by halves.
            session.forget(USER)?;
            refused(session, "You are not logged in", error)
        }
    }
}

/// Ends one of the user's sessions, or all others.
///
/// # Errors
///
/// Returns the errors of [`devices::end`], except that the page explains a session that is not there
/// any more.
pub async fn end_device(session: &Session, sessions: &SessionManager, form: &Form) -> Location {
    match devices::end(session, sessions, field(form, "key")).await {
        Ok(()) if form.get("key").is_some_and(|key| key == OTHERS) => {
            done(session, "Your other devices are logged out.")
        }
        Ok(()) => done(session, "That device is logged out."),
        Err(Failure::Session(error)) => Err(error),
        Err(failure) => {
            let text = format!("Nothing was ended: {failure}.");
            session.flash("error", text)?;
            Ok("/")
        }
    }
}

/// Logs out. The session ends, and the notice belongs to a new one.
///
/// # Errors
///
/// Returns the session's errors.
pub fn logout(session: &Session) -> Location {
    session.destroy()?;
    done(
        session,
        "You are logged out. That session is gone; this is a new one.",
    )
}

fn show_devices(devices: Result<Vec<Device>, Failure>) -> String {
    let devices = match devices {
        Ok(devices) => devices,
        Err(Failure::Session(error)) if error.kind() == ErrorKind::Unsupported => {
            return DEVICES.replace("{{list}}", NO_INDEX);
        }
        Err(failure) => {
            let why = escape(&failure.to_string());
            return DEVICES.replace("{{list}}", &format!(r#"<p class="hint">{why}</p>"#));
        }
    };
    let mut list = String::from(r#"<ul class="devices">"#);
    for device in &devices {
        let (name, key) = (escape(&device.name), escape(&device.key));
        list.push_str(&if device.is_current {
            THIS_DEVICE.replace("{{name}}", &name)
        } else {
            DEVICE_FORM
                .replace("{{key}}", &key)
                .replace("{{name}}", &name)
        });
    }
    list.push_str("</ul>");
    list.push_str(match devices.len() {
        1 => ONLY_DEVICE,
        _ => OTHER_DEVICES,
    });
    DEVICES.replace("{{list}}", &list)
}

fn expires(session: &Session, about: &About) -> String {
    match session.remembered_for() {
        Some(lifetime) => format!(
            "{} days after the last visit, even if the browser is closed in between",
            lifetime.as_secs() / DAY.as_secs()
        ),
        None => format!(
            "{} minutes after the last visit",
            about.lifetime.as_secs() / 60
        ),
    }
}

fn capitalized(user: &str) -> String {
    let mut chars = user.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}

/// Redirects to the page, which shows the notice once. A session that is too full for the notice
/// shows the change anyway.
fn done(session: &Session, text: &str) -> Location {
    match session.flash("notice", text) {
        Err(error) if !is_full(&error) => Err(error),
        _ => Ok("/"),
    }
}

/// Redirects to the page, which shows the error once.
fn refused(session: &Session, what: &str, error: Error) -> Location {
    if !is_full(&error) {
        return Err(error);
    }
    match session.flash("error", format!("{what}: {error}.")) {
        Ok(()) => Ok("/"),
        Err(error) if is_full(&error) => Ok("/?full"),
        Err(error) => Err(error),
    }
}

fn is_full(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::TooLarge { .. })
}

fn text(session: &Session, key: &str) -> Option<String> {
    session.get(key).ok().flatten()
}

fn notice(kind: &str, text: &str) -> String {
    format!(r#"<p class="{kind}" role="status">{}</p>"#, escape(text))
}

fn field<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map_or("", |value| value.trim())
}

/// Fills a template's placeholders in one pass, so that values cannot contain placeholders.
fn fill(template: &str, placeholders: &[(&str, String)]) -> String {
    let mut page = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        page.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = placeholders
            .iter()
            .find(|(placeholder, _)| rest.starts_with(placeholder));
        let (skipped, value) =
            found.map_or((2, "{{"), |(placeholder, value)| (placeholder.len(), value));
        page.push_str(value);
        rest = &rest[skipped..];
    }
    page + rest
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

const UNAVAILABLE: &str = "The session store is down, so this page cannot see your session. Your cookie is kept. Try again later.";
const STARTED: &str = "You had no session, so this page started one and sent its cookie. Reload the page to be recognized.";
const RECOGNIZED: &str = "Your browser sent the cookie back. The session was loaded, and its counter was increased and saved.";
const CONTINUED: &str =
    "The session was loaded, and its counter was increased and saved when the page was ready.";
const PAGE: &str = include_str!("page.html");
const LOGIN: &str = r#"<form method="post" action="/login">
  <label for="user">Log in as</label>
  <div class="row"><input id="user" name="name" value="{{name}}" placeholder="Ada" maxlength="100" autocomplete="username"><button>Log in</button></div>
  <label class="check"><input type="checkbox" name="remember" value="on"> Remember me for 30 days</label>
  <p class="hint"><code>session.regenerate()</code>, then <code>put("user", …)</code>. The id changes, the data stays.</p>
</form>"#;
const DEVICES: &str = r#"<section class="wide">
      <h2>Your devices</h2>
      {{list}}
    </section>"#;
const THIS_DEVICE: &str = r#"<li><span>{{name}}</span> <b>this device</b></li>"#;
const DEVICE_FORM: &str = r#"<li><span>{{name}}</span> <form method="post" action="/devices"><input type="hidden" name="key" value="{{key}}"><button class="quiet">Log out</button></form></li>"#;
const ONLY_DEVICE: &str = r#"<p class="hint"><code>sessions.sessions_of("…")</code> lists them. Log in with another browser to see two.</p>"#;
const OTHER_DEVICES: &str = r#"<form method="post" action="/devices"><input type="hidden" name="key" value="others"><button>Log out all other devices</button></form>
      <p class="hint"><code>sessions.sessions_of("…")</code> lists them, <code>sessions.revoke_all_of("…", …)</code> ends them.</p>"#;
const NO_INDEX: &str = r#"<p>Your session is in this browser’s cookie, so nobody can list it or end it from elsewhere. Start the playground with <code>SESSION_DRIVER=memory</code> to see a list.</p>"#;
/// For how long "remember me" remembers.
const REMEMBERED: Duration = Duration::from_secs(30 * DAY.as_secs());
const LOGOUT: &str = r#"<form method="post" action="/logout">
  <p>You are logged in.</p>
  <div class="row"><button>Log out</button></div>
  <p class="hint"><code>session.destroy()</code> deletes the data and the id.</p>
</form>"#;
const IN_COOKIE: &str = "in your browser’s cookie, signed. Logging out cannot revoke a copy";
const SERVER_SIDE: &str =
    "on the server. Your cookie holds only its signed id, and logging out revokes it";
const SEALED_IN_COOKIE: &str =
    "in your browser’s cookie, encrypted. Logging out cannot revoke a copy";
const SEALED_ON_SERVER: &str =
    "on the server, encrypted. Your cookie holds only its signed id, and logging out revokes it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_add_placeholders_or_markup() {
        let placeholders = [("{{a}}", "{{b}}".to_owned()), ("{{b}}", "<b>".to_owned())];
        assert_eq!(fill("{{a}} {{b}} {{c}}", &placeholders), "{{b}} <b> {{c}}");
        assert_eq!(
            escape("<a href='\"&'>"),
            "&lt;a href=&#39;&quot;&amp;&#39;&gt;"
        );
    }
}
