//! Several connections of one session, whose requests overlap.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::Value;

use crate::client::{Client, Written};
use crate::target::Target;
use crate::trouble::{Trouble, equal};

/// Begins a session, writes to it, and logs out while others still write; until the time is over.
pub(crate) async fn come_and_go(target: Arc<Target>, size: usize) {
    let mut group = Group::new(&target, size);
    while !target.is_over() {
        let begun = Instant::now();
        let result = round(&mut group).await;
        target.judge(begun, result);
    }
}

/// Keeps one session until the time is over, through any outage: no excuse for a write that was acknowledged.
pub(crate) async fn stay(target: Arc<Target>, size: usize) {
    let mut group = Group::new(&target, size);
    let result = async {
        group.begin().await?;
        while !target.is_over() {
            group.write().await?;
            group.check().await?;
        }
        // The end is not an outage's.
        equal("checked at the end", group.check().await?, true)?;
        group.members[0].client.log_out().await
    };
    if let Err(trouble) = result.await {
        target.figures.blame(&target.name, &trouble);
    }
}

async fn round(group: &mut Group) -> Result<(), Trouble> {
    group.begin().await?;
    for _ in 0..3 {
        group.write().await?;
        group.check().await?;
    }
    group.log_out().await
}

/// Connections that share a session, as the tabs of a browser do.
#[derive(Debug)]
struct Group {
    members: Vec<Member>,
}

/// One of them. Nobody else writes its key.
#[derive(Debug)]
struct Member {
    client: Client,
    key: String,
    /// What was written last.
    latest: u64,
    /// What the key may hold: the last write that was acknowledged, and those after it that may have happened.
    possible: Vec<u64>,
    /// Visits of the page that were counted, and that may have been.
    visits: u64,
    perhaps: u64,
}

impl Group {
    fn new(target: &Arc<Target>, size: usize) -> Self {
        let members = (0..size).map(|n| Member {
            client: Client::new(target),
            key: format!("key{n}"),
            latest: 0,
            possible: Vec::new(),
            visits: 0,
            perhaps: 0,
        });
        Self {
            members: members.collect(),
        }
    }

    /// A new session with the key of each.
    async fn begin(&mut self) -> Result<(), Trouble> {
        let mut cookie = None;
        for member in &mut self.members {
            member.client.cookie = cookie;
            (member.visits, member.perhaps) = (0, 0);
            member.latest += 1;
            member.possible = vec![member.latest];
            let path = format!("/api/session/{}", member.key);
            let value = member.latest.to_string();
            member.client.surely("PUT", &path, &value).await?;
            cookie = member.client.cookie.clone();
        }
        Ok(())
    }

    /// All write at once.
    async fn write(&mut self) -> Result<(), Trouble> {
        let writing = self.members.iter_mut().map(Member::write);
        join_all(writing).await.into_iter().collect()
    }

    /// Whatever was acknowledged is there, and nothing else. Returns whether the store could be asked.
    async fn check(&mut self) -> Result<bool, Trouble> {
        let Some(session) = self.members[0].client.session().await? else {
            return Ok(false);
        };
        let data = &session["data"];
        for member in &mut self.members {
            member.check(&data[&member.key])?;
        }
        let least: u64 = self.members.iter().map(|member| member.visits).sum();
        let perhaps: u64 = self.members.iter().map(|member| member.perhaps).sum();
        let visits = data["visits"].as_u64().unwrap_or(0);
        if visits < least {
            return Err(Trouble::Lost(format!("visits: {visits} of {least}")));
        }
        let text = format_args!("{visits} visits of {least} and {perhaps}: too many");
        equal(text, visits > least + perhaps, false)?;
        Ok(true)
    }

    /// The first logs out while the others still write, which does not bring the session back.
    async fn log_out(&mut self) -> Result<(), Trouble> {
        let Some((first, others)) = self.members.split_first_mut() else {
            return Ok(());
        };
        let old = first.client.cookie.clone().unwrap_or_default();
        let late = others.iter_mut().map(|member| async {
            let path = "/api/slow/late?ms=3";
            let answer = member.client.ask("PUT", path, "1").await?;
            equal(format_args!("PUT {path}"), answer.status, 204)
        });
        let (logout, late) = tokio::join!(first.client.log_out(), join_all(late));
        logout?;
        late.into_iter().collect::<Result<(), _>>()?;
        for key in ["late", "visits", &first.key] {
            first.client.holds_with(&old, key, None).await?;
        }
        for member in others {
            // One whose request began after the logout has a session of its own.
            if member.client.cookie.as_ref() != Some(&old) {
                member.client.holds(&member.key, None).await?;
                member.client.log_out().await?;
            }
        }
        Ok(())
    }
}

impl Member {
    /// Counts up a few times, reads what it wrote, and visits the page.
    async fn write(&mut self) -> Result<(), Trouble> {
        let path = format!("/api/session/{}", self.key);
        for _ in 0..5 {
            self.latest += 1;
            let value = self.latest.to_string();
            match self.client.write("PUT", &path, &value).await? {
                Written::Done => self.possible = vec![self.latest],
                Written::Refused => (),
                Written::Perhaps => self.possible.push(self.latest),
            }
            let answer = self.client.ask("GET", &path, "").await?;
            match (answer.status, serde_json::from_str(&answer.body)) {
                (200, Ok(value)) => self.check(&value)?,
                // The session reads as empty.
                (404, _) if answer.excused => self.client.note(),
                (404, _) => return Err(Trouble::Lost(format!("GET {path}: nothing"))),
                _ => return Err(Trouble::Wrong(format!("GET {path}: {answer:?}"))),
            }
        }
        let page = self.client.ask("GET", "/", "").await?;
        match (page.status, page.cookies()) {
            (200, 1) => self.visits += 1,
            (200, 0) if page.excused => {
                self.client.note();
                self.perhaps += 1;
            }
            (503, 0) if page.excused => self.client.note(),
            (status, cookies) => {
                let text = format!("GET /: {status} with {cookies} cookies");
                return Err(Trouble::Wrong(text));
            }
        }
        Ok(())
    }

    /// Checks what the key holds, and remembers it.
    fn check(&mut self, value: &Value) -> Result<(), Trouble> {
        match value.as_u64() {
            Some(value) if self.possible.contains(&value) => {
                // One that may have happened has happened, or not. A later one may still be on its way, not an earlier.
                self.possible.retain(|possible| *possible >= value);
                Ok(())
            }
            _ => {
                let Self { key, possible, .. } = self;
                Err(Trouble::Lost(format!("{key}: {value} of {possible:?}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn member(possible: &[u64]) -> Member {
        Member {
            client: Client::new(&Target::nowhere()),
            key: "key".to_owned(),
            latest: 9,
            possible: possible.to_vec(),
            visits: 0,
            perhaps: 0,
        }
    }

    #[test]
    fn what_was_acknowledged_is_there_or_lost() {
        assert!(member(&[5]).check(&json!(5)).is_ok());
        for value in [json!(4), json!(6), json!("5"), json!(null)] {
            let found = member(&[5]).check(&value);
            assert!(matches!(found, Err(Trouble::Lost(_))), "{value}");
        }
    }

    #[test]
    fn what_may_have_happened_does_not_happen_back() {
        let mut member = member(&[5, 6, 8]);
        assert!(member.check(&json!(5)).is_ok());
        assert!(member.check(&json!(7)).is_err(), "it was refused");
        assert!(member.check(&json!(6)).is_ok());
        assert!(member.check(&json!(5)).is_err());
        assert!(member.check(&json!(8)).is_ok());
    }
}
