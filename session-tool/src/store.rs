//! `show`, `revoke` and `watch`: sessions stored on a server.

use std::sync::Arc;

use serde::Serialize;
use session_core::{Clock, Driver, Record, SessionId, SystemClock, Values};
use tokio::time::MissedTickBehavior;

use crate::args::{Revoke, Show, Watch};
use crate::driver::{self, Store};
use crate::failure::Failure;
use crate::finding::expiry_text;
use crate::input;
use crate::output::{self, Answer, Reader, Table};
use crate::time;
use crate::variables::Variables;

#[derive(Default, Serialize)]
struct Json<'a> {
    found: bool,
    id: Option<String>,
    data: Option<&'a Values>,
    flash: Option<&'a Values>,
    expires_at: Option<String>,
    created_at: Option<String>,
    size: Option<usize>,
}

pub(crate) async fn show(arguments: &Show, variables: &Variables) -> Result<Answer, Failure> {
    let id = id(&arguments.id, variables)?;
    check_configured(variables)?;
    let driver: Arc<dyn Driver> = match variables.get("SESSION_ENCRYPT") {
        // The secret is needed only where something is encrypted.
        Some(value) if value != "false" => driver::server_side(&variables.config()?).await?,
        _ => connect(variables).await?.driver(),
    };
    let Some(loaded) = driver.load(id.as_str()).await? else {
        if arguments.json {
            output::print_json(&Json::default())?;
        } else {
            output::complain(not_found(&id));
        }
        return Ok(Answer::No);
    };
    let record = loaded.record;
    if record.sealed_content().is_some() {
        return Err(Failure::new(
            "the session is encrypted; set SESSION_ENCRYPT=true and the secret of the service",
        ));
    }
    let (id, size) = (
        output::id(record.id(), arguments.full_id),
        record.to_json_without_expiry().len(),
    );
    if arguments.json {
        output::print_json(&Json {
            found: true,
            id: Some(id),
            data: Some(record.data()),
            flash: Some(record.flash_next()),
            expires_at: record.expires_at().map(time::iso),
            created_at: record.created_at().map(time::iso),
            size: Some(size),
        })?;
    } else {
        output::print(&text(&record, &id, size))?;
    }
    Ok(Answer::Yes)
}

pub(crate) async fn revoke(arguments: &Revoke, variables: &Variables) -> Result<Answer, Failure> {
    let id = id(&arguments.id, variables)?;
    let driver = connect(variables).await?.driver();
    // Leave keys alone that do not hold a session.
    if driver.load(id.as_str()).await?.is_none() {
        output::complain(not_found(&id));
        return Ok(Answer::No);
    }
    driver.destroy(&id).await?;
    let shown = output::printable(&output::id(&id, false));
    output::print(&format!("revoked {shown}\n"))?;
    Ok(Answer::Yes)
}

pub(crate) async fn watch(arguments: &Watch, variables: &Variables) -> Result<Answer, Failure> {
    let driver = connect(variables).await?;
    let mut ticks = tokio::time::interval(arguments.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last, mut counted) = (None, 0);
    loop {
        ticks.tick().await;
        counted += 1;
        let is_last = arguments.count == Some(counted);
        match driver.count().await {
            Ok(count) => {
                let now = SystemClock.now();
                if output::print(&line(&time::iso(now), count, last))? == Reader::Gone || is_last {
                    return Ok(Answer::Yes);
                }
                last = Some(count);
            }
            Err(error) if is_last => return Err(count_failure(error, &driver)),
            // The server may come back.
            Err(error) => output::complain(count_failure(error, &driver)),
        }
    }
}

/// Connects to the store that the environment names.
async fn connect(variables: &Variables) -> Result<Store, Failure> {
    check_configured(variables)?;
    Ok(driver::connect(&variables.store()?).await?)
}

/// If the environment mentions no server, it is not the service's.
fn check_configured(variables: &Variables) -> Result<(), Failure> {
    if variables.get("REDIS_URL").is_none()
        && variables
            .get("SESSION_DRIVER")
            .is_none_or(|name| name == "cookie" || name == "memory")
    {
        return Err(Failure::new(
            "no server is configured; set SESSION_DRIVER to postgres, mysql or sqlite, and DATABASE_URL; or REDIS_URL, or \
             SESSION_DRIVER=redis to use the one on this machine",
        ));
    }
    Ok(())
}

fn id(argument: &str, variables: &Variables) -> Result<SessionId, Failure> {
    let bytes = input::read(Some(argument.as_ref()), "id", variables)?;
    let text = std::str::from_utf8(bytes.trim_ascii()).ok();
    text.and_then(SessionId::from_stored).ok_or_else(|| {
        Failure::new(
            "the id is empty or not valid UTF-8; `session-tool inspect --full-id` prints the id of a cookie",
        )
    })
}

fn not_found(id: &SessionId) -> String {
    let hint = if id.as_str().contains('.') {
        "; this looks like a cookie: `session-tool inspect --full-id` prints its id"
    } else if id.as_str().chars().count() <= SHORTENED {
        "; this looks like a shortened id: `session-tool inspect --full-id` prints the whole id"
    } else {
        "; it expired, was logged out, or has a different SESSION_PREFIX or SESSION_TABLE"
    };
    format!("no session with this id in the store{hint}")
}

fn count_failure(error: session_core::Error, store: &Store) -> Failure {
    let source = std::error::Error::source(&error);
    let remedy = match store {
        Store::Redis(_) => "check that Redis is running and that its user may run SCAN",
        Store::Database(_) => {
            "check that the database is running and that its user may read the table"
        }
    };
    Failure::caused(format!("cannot count the sessions; {remedy}"), source)
}

fn text(record: &Record, id: &str, size: usize) -> String {
    let now = SystemClock.now();
    let mut table = Table::default();
    table.row("id", output::printable(id));
    table.row(
        "expires",
        match record.expires_at() {
            Some(time) => expiry_text(Some(time), now),
            None => "never (the key has no TTL; services reject the session)".to_owned(),
        },
    );
    if let Some(created_at) = record.created_at() {
        table.row("created", time::moment(created_at, now));
    }
    table.row("size", format!("{size} bytes of JSON"));
    table.values("data", record.data());
    table.values("flash", record.flash_next());
    table.text()
}

fn line(now: &str, count: u64, last: Option<u64>) -> String {
    let noun = if count == 1 { "session" } else { "sessions" };
    let change = last
        .map(|last| i128::from(count) - i128::from(last))
        .filter(|change| *change != 0);
    match change {
        Some(change) => format!("{now}  {count:>9} {noun:<8}  {change:+}\n"),
        None => format!("{now}  {count:>9} {noun}\n"),
    }
}

/// The length of a shortened id, with its ellipsis.
const SHORTENED: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watch_shows_the_change() {
        assert_eq!(line("T", 1, None), "T          1 session\n");
        assert_eq!(line("T", 12, Some(12)), "T         12 sessions\n");
        assert_eq!(line("T", 1, Some(0)), "T          1 session   +1\n");
        assert_eq!(line("T", 1_000, Some(1_002)), "T       1000 sessions  -2\n");
    }

    #[test]
    fn a_missing_session_is_explained() {
        let explained = |id: &str| not_found(&SessionId::from_stored(id).unwrap());
        assert!(explained("11111111…").contains("looks like a shortened id"));
        assert!(explained("id.signature").contains("looks like a cookie"));
        assert!(explained("11111111-1111-4111-8111-111111111111").contains("was logged out"));
    }
}
