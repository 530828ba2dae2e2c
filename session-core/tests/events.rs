//! What an operator sees, and what nobody does.

#![allow(dead_code, clippy::unwrap_used, reason = "these are tests")]

mod common;
use pollster::block_on;
use session_core::{Establish, KeyRing, OnOutage, Outcome, Renewal};

use crate::common::{HOUR, LIFETIME, MINUTE, Op, SECRET, Site, id_of, secret};
use test_support::Log;

/// The lines that were logged while `work` ran, all levels.
fn log(work: impl FnOnce()) -> Vec<String> {
    let log = Log::capture();
    work();
    log.text()
        .lines()
        .map(|line| line.trim().to_owned())
        .collect()
}

/// The one line that an event about this id makes.
fn line(level: &str, message: &str, id: &str) -> String {
    format!("{level} session: {message} id=\"{}\"", &id[..8])
}

/// security.md 27.
#[test]
fn s27_a_session_that_is_created_is_an_event() {
    let site = Site::new();
    let mut token = String::new();
    let lines = log(|| token = site.login());
    assert_eq!(lines, [line("DEBUG", "session created", id_of(&token))]);
}

#[test]
fn a_request_that_changes_nothing_is_no_event() {
    let site = Site::new();
    let token = site.login();
    let lines = log(|| {
        site.commit(&site.open(&token));
        site.commit(&site.visit());
    });
    assert_eq!(lines, [""; 0]);
}

/// security.md 27: by a touch, also where there is an absolute end, and by saving again.
#[test]
fn s27_a_renewal_is_an_event_however_the_store_does_it() {
    let read_late = |site: &Site, token: &str| {
        site.clock.advance(LIFETIME * 2 / 3);
        log(|| drop(site.commit(&site.open(token))))
    };
    let site = Site::new();
    let token = site.login();
    let expected = [line("DEBUG", "session renewed", id_of(&token))];
    assert_eq!(read_late(&site, &token), expected);

    let site = Site::with(|builder| builder.absolute_lifetime(20 * HOUR));
    let token = site.login();
    let expected = [line("DEBUG", "session renewed", id_of(&token))];
    assert_eq!(read_late(&site, &token), expected);

    let site = Site::plain(|builder| builder.renewal(Renewal::Always));
    let token = site.login();
    site.clock.advance(MINUTE);
    let lines = log(|| drop(site.commit(&site.open(&token))));
    let expected = [line("DEBUG", "session renewed", id_of(&token))];
    assert_eq!(lines, expected);
}

/// security.md 27.
#[test]
fn s27_a_new_id_is_an_event() {
    let site = Site::new();
    let session = site.open(&site.login());
    session.regenerate().unwrap();
    let mut new = String::new();
    let lines = log(|| new = site.save(&session));
    assert_eq!(lines, [line("INFO", "session regenerated", id_of(&new))]);
}

/// security.md 27.
#[test]
fn s27_a_logout_is_an_event() {
    let site = Site::new();
    let token = site.login();
    let session = site.open(&token);
    session.destroy().unwrap();
    let lines = log(|| drop(site.commit(&session)));
    assert_eq!(lines, [line("INFO", "session destroyed", id_of(&token))]);
}

/// security.md 27: of a session that the driver still knows. One that it has forgotten is unknown.
#[test]
fn s27_an_expired_session_is_an_event() {
    let site = Site::plain(|builder| builder);
    let token = site.login();
    site.clock.advance(LIFETIME);
    let lines = log(|| drop(site.open(&token)));
    assert_eq!(lines, [line("DEBUG", "session expired", id_of(&token))]);

    let site = Site::new();
    let token = site.login();
    site.clock.advance(LIFETIME);
    let lines = log(|| drop(site.open(&token)));
    assert_eq!(lines, ["DEBUG session: session cookie without a session"]);
}

/// security.md 27.
#[test]
fn s27_an_invalid_cookie_is_an_event() {
    let site = Site::new();
    let token = site.login();
    let lines = log(|| {
        site.open(&format!("{token}x"));
        site.open("garbage");
    });
    assert_eq!(lines, ["WARN session: session cookie invalid"; 2]);
}

#[test]
fn a_merge_is_an_event() {
    let site = Site::new();
    let token = site.login();
    let [fast, slow] = [site.open(&token), site.open(&token)];
    fast.put("a", 1).unwrap();
    slow.put("b", 2).unwrap();
    site.save(&fast);
    let lines = log(|| drop(site.commit(&slow)));
    let message = "session changed by another request, merging";
    assert_eq!(lines, [line("DEBUG", message, id_of(&token))]);
}

