//! Requests in a row, each with the cookie of the previous one: once with our own cookies, and once
//! with those in the file.

use session_core::{Outcome, Session, SessionManager};
use test_support::vectors::json::{Json, Text};
use test_support::vectors::operation::{Operation, PassAs};
use test_support::vectors::{Chain, Step, Vectors, attributes, report};

use super::{CHAINS, STEPS};
use crate::common::{NAME, builder, clock, commit, keys, minutes, open, payload, token, visit};

#[test]
fn chains_match_with_our_own_cookies() {
    run("our own cookies", |chain| {
        let mut cookie: Option<String> = None;
        for step in &chain.steps {
            let manager = manager(chain, step, false);
            let session = cookie
                .as_deref()
                .map_or_else(|| visit(&manager), |token| open(&manager, token));
            let outcome = handle(&manager, &session, step);
            assert_eq!(set_cookies(&outcome), expected_cookies(chain, step));
            if let Outcome::Set(_) = outcome {
                cookie = Some(assert_stored(chain, step, &outcome));
            }
        }
    });
}

#[test]
fn chains_match_with_the_cookies_in_the_file() {
    run("the cookies in the file", |chain| {
        let mut id: Option<String> = None;
        for step in &chain.steps {
            let manager = manager(chain, step, !chain.is_dated());
            let session = match step.request_cookie.strip_prefix(NAME) {
                Some(pair) => open(&manager, &pair[1..]),
                None => visit(&manager),
            };
            if !step.request_cookie.is_empty() {
                assert_eq!(session.id().unwrap().as_str(), step.loaded.id);
                id = Some(step.loaded.id.clone());
            }
            let outcome = handle(&manager, &session, step);
            // A session of 1.x has no expiry and gets one at once, even without a write.
            let is_dated_now = !chain.is_dated() && id.is_some();
            let expected = if is_dated_now {
                1
            } else {
                expected_cookies(chain, step)
            };
            assert_eq!(set_cookies(&outcome), expected);
            if expected == step.set_cookie.len() && expected > 0 {
                let stored = payload(&assert_stored(chain, step, &outcome));
                if let Some(id) = &id {
                    let id = Json::Text(Text::from(id.as_str()));
                    assert_eq!(Json::read(&stored).object()[&Text::from("id")], id);
                }
            }
        }
    });
}

fn run(whose: &str, each: impl Fn(&Chain)) {
    let vectors = Vectors::read();
    assert_eq!(vectors.cookie_name, NAME);
    let (mut ran, mut steps) = (0, 0);
    for chain in &vectors.chains {
        assert_eq!(
            chain.driver, "cookie",
            "another test runs the chains of other drivers"
        );
        // The test harness shows the name if the test fails.
        println!("{} of {}", chain.name, chain.seed_version);
        each(chain);
        ran += 1;
        steps += chain.steps.len();
    }
    report(format_args!(
        "chains: {ran} cookie entries, {steps} requests with {whose}"
    ));
    assert_eq!((ran, vectors.chains.len(), steps), (CHAINS, CHAINS, STEPS));
}

/// Runs a request: compares the session, runs the handler, which may fail, and commits in any case.
fn handle(manager: &SessionManager, session: &Session, step: &Step) -> Outcome {
    assert_eq!(
        Json::read(&session.all().to_json()),
        Json::read(&step.loaded.data_json)
    );
    assert_eq!(
        Json::read(&session.all_flash().to_json()),
        Json::read(&step.loaded.flash_json)
    );
    let mut results = Vec::new();
    let mut thrown = None;
    for op in Operation::read(&step.ops_json) {
        if step.unsupported.contains(&op.verb()) {
            // Not run here either. The results in the file contain this entry.
            results.push(format!(r#"{{"unsupported":"{}"}}"#, op.verb()));
            continue;
        }
        match op.run(session, PassAs::Text) {
            Ok(result) => results.push(result),
            Err(error) => {
                thrown = Some(format!("Error: {error}"));
                break;
            }
        }
    }
    assert_eq!(thrown, step.thrown);
    assert_eq!(
        Json::read(&format!("[{}]", results.join(","))),
        Json::read(&step.results_json)
    );
    commit(manager, session)
}

/// Compares the stored JSON and the Set-Cookie line with the file, and returns the token.
fn assert_stored(chain: &Chain, step: &Step, outcome: &Outcome) -> String {
    let token = token(outcome);
    // The id is random, and 1.x has no expiry to compare.
    let apart: &[&str] = if chain.is_dated() {
        &["id"]
    } else {
        &["id", "exp"]
    };
    assert_eq!(
        Json::read(&payload(&token)).without(apart),
        Json::read(step.payload_json.as_deref().unwrap()).without(apart)
    );
    let line = manager(chain, step, false).set_cookie(outcome).unwrap();
    assert_eq!(line.split(';').next().unwrap(), format!("{NAME}={token}"));
    assert_eq!(attributes(&line), attributes(&step.set_cookie[0]));
    token
}

/// Returns the number of cookies that `@rudderjs/session` sets, except that removing nothing is no write here.
fn expected_cookies(chain: &Chain, step: &Step) -> usize {
    if chain.name == "pull_missing_marks_dirty" && step.ops_json == r#"[["pull","zzz","dflt"]]"# {
        0
    } else {
        step.set_cookie.len()
    }
}

fn set_cookies(outcome: &Outcome) -> usize {
    usize::from(*outcome != Outcome::Keep)
}

fn manager(chain: &Chain, step: &Step, migrating: bool) -> SessionManager {
    builder(keys(&chain.secret), &clock(step.now_ms))
        .lifetime(minutes(chain.lifetime_minutes))
        .accept_without_expiry(migrating)
        .build()
        .unwrap()
}
