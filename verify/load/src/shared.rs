//! Clients that share a session and send overlapping requests.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::Value;

use crate::client::{Client, Written};
use crate::problem::{Problem, expect_equal};
use crate::target::Target;

/// Starts a session, writes to it, and logs out while others still write, until the time is over.
pub(crate) async fn come_and_go(target: Arc<Target>, size: usize) {
    let mut group = Group::new(&target, size);
    while !target.is_over() {
        let start = Instant::now();
        let result = round(&mut group).await;
        target.finish_round(start, result);
    }
}

/// Keeps one session until the time is over, even through an outage, which excuses no lost write.
pub(crate) async fn stay(target: Arc<Target>, size: usize) {
    let mut group = Group::new(&target, size);
    let result = async {
        group.begin().await?;
        while !target.is_over() {
            group.write().await?;
            group.check().await?;
        }
        // The outage is over by now.
        expect_equal("final check", group.check().await?, true)?;
        group.members[0].client.log_out().await
    };
    if let Err(problem) = result.await {
        target.metrics.record(&target.name, &problem);
    }
}

async fn round(group: &mut Group) -> Result<(), Problem> {
    group.begin().await?;
    for _ in 0..3 {
        group.write().await?;
        group.check().await?;
    }
    group.log_out().await
}

/// Clients that share a session, like the tabs of a browser.
#[derive(Debug)]
struct Group {
    members: Vec<Member>,
}

/// A client with a key that only it writes.
#[derive(Debug)]
struct Member {
    client: Client,
    key: String,
    /// The last value that was sent.
    latest: u64,
    /// The values that the key may hold: the last acknowledged one, and later ones with an unknown outcome.
    possible: Vec<u64>,
    /// Page visits that were acknowledged.
    visits: u64,
    /// Page visits with an unknown outcome.
    uncertain_visits: u64,
}

impl Group {
    fn new(target: &Arc<Target>, size: usize) -> Self {
        let members = (0..size).map(|n| Member {
            client: Client::new(target),
            key: format!("key{n}"),
            latest: 0,
            possible: Vec::new(),
            visits: 0,
            uncertain_visits: 0,
        });
        Self {
            members: members.collect(),
        }
    }

    /// Starts a new session, and writes the key of each member.
    async fn begin(&mut self) -> Result<(), Problem> {
        let mut cookie = None;
        for member in &mut self.members {
            member.client.cookie = cookie;
            (member.visits, member.uncertain_visits) = (0, 0);
            member.latest += 1;
            member.possible = vec![member.latest];
            let path = format!("/api/session/{}", member.key);
            let value = member.latest.to_string();
            member.client.must_write("PUT", &path, &value).await?;
            cookie = member.client.cookie.clone();
        }
        Ok(())
    }

    /// Lets all members write at the same time.
    async fn write(&mut self) -> Result<(), Problem> {
        let writing = self.members.iter_mut().map(Member::write);
        join_all(writing).await.into_iter().collect()
    }

    /// Expects all acknowledged writes and no others. Returns `false` if the store could not be asked.
    async fn check(&mut self) -> Result<bool, Problem> {
        let Some(session) = self.members[0].client.session().await? else {
            return Ok(false);
        };
        let data = &session["data"];
        for member in &mut self.members {
            member.check(&data[&member.key])?;
        }
        let least: u64 = self.members.iter().map(|member| member.visits).sum();
        let uncertain: u64 = self
            .members
            .iter()
            .map(|member| member.uncertain_visits)
            .sum();
        let visits = data["visits"].as_u64().unwrap_or(0);
        if visits < least {
            return Err(Problem::Lost(format!("visits: {visits} of {least}")));
        }
        let text = format_args!("{visits} visits, more than {least} + {uncertain}");
        expect_equal(text, visits > least + uncertain, false)?;
        Ok(true)
    }