/// security.md 8: dropped, and said so.
#[test]
fn s08_a_late_write_that_is_dropped_is_an_event() {
    let message = "late write dropped: the session ended meanwhile";
    let regenerate = |session: &session_core::Session| session.regenerate().unwrap();
    let put = |session: &session_core::Session| session.put("a", 1).unwrap();
    let writes: [fn(&session_core::Session); 2] = [regenerate, put];
    for write in writes {
        let site = Site::new();
        let token = site.login();
        let [slow, logout] = [site.open(&token), site.open(&token)];
        write(&slow);
        logout.destroy().unwrap();
        site.commit(&logout);
        let lines = log(|| drop(site.commit(&slow)));
        assert_eq!(lines, [line("WARN", message, id_of(&token))]);
    }
}

#[test]
fn a_save_that_failed_is_an_event_with_its_cause() {
    let site = Site::new();
    let session = site.visit();
    session.put("a", 1).unwrap();
    site.store.fail(&[Op::Save]);
    let lines = log(|| drop(block_on(site.manager.commit(&session))));
    let expected = "ERROR session: session save failed \
        error=\"the session store is unavailable: connection refused\"";
    assert_eq!(lines, [expected]);
}

#[test]
fn a_load_that_failed_is_an_event_with_its_cause() {
    for on_outage in [OnOutage::Serve, OnOutage::Refuse] {
        let site = Site::with(|builder| builder.on_outage(on_outage));
        let token = site.login();
        site.store.fail(&[Op::Load]);
        let lines = log(|| drop(block_on(site.manager.open([&*token]))));
        let expected = "ERROR session: session load failed \
            error=\"the session store is unavailable: connection refused\"";
        assert_eq!(lines, [expected]);
    }
}

/// security.md 26: a long story with everything in it, and no token, no whole id, no secret and no value.
#[test]
fn s26_the_log_holds_no_token_no_whole_id_no_secret_and_no_value() {
    let site = Site::with(|builder| {
        builder
            .establish(Establish::Always)
            .absolute_lifetime(20 * HOUR)
    });
    let mut tokens = Vec::new();
    let lines = log(|| {
        let token = site.request(|session| session.put("pin", "hunter2").unwrap());
        let [fast, slow, late] = [site.open(&token), site.open(&token), site.open(&token)];
        fast.flash("notice", "hunter2").unwrap();
        slow.put("pin", "hunter2").unwrap();
        tokens.extend([site.save(&fast), site.save(&slow)]);
        // The flash goes, so that what comes after is a renewal and no write.
        tokens.push(site.save(&site.open(&token)));
        site.clock.advance(LIFETIME * 2 / 3);
        tokens.push(site.save(&site.open(&token)));
        let login = site.open(&token);
        login.regenerate().unwrap();
        let new = site.save(&login);
        late.put("pin", "hunter2").unwrap();
        site.commit(&late);
        tokens.push(KeyRing::new(secret()).sign("unknown-0123456789".to_owned()));
        tokens.push(format!("{new}x"));
        for token in &tokens {
            site.open(token);
        }
        site.store.fail(&[Op::Save, Op::Load]);
        let failing = site.visit();
        failing.put("pin", "hunter2").unwrap();
        assert!(block_on(site.manager.commit(&failing)).is_err());
        site.open(&new);
        site.store.fail(&[]);
        let logout = site.open(&new);
        logout.destroy().unwrap();
        site.commit(&logout);
        tokens.extend([token, new]);
    });
    let text = lines.join("\n");
    for happened in [
        "created",
        "merging",
        "renewed",
        "regenerated",
        "late write",
        "without a session",
        "invalid",
        "save failed",
        "load failed",
        "destroyed",
    ] {
        assert!(text.contains(happened), "{happened} is missing in {text}");
    }
    for token in &tokens {
        let (id, signature) = token.rsplit_once('.').unwrap();
        assert!(!text.contains(id), "{id} in {text}");
        assert!(!text.contains(&signature[..12]), "a signature in {text}");
    }
    assert!(!text.contains("hunter2") && !text.contains(&SECRET[..12]));
}

/// What is stored may be a secret of the application's.
#[test]
fn s26_a_value_of_another_type_is_not_repeated_in_the_log() {
    let site = Site::new();
    let token = site.request(|session| session.put("k", 1).unwrap());
    let (faster, slower) = (site.open(&token), site.open(&token));
    faster.put("k", "hunter2-oauth-token").unwrap();
    slower.update("k", 0, |n: u8| n + 1).unwrap();
    site.commit(&faster);
    let lines = log(|| assert!(pollster::block_on(site.manager.commit(&slower)).is_err()));
    assert!(
        lines.last().unwrap().contains("session save failed"),
        "{lines:?}"
    );
    assert!(!lines.concat().contains("hunter2"), "{lines:?}");
}

/// security.md 27.
#[test]
fn s27_a_renewal_that_came_too_late_is_not_called_one() {
    let site = Site::plain(|builder| builder);
    let token = site.login();
    site.clock.advance(LIFETIME * 2 / 3);
    let (reader, logout) = (site.open(&token), site.open(&token));
    logout.destroy().unwrap();
    site.commit(&logout);
    let lines = log(|| assert_eq!(site.commit(&reader), Outcome::Keep));
    assert!(!lines.concat().contains("renewed"), "{lines:?}");
}
