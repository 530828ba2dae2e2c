//! `list` and `revoke --owner`: the sessions of one user.

use std::sync::Arc;

use serde::Serialize;
use session_core::{
    Clock, Driver, Record, SessionConfig, SessionId, SessionManager, SystemClock, Timestamp,
};

use crate::args::List;
use crate::driver::{self, Store};
use crate::failure::Failure;
use crate::finding::expiry_text;
use crate::output::{self, Answer, count};
use crate::store::{SEALED, ambiguous, is_out_of_reach, start_of};
use crate::time;
use crate::variables::Variables;

#[derive(Serialize)]
struct Json {
    sessions: Vec<JsonSession>,
}

#[derive(Serialize)]
struct JsonSession {
    id: String,
    created_at: Option<String>,
    saved_at: Option<String>,
    expires_at: Option<String>,
    remembered: bool,
}

pub(crate) async fn list(arguments: &List, variables: &Variables) -> Result<Answer, Failure> {
    let config = settings(variables)?;
    let users = Users::of(&driver::connect(&config).await?, &config)?;
    let sessions = users.sessions_of(&arguments.owner).await?;
    if arguments.json {
        let sessions = sessions.iter().map(|record| JsonSession {
            id: output::id(record.id(), arguments.full_id),
            created_at: record.created_at().map(time::iso),
            saved_at: record.saved_at().map(time::iso),
            expires_at: record.expires_at().map(time::iso),
            remembered: record.remembered_for().is_some(),
        });
        output::print_json(&Json {
            sessions: sessions.collect(),
        })?;
    } else if sessions.is_empty() {
        output::complain(NONE);
    } else {
        output::print(&text(&sessions, arguments.full_id, SystemClock.now()))?;
    }
    Ok(if sessions.is_empty() {
        Answer::No
    } else {
        Answer::Yes
    })
}

/// Ends all sessions of a user, but not the one whose id is `except`, or begins like that.
pub(crate) async fn revoke(
    owner: &str,
    except: Option<&str>,
    variables: &Variables,
) -> Result<Answer, Failure> {
    let config = settings(variables)?;
    let users = Users::of(&driver::connect_to_end(&config).await?, &config)?;
    let sessions = users.sessions_of(owner).await?;
    let except = except.map(|id| pick(&sessions, id)).transpose()?;
    let ended = users.manager.revoke_all_of(owner, except).await?;
    if ended == 0 {
        output::complain(match except {
            Some(_) => "the user has no other session",
            None => NONE,
        });
        return Ok(Answer::No);
    }
    output::print(&format!("revoked {}\n", count(ended, "session")))?;
    Ok(Answer::Yes)
}

/// The users of a service.
struct Users {
    driver: Arc<dyn Driver>,
    manager: SessionManager,
}

impl Users {
    fn of(store: &Store, config: &SessionConfig) -> Result<Self, Failure> {
        let driver = store.sealed(config)?;
        let manager = config.builder(Arc::clone(&driver))?.build()?;
        Ok(Self { driver, manager })
    }

    async fn sessions_of(&self, owner: &str) -> Result<Vec<Record>, Failure> {
        if !self.manager.is_sealed() {
            self.check_readable(owner).await?;
        }
        Ok(self.manager.sessions_of(owner).await?)
    }

    /// Without the secret, encrypted sessions would be missing silently: the library cannot tell whose they are.
    async fn check_readable(&self, owner: &str) -> Result<(), Failure> {
        for id in self.driver.owned_by(owner).await?.unwrap_or_default() {
            let loaded = self.driver.load(id.as_str()).await?;
            if loaded.is_some_and(|loaded| loaded.record.sealed_content().is_some()) {
                return Err(Failure::new(SEALED));
            }
        }
        Ok(())
    }
}

