//! `show`, `revoke` and `watch`: sessions stored on a server.

use serde::Serialize;
use session_core::{
    Clock, Driver, DriverName, Record, SessionConfig, SessionId, SystemClock, Values,
};
use tokio::time::MissedTickBehavior;

use crate::args::{Show, Watch};
use crate::driver::{self, Store};
use crate::failure::Failure;
use crate::finding::expiry_text;
use crate::input;
use crate::input::is_uuid;
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
    let config = variables.store()?;
    check_configured(&config)?;
    let store = driver::connect(&config).await?;
    let Some(record) = find(&store, &*store.sealed(&config)?, &id).await? else {
        if arguments.json {
            output::print_json(&Json::default())?;
        } else {
            output::complain(not_found(&id));
        }
        return Ok(Answer::No);
    };
    if record.sealed_content().is_some() {
        return Err(Failure::new(SEALED));
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

pub(crate) async fn revoke(
    argument: Option<&str>,
    variables: &Variables,
) -> Result<Answer, Failure> {
    let id = id(argument.unwrap_or_default(), variables)?;
    let config = variables.store_without_secret()?;
    check_configured(&config)?;
    let store = driver::connect_to_end(&config).await?;
    let driver = store.driver();
    // Leave keys alone that do not hold a session.
    let Some(record) = find(&store, &*driver, &id).await? else {
        output::complain(not_found(&id));
        return Ok(Answer::No);
    };
    driver.destroy(record.id()).await?;
    let shown = output::printable(&output::id(record.id(), false));
    output::print(&format!("revoked {shown}\n"))?;
    Ok(Answer::Yes)
}

pub(crate) async fn watch(arguments: &Watch, variables: &Variables) -> Result<Answer, Failure> {
    let config = variables.store_without_secret()?;
    check_configured(&config)?;
    let store = driver::connect(&config).await?;
    let mut ticks = tokio::time::interval(arguments.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last, mut counted) = (None, 0);
    loop {
        ticks.tick().await;
        counted += 1;
        let is_last = arguments.count == Some(counted);
        match store.count().await {
            Ok(count) => {
                let now = SystemClock.now();
                if output::print(&line(&time::iso(now), count, last))? == Reader::Gone || is_last {
                    return Ok(Answer::Yes);
                }
                last = Some(count);
            }
            Err(error) if is_last => {
                return Err(scan_failure("count the sessions", &error, &store));
            }
            // The server may come back.
            Err(error) => output::complain(scan_failure("count the sessions", &error, &store)),
        }
    }
}

/// If the settings mention no server, they are not the service's.
fn check_configured(config: &SessionConfig) -> Result<(), Failure> {
    if is_out_of_reach(config) {
        return Err(Failure::new(
            "no server is configured; set SESSION_DRIVER to postgres, mysql or sqlite, and DATABASE_URL; or REDIS_URL, or \
             SESSION_DRIVER=redis to use the one on this machine",
        ));
    }
    Ok(())
}

/// Returns `true` if the sessions are in cookies or inside the service.
pub(crate) fn is_out_of_reach(config: &SessionConfig) -> bool {
    config.redis_url().is_none()
        && matches!(config.driver(), DriverName::Cookie | DriverName::Memory)
}

/// Returns the record with this id, or the only one whose id starts like this.
async fn find(
    store: &Store,
    driver: &dyn Driver,
    id: &SessionId,
) -> Result<Option<Record>, Failure> {
    let loaded = driver.load(id.as_str()).await?;
    if let Some(loaded) = loaded {
        return Ok(Some(loaded.record));
    }
    let Some(start) = start_of(id.as_str()) else {
        return Ok(None);
    };
    let found = store.ids_starting_with(start).await;
    let found = found.map_err(|error| scan_failure("look up a part of an id", &error, store))?;
    match &found[..] {
        [] => Ok(None),
        [id] => Ok(driver.load(id.as_str()).await?.map(|loaded| loaded.record)),
        several => Err(ambiguous(several.len())),
    }
}

/// Returns the beginning of an id that a log line or this program shows, without the ellipsis. Returns `None` for less, and
/// for a whole id.
pub(crate) fn start_of(id: &str) -> Option<&str> {
    let start = id.strip_suffix('…').unwrap_or(id);
    (start.chars().count() >= SHORTENED && !is_uuid(start)).then_some(start)
}

pub(crate) fn ambiguous(count: usize) -> Failure {
    Failure::new(format!(
        "the ids of {count} sessions begin like this; pass more characters, or a whole id, which `--full-id` prints"
    ))
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
    } else if !is_uuid(id.as_str()) && start_of(id.as_str()).is_none() {
        "; pass at least the eight characters that a log line shows"
    } else {
        "; it expired, was logged out, or has a different SESSION_PREFIX or SESSION_TABLE"
    };
    format!("no session with this id in the store{hint}")
}

fn scan_failure(what: &str, error: &session_core::Error, store: &Store) -> Failure {
    let source = std::error::Error::source(error);
    let remedy = match store {
        Store::Redis(_) => "check that Redis is running and that its user may run SCAN",
        Store::Database(_) => {
            "check that the database is running and that its user may read the table"
        }
    };
    Failure::caused(format!("cannot {what}; {remedy}"), source)
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

/// The length of a shortened id.
const SHORTENED: usize = 8;
pub(crate) const SEALED: &str =
    "the session is encrypted; set SESSION_ENCRYPT=true and the secret of the service";

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
    fn part_of_an_id_has_at_least_eight_characters() {
        assert_eq!(start_of("11111111"), Some("11111111"));
        assert_eq!(start_of("11111111…"), Some("11111111"));
        assert_eq!(start_of("éééééééé"), Some("éééééééé"));
        assert_eq!(start_of("1111111…"), None);
        assert_eq!(start_of("11111111-1111-4111-8111-111111111111"), None);
        let almost = "11111111-1111-4111-8111-11111111111";
        assert_eq!(start_of(almost), Some(almost));
    }

    #[test]
    fn a_missing_session_is_explained() {
        let explained = |id: &str| not_found(&SessionId::from_stored(id).unwrap());
        for id in ["1111111", "1111111…"] {
            assert!(explained(id).contains("at least the eight characters"));
        }
        assert!(explained("11111111…").contains("was logged out"));
        assert!(explained("id.signature").contains("looks like a cookie"));
        assert!(explained("11111111-1111-4111-8111-111111111111").contains("was logged out"));
    }
}
