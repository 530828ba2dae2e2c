//! The page for people. It works without JavaScript.

use std::collections::HashMap;
use std::time::Duration;

use axum::Form;
use axum::extract::State;
use axum::response::{Html, Redirect};
use session_axum::{DriverName, Session, SessionRejection};

type Answer<T> = Result<T, SessionRejection>;

/// What the page says about the configuration.
#[derive(Clone, Copy)]
pub(crate) struct About {
    pub(crate) driver: DriverName,
    pub(crate) lifetime: Duration,
    pub(crate) revokes: bool,
}

pub(crate) async fn show(State(about): State<About>, session: Session) -> Answer<Html<String>> {
    let is_new = session.is_new();
    let visits = session.update("visits", 0_u64, |visits| visits.saturating_add(1))?;
    let notices: Vec<String> = ["notice", "error"]
        .into_iter()
        .filter_map(|kind| Some((kind, session.get_flash::<String>(kind).ok()??)))
        .map(|(kind, text)| format!(r#"<p class="{kind}" role="status">{}</p>"#, escape(&text)))
        .collect();
    let user: Option<String> = session.get("user")?;
    let name: String = session.get_or("name", String::new())?;
    let happened = match (is_new, visits) {
        (true, _) => {
            "You came without a session, so this page started one and sent its cookie. Reload to be recognised."
        }
        (false, 2) => {
            "Your browser sent the cookie back: the session was found, its counter read, raised and saved."
        }
        (false, _) => {
            "The session was loaded, its counter raised, and the change saved when the page was ready."
        }
    };
    let page = [
        ("{{happened}}", happened.to_owned()),
        ("{{notices}}", notices.concat()),
        ("{{visits}}", visits.to_string()),
        (
            "{{greeting}}",
            escape(
                user.as_deref()
                    .or(Some(&name).filter(|n| !n.is_empty()).map(|n| &**n))
                    .unwrap_or("stranger"),
            ),
        ),
        ("{{name}}", escape(&name)),
        (
            "{{state}}",
            if user.is_some() {
                "logged in".to_owned()
            } else {
                "not logged in".to_owned()
            },
        ),
        (
            "{{login}}",
            if user.is_some() {
                LOGOUT.to_owned()
            } else {
                LOGIN.replace("{{name}}", &escape(&name))
            },
        ),
        ("{{id}}", escape(session.id()?.prefix())),
        ("{{driver}}", about.driver.to_string()),
        (
            "{{place}}",
            (if about.revokes {
                SERVER_SIDE
            } else {
                IN_COOKIE
            })
            .to_owned(),
        ),
        ("{{minutes}}", (about.lifetime.as_secs() / 60).to_string()),
        ("{{data}}", escape(&session.all().to_json())),
        ("{{flash}}", escape(&session.all_flash().to_json())),
    ];
    Ok(Html(fill(PAGE, &page)))
}

pub(crate) async fn name(
    session: Session,
    Form(form): Form<HashMap<String, String>>,
) -> Answer<Redirect> {
    let name = field(&form, "name");
    match session.put("name", name) {
        Ok(()) if name.is_empty() => session.flash("notice", "Your name is empty now.")?,
        Ok(()) => session.flash(
            "notice",
            format!("Your name is {name}. It was put into the session."),
        )?,
        Err(error) => session.flash("error", format!("Nothing was changed: {error}."))?,
    }
    Ok(Redirect::to("/"))
}

pub(crate) async fn flash(
    session: Session,
    Form(form): Form<HashMap<String, String>>,
) -> Answer<Redirect> {
    if let Err(error) = session.flash("notice", field(&form, "message")) {
        session.flash("error", format!("Nothing was flashed: {error}."))?;
    }
    Ok(Redirect::to("/"))
}

pub(crate) async fn login(
    session: Session,
    Form(form): Form<HashMap<String, String>>,
) -> Answer<Redirect> {
    let user = match field(&form, "user") {
        "" => "Ada",
        user => user,
    };
    session.regenerate()?;
    match session.put("user", user) {
        Ok(()) => session.flash(
            "notice",
            format!("Welcome, {user}. The session has a new id and the same data."),
        )?,
        Err(error) => session.flash("error", format!("You are not logged in: {error}."))?,
    }
    Ok(Redirect::to("/"))
}

pub(crate) async fn logout(session: Session) -> Answer<Redirect> {
    session.destroy()?;
    session.flash(
        "notice",
        "You are logged out. That session is gone; this is a new one.",
    )?;
    Ok(Redirect::to("/"))
}

fn field<'a>(form: &'a HashMap<String, String>, name: &str) -> &'a str {
    form.get(name).map_or("", |value| value.trim())
}

/// Fills the places of a template in one pass, so that no value can bring a place of its own.
fn fill(template: &str, places: &[(&str, String)]) -> String {
    let mut page = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        page.push_str(&rest[..at]);
        rest = &rest[at..];
        let place = places.iter().find(|(place, _)| rest.starts_with(place));
        let (skipped, value) = place.map_or((2, "{{"), |(place, value)| (place.len(), value));
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

const PAGE: &str = include_str!("page.html");
const LOGIN: &str = r#"<form method="post" action="/login">
  <label for="user">Log in as</label>
  <div class="row"><input id="user" name="user" value="{{name}}" placeholder="Ada" maxlength="100" autocomplete="username"><button>Log in</button></div>
  <p class="hint"><code>session.regenerate()</code>, then <code>put("user", …)</code>: the id changes, the data stays.</p>
</form>"#;
const LOGOUT: &str = r#"<form method="post" action="/logout">
  <p>You are logged in.</p>
  <div class="row"><button>Log out</button></div>
  <p class="hint"><code>session.destroy()</code>: the data and the id are gone.</p>
</form>"#;
const IN_COOKIE: &str = "in your browser’s cookie, signed; logging out cannot revoke a copy";
const SERVER_SIDE: &str =
    "on the server; your cookie holds only its signed id, and logging out revokes it";
