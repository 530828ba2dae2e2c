//! Log events: what operators see, and what nobody may see.

use pollster::block_on;
use session_core::{Establish, OnOutage, Outcome, Renewal, Session};
use test_support::Log;

use crate::common::{Call, HOUR, LIFETIME, SECRET, Service, id_of, signed};

/// Returns the lines that `work` logs, at all levels.
fn log(work: impl FnOnce()) -> Vec<String> {
    let log = Log::capture();
    work();
    let text = log.text();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// Returns the line of an event with this id.
fn line(level: &str, message: &str, id: &str) -> String {
    format!("{level} session: {message} id=\"{}\"", &id[..8])
}

/// Security checklist, statement 27.
#[test]
fn s27_creating_a_session_is_an_event() {
    let service = Service::new();
    let mut token = String::new();
    let lines = log(|| token = service.login());
    assert_eq!(lines, [line("DEBUG", "session created", id_of(&token))]);
}

#[test]
fn a_request_that_changes_nothing_logs_nothing() {
    let service = Service::new();
    let token = service.login();
    let lines = log(|| {
        service.commit(&service.open(&token));
        service.commit(&service.visit());
    });
    assert_eq!(lines, [""; 0]);
}

/// Security checklist, statement 27: by `touch`, with and without an absolute lifetime, and by a
/// save.
#[test]
fn s27_every_kind_of_renewal_is_an_event() {
    fn renewal<D: session_core::Driver>(service: &Service<D>) -> [Vec<String>; 2] {
        let token = service.login();
        service.clock.advance(LIFETIME * 2 / 3);
        let lines = log(|| drop(service.commit(&service.open(&token))));
        [lines, vec![line("DEBUG", "session renewed", id_of(&token))]]
    }
    for [lines, expected] in [
        renewal(&Service::new()),
        renewal(&Service::with(|builder| {
            builder.absolute_lifetime(20 * HOUR)
        })),
        renewal(&Service::minimal(|builder| {
            builder.renewal(Renewal::Always)
        })),
    ] {
        assert_eq!(lines, expected);
    }
}

/// Security checklist, statement 27.
#[test]
fn s27_regenerate_is_an_event() {
    let service = Service::new();
    let session = service.open(&service.login());
    session.regenerate().unwrap();
    let mut new = String::new();
    let lines = log(|| new = service.save(&session));
    assert_eq!(lines, [line("INFO", "session regenerated", id_of(&new))]);
}

/// Security checklist, statement 27.
#[test]
fn s27_a_logout_is_an_event() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.destroy().unwrap();
    let lines = log(|| drop(service.commit(&session)));
    assert_eq!(lines, [line("INFO", "session destroyed", id_of(&token))]);
}

/// Security checklist, statement 27. The driver must still know the session: a forgotten one is
/// unknown.
#[test]
fn s27_an_expired_session_is_an_event() {
    let service = Service::minimal(|builder| builder);
    let token = service.login();
    service.clock.advance(LIFETIME);
    let lines = log(|| drop(service.open(&token)));
    assert_eq!(lines, [line("DEBUG", "session expired", id_of(&token))]);

    let service = Service::new();
    let token = service.login();
    service.clock.advance(LIFETIME);
    let lines = log(|| drop(service.open(&token)));
    assert_eq!(lines, ["DEBUG session: session cookie names no session"]);
}

/// Security checklist, statement 27.
#[test]
fn s27_an_invalid_cookie_is_an_event() {
    let service = Service::new();
    let token = service.login();
    let lines = log(|| {
        service.open(&format!("{token}x"));
        service.open(&token.replace('-', "+"));
        service.open("");
    });
    let line = |reason: &str| format!("WARN session: session cookie invalid reason={reason:?}");
    let expected = [
        "it has no signature",
        "no key of the ring signed it",
        "it is empty",
    ];
    assert_eq!(lines, expected.map(line));
}

#[test]
fn a_merge_is_an_event() {
    let service = Service::new();
    let token = service.login();
    let [fast, slow] = [service.open(&token), service.open(&token)];
    fast.put("a", 1).unwrap();
    slow.put("b", 2).unwrap();
    service.save(&fast);
    let lines = log(|| drop(service.commit(&slow)));
    let message = "session changed by another request, merging";
    assert_eq!(lines, [line("DEBUG", message, id_of(&token))]);
}

/// Security checklist, statement 8: the write is dropped and logged.
#[test]
fn s08_a_dropped_late_write_is_an_event() {
    let message = "late write dropped: the session ended meanwhile";
    let writes: [fn(&Session); 2] = [
        |session| session.regenerate().unwrap(),
        |session| session.put("a", 1).unwrap(),
    ];
    for write in writes {
        let service = Service::new();
        let token = service.login();
        let sessions = [(); 3].map(|()| service.open(&token));
        let [slow, saved, reloaded] = &sessions;
        sessions.iter().for_each(write);
        let logout = service.open(&token);
        logout.destroy().unwrap();
        service.commit(&logout);
        let lines = log(|| drop(service.commit(slow)));
        assert_eq!(lines, [line("WARN", message, id_of(&token))]);
        let lines = log(|| block_on(saved.save()).unwrap());
        assert_eq!(lines, [line("WARN", message, id_of(&token))]);
        let lines = log(|| assert!(!block_on(reloaded.reload()).unwrap()));
        assert_eq!(lines, [line("WARN", message, id_of(&token))]);
        let lines = log(|| drop((service.commit(saved), service.commit(reloaded))));
        assert_eq!(lines, [""; 0], "only once");
    }
}