    /// Logs the first member out while the others still write. This must not resurrect the session.
    async fn log_out(&mut self) -> Result<(), Problem> {
        let Some((first, others)) = self.members.split_first_mut() else {
            return Ok(());
        };
        let old = first.client.cookie.clone().unwrap_or_default();
        let late = others.iter_mut().map(|member| async {
            let path = "/api/slow/late?ms=3";
            let answer = member.client.send("PUT", path, "1").await?;
            expect_equal(format_args!("PUT {path}"), answer.status, 204)
        });
        let (logout, late) = tokio::join!(first.client.log_out(), join_all(late));
        logout?;
        late.into_iter().collect::<Result<(), _>>()?;
        for key in ["late", "visits", &first.key] {
            first.client.expect_value_for(&old, key, None).await?;
        }
        for member in others {
            // A request that began after the logout started a new session.
            if member.client.cookie.as_ref() != Some(&old) {
                member.client.expect_value(&member.key, None).await?;
                member.client.log_out().await?;
            }
        }
        Ok(())
    }
}

impl Member {
    /// Writes increasing values, reads each, and visits the page.
    async fn write(&mut self) -> Result<(), Problem> {
        let path = format!("/api/session/{}", self.key);
        for _ in 0..5 {
            self.latest += 1;
            let value = self.latest.to_string();
            match self.client.write("PUT", &path, &value).await? {
                Written::Stored => self.possible = vec![self.latest],
                Written::Refused => (),
                Written::Unknown => self.possible.push(self.latest),
            }
            let answer = self.client.send("GET", &path, "").await?;
            match (answer.status, serde_json::from_str(&answer.body)) {
                (200, Ok(value)) => self.check(&value)?,
                // The session reads as empty.
                (404, _) if answer.excused => self.client.count_refused(),
                (404, _) => return Err(Problem::Lost(format!("GET {path}: nothing"))),
                _ => return Err(Problem::Wrong(format!("GET {path}: {answer:?}"))),
            }
        }
        let page = self.client.send("GET", "/", "").await?;
        match (page.status, page.cookies()) {
            (200, 1) => self.visits += 1,
            (200, 0) if page.excused => {
                self.client.count_refused();
                self.uncertain_visits += 1;
            }
            // A visit that renews nothing sends no cookie.
            (200, 0) => self.visits += 1,
            (503, 0) if page.excused => self.client.count_refused(),
            (status, cookies) => {
                let text = format!("GET /: {status} with {cookies} cookies");
                return Err(Problem::Wrong(text));
            }
        }
        Ok(())
    }

    /// Expects one of the possible values, and rules out the earlier ones.
    fn check(&mut self, value: &Value) -> Result<(), Problem> {
        match value.as_u64() {
            Some(value) if self.possible.contains(&value) => {
                // Only writes after this one may still arrive.
                self.possible.retain(|possible| *possible >= value);
                Ok(())
            }
            _ => {
                let Self { key, possible, .. } = self;
                Err(Problem::Lost(format!("{key}: {value} of {possible:?}")))
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
            client: Client::new(&Target::unreachable()),
            key: "key".to_owned(),
            latest: 9,
            possible: possible.to_vec(),
            visits: 0,
            uncertain_visits: 0,
        }
    }

    #[test]
    fn a_missing_acknowledged_write_is_lost() {
        assert!(member(&[5]).check(&json!(5)).is_ok());
        for value in [json!(4), json!(6), json!("5"), json!(null)] {
            let found = member(&[5]).check(&value);
            assert!(matches!(found, Err(Problem::Lost(_))), "{value}");
        }
    }

    #[test]
    fn an_uncertain_write_is_never_undone() {
        let mut member = member(&[5, 6, 8]);
        assert!(member.check(&json!(5)).is_ok());
        assert!(member.check(&json!(7)).is_err(), "7 was refused");
        assert!(member.check(&json!(6)).is_ok());
        assert!(member.check(&json!(5)).is_err());
        assert!(member.check(&json!(8)).is_ok());
    }
}