fn settings(variables: &Variables) -> Result<SessionConfig, Failure> {
    let config = variables.store()?;
    if is_out_of_reach(&config) {
        return Err(Failure::new(format!(
            "SESSION_DRIVER is {}, which has no index of owners; the service needs redis, postgres, mysql or sqlite to know the \
             sessions of a user",
            config.driver()
        )));
    }
    if config.owner_key().is_none() {
        return Err(Failure::new(
            "SESSION_OWNER_KEY is not set; set it, or owner_key in the file given with --config, to the data key under which \
             the service stores the user",
        ));
    }
    Ok(config)
}

/// Finds the session whose id is `text`, or begins like it.
fn pick<'a>(sessions: &'a [Record], text: &str) -> Result<&'a SessionId, Failure> {
    let ids = || sessions.iter().map(Record::id);
    if let Some(id) = ids().find(|id| id.as_str() == text) {
        return Ok(id);
    }
    let start = start_of(text);
    let found: Vec<_> = ids()
        .filter(|id| start.is_some_and(|start| id.as_str().starts_with(start)))
        .collect();
    match found[..] {
        [id] => Ok(id),
        [] => Err(Failure::new(
            "the user has no session with the id given with --except, so none was revoked; `session-tool list --owner` shows \
             the ids",
        )),
        _ => Err(ambiguous(found.len())),
    }
}

fn text(sessions: &[Record], full_id: bool, now: Timestamp) -> String {
    let header = ["id", "created", "last save", "expires", "remembered"].map(str::to_owned);
    let distance = |moment: Option<Timestamp>| {
        moment.map_or_else(
            || "unknown".to_owned(),
            |moment| time::distance(moment, now),
        )
    };
    let row = |record: &Record| {
        [
            output::printable(&output::id(record.id(), full_id)),
            distance(record.created_at()),
            distance(record.saved_at()),
            expiry_text(record.expires_at(), now),
            match record.remembered_for() {
                Some(lifetime) => format!("for {}", time::span(lifetime)),
                None => "no".to_owned(),
            },
        ]
    };
    let rows = std::iter::once(header).chain(sessions.iter().map(row));
    let total = count(sessions.len(), "session");
    format!("{}{total}\n", output::columns(&rows.collect::<Vec<_>>()))
}

const NONE: &str = "no session of this user in the store; check the owner, SESSION_OWNER_KEY, and SESSION_PREFIX or SESSION_TABLE";

#[cfg(test)]
mod tests {
    use super::*;

    fn records(ids: &[&str]) -> Vec<Record> {
        let record = |id: &&str| Record::new(SessionId::from_stored(id).unwrap());
        ids.iter().map(record).collect()
    }

    #[test]
    fn a_session_is_picked_by_its_id_or_the_beginning_of_it() {
        let sessions = records(&["11111111", "11111111-a", "22222222-b", "3"]);
        let picked = |text: &str| pick(&sessions, text).map(|id| id.as_str().to_owned());
        assert_eq!(picked("11111111").unwrap(), "11111111");
        assert_eq!(picked("11111111-").unwrap(), "11111111-a");
        assert_eq!(picked("22222222…").unwrap(), "22222222-b");
        assert_eq!(picked("3").unwrap(), "3");
        for none in ["2222222", "", "44444444"] {
            let error = picked(none).unwrap_err().to_string();
            assert!(error.contains("so none was revoked"), "{none}");
        }
        let error = picked("11111111…").unwrap_err().to_string();
        assert!(
            error.starts_with("the ids of 2 sessions begin like this"),
            "{error}"
        );
    }

    #[test]
    fn sessions_are_listed_in_columns() {
        let at = Timestamp::from_millis;
        let json =
            r#"{"id":"11111111-a","iat":1700000000000,"sat":1700000060000,"remember":86400000}"#;
        let remembered = Record::from_json(json)
            .unwrap()
            .expiring_at(at(1_700_086_460_000));
        let plain = records(&["22222222-b"]).remove(0);
        assert_eq!(
            text(&[remembered, plain], false, at(1_700_000_120_000)),
            "id         created    last save  expires                               remembered\n\
             11111111…  2 min ago  1 min ago  2023-11-15T22:14:20Z, in 23 h 59 min  for 1 d\n\
             22222222…  unknown    unknown    never                                 no\n\
             2 sessions\n"
        );
    }
}