#[test]
fn a_failure_is_an_event_with_its_cause() {
    let failure = |what: &str| {
        let cause = "the session store is unavailable: connection refused";
        [format!(
            "ERROR session: session {what} failed error=\"{cause}\""
        )]
    };
    let service = Service::new();
    let session = service.visit();
    session.put("a", 1).unwrap();
    service.store.fail(&[Call::Save]);
    let lines = log(|| drop(block_on(service.manager.commit(&session))));
    assert_eq!(lines, failure("save"));

    for on_outage in [OnOutage::Serve, OnOutage::Refuse] {
        let service = Service::with(|builder| builder.on_outage(on_outage));
        let token = service.login();
        service.store.fail(&[Call::Load]);
        let lines = log(|| drop(block_on(service.manager.open([&*token]))));
        assert_eq!(lines, failure("load"));
    }
}

/// Security checklist, statement 26: a long story with every event reveals nothing.
#[test]
fn s26_the_log_contains_no_token_whole_id_secret_or_value() {
    let service = Service::with(|builder| {
        builder
            .establish(Establish::Always)
            .absolute_lifetime(20 * HOUR)
    });
    let mut tokens = Vec::new();
    let lines = log(|| {
        let token = service.request(|session| session.put("pin", "hunter2").unwrap());
        let [fast, slow, late] = [(); 3].map(|()| service.open(&token));
        fast.flash("notice", "hunter2").unwrap();
        slow.put("pin", "hunter2").unwrap();
        tokens.extend([service.save(&fast), service.save(&slow)]);
        // Consume the flash, so that the next request renews without a write.
        tokens.push(service.save(&service.open(&token)));
        service.clock.advance(LIFETIME * 2 / 3);
        tokens.push(service.save(&service.open(&token)));
        let login = service.open(&token);
        login.regenerate().unwrap();
        let new = service.save(&login);
        late.put("pin", "hunter2").unwrap();
        service.commit(&late);
        tokens.push(signed("unknown-0123456789"));
        tokens.push(format!("{new}x"));
        for token in &tokens {
            service.open(token);
        }
        service.store.fail(&[Call::Save, Call::Load]);
        let failing = service.visit();
        failing.put("pin", "hunter2").unwrap();
        assert!(block_on(service.manager.commit(&failing)).is_err());
        service.open(&new);
        service.store.fail(&[]);
        let logout = service.open(&new);
        logout.destroy().unwrap();
        service.commit(&logout);
        tokens.extend([token, new]);
    });
    let text = lines.join("\n");
    for event in [
        "created",
        "merging",
        "renewed",
        "regenerated",
        "late write",
        "names no session",
        "invalid",
        "save failed",
        "load failed",
        "destroyed",
    ] {
        assert!(text.contains(event), "{event} is missing in {text}");
    }
    for token in &tokens {
        let (id, signature) = token.rsplit_once('.').unwrap();
        assert!(!text.contains(id), "{id} in {text}");
        assert!(!text.contains(&signature[..12]), "a signature in {text}");
    }
    assert!(!text.contains("hunter2") && !text.contains(&SECRET[..12]));
}

/// A stored value may be a secret of the application.
#[test]
fn s26_a_value_of_another_type_is_not_logged() {
    let service = Service::new();
    let token = service.request(|session| session.put("k", 1).unwrap());
    let (faster, slower) = (service.open(&token), service.open(&token));
    faster.put("k", "hunter2-oauth-token").unwrap();
    slower.update("k", 0, |n: u8| n + 1).unwrap();
    service.commit(&faster);
    let lines = log(|| assert!(block_on(service.manager.commit(&slower)).is_err()));
    let last = lines.last().unwrap();
    assert!(last.contains("session save failed"), "{lines:?}");
    assert!(!lines.concat().contains("hunter2"), "{lines:?}");
}

/// Security checklist, statement 27.
#[test]
fn s27_a_renewal_after_a_logout_is_not_logged_as_one() {
    let service = Service::minimal(|builder| builder);
    let token = service.login();
    service.clock.advance(LIFETIME * 2 / 3);
    let (reader, logout) = (service.open(&token), service.open(&token));
    logout.destroy().unwrap();
    service.commit(&logout);
    let lines = log(|| assert_eq!(service.commit(&reader), Outcome::Keep));
    assert!(!lines.concat().contains("renewed"), "{lines:?}");
}
