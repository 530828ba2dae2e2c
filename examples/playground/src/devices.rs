//! A user's devices: the sessions of one owner.

use session_core::{Error, ErrorKind, Record, Session, SessionManager, Values};

use crate::api::Failure;

/// One session of the user.
#[derive(Debug)]
pub struct Device {
    /// Names the session to its user, and does not give its id away.
    pub key: String,
    /// Whether it is the session of this request.
    pub is_current: bool,
    /// What it was logged in from.
    pub name: String,
    record: Record,
}

/// Returns the user's devices.
///
/// # Errors
///
/// Returns [`Failure::Unauthorized`] for a guest, and [`Failure::Session`] if the sessions cannot be
/// listed.
pub async fn list(session: &Session, sessions: &SessionManager) -> Result<Vec<Device>, Failure> {
    let current = session.peek_id();
    let records = sessions.sessions_of(&user(session)?).await?;
    Ok(records
        .into_iter()
        .map(|record| Device {
            key: record.id().public_name(),
            is_current: current.as_ref() == Some(record.id()),
            name: record.data().get(DEVICE).ok().flatten().unwrap_or_default(),
            record,
        })
        .collect())
}

/// Returns the user's devices as JSON.
///
/// # Errors
///
/// The same as [`list`].
pub async fn json(session: &Session, sessions: &SessionManager) -> Result<String, Failure> {
    let mut all = Vec::new();
    for device in list(session, sessions).await? {
        let record = &device.record;
        let millis = |time: Option<session_core::Timestamp>| time.map(|time| time.as_millis());
        let mut fields = Values::new();
        fields.insert("key", &device.key)?;
        fields.insert("current", &device.is_current)?;
        fields.insert("created_at", &millis(record.created_at()))?;
        fields.insert("saved_at", &millis(record.saved_at()))?;
        fields.insert("expires_at", &millis(record.expires_at()))?;
        fields.insert("device", &device.name)?;
        all.push(fields.to_json());
    }
    Ok(format!("[{}]", all.join(",")))
}

/// Ends the session that `key` names, or with `others`, all of the user's but this one.
///
/// # Errors
///
/// Returns [`Failure::NoDevice`] if the user has no such session. Otherwise the same as [`list`].
pub async fn end(session: &Session, sessions: &SessionManager, key: &str) -> Result<(), Failure> {
    if key == OTHERS {
        let user = user(session)?;
        sessions
            .revoke_all_of(&user, session.peek_id().as_ref())
            .await?;
        return Ok(());
    }
    let devices = list(session, sessions).await?;
    let device = devices.iter().find(|device| device.key == key);
    let device = device.ok_or(Failure::NoDevice)?;
    if device.is_current {
        // A logout: the cookie goes too.
        session.destroy()?;
    } else {
        sessions.revoke(device.record.id()).await?;
    }
    Ok(())
}

/// Names the browser in a User-Agent header, as far as a person needs it.
#[must_use]
pub fn name(user_agent: Option<&str>) -> String {
    let user_agent = user_agent.unwrap_or_default();
    let find = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(token, _)| user_agent.contains(token));
        found.map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => match user_agent.split([' ', '/']).next() {
            None | Some("") => "unknown device".to_owned(),
            Some(product) => product.chars().take(40).collect(),
        },
    }
}

/// Returns the user, unless the session cannot say who that is.
fn user(session: &Session) -> Result<String, Failure> {
    if !session.is_available() {
        return Err(Error::new(ErrorKind::Unavailable).into());
    }
    session.get(USER)?.ok_or(Failure::Unauthorized)
}

/// The key of all devices but this one.
pub const OTHERS: &str = "others";
/// The data key of the user, who owns the session.
pub const USER: &str = "user";
/// The data key of the device's name.
pub const DEVICE: &str = "device";
/// The first that matches counts: most browsers also name another one.
const BROWSERS: [(&str, &str); 5] = [
    ("Firefox/", "Firefox"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 6] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Windows", "Windows"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names_for_people() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537 Edg/140.0",
                "Edge on Windows",
            ),
            ("curl/7.88.1", "curl"),
            ("", "unknown device"),
        ] {
            assert_eq!(name(Some(user_agent)), expected);
        }
        assert_eq!(name(None), "unknown device");
    }
}
