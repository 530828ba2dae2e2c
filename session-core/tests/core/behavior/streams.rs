//! Streams: sessions that are written and saved while the response is on its way.

use pollster::block_on;
use session_core::{ErrorKind, Outcome, Session};

use super::save::{kind, reload, save};
use crate::common::{HOUR, LIFETIME, Service, id_of, token};

#[test]
fn a_stream_writes_after_the_response_once_it_has_saved() {
    let service = Service::new();
    let token = service.login();
    let session = service.open(&token);
    session.put("step", 1).unwrap();
    service.commit(&session);
    assert_eq!(kind(session.put("step", 2)), ErrorKind::Closed);
    save(&session);
    service.clock.advance(HOUR);
    for step in 2..5 {
        session.put("step", step).unwrap();
        save(&session);
        assert_eq!(service.open(&token).get("step").unwrap(), Some(step));
    }
    let end = service.stored(id_of(&token)).unwrap().expires_at();
    assert_eq!(end, Some(service.now() + LIFETIME), "a save is a use");
    assert_eq!(kind(session.regenerate()), ErrorKind::Closed);
    assert_eq!(
        service.commit(&session),
        Outcome::Keep,
        "it was committed already"
    );

    session.destroy().unwrap();
    save(&session);
    assert!(service.open(&token).is_new());
    assert_eq!(kind(session.put("step", 9)), ErrorKind::Closed);
}

#[test]
fn a_stream_of_a_new_session_writes_too_if_the_response_carries_its_cookie() {
    let service = Service::new();
    let session = service.visit();
    session.put("step", 1).unwrap();
    let token = token(&service.commit(&session));
    save(&session);
    session.put("step", 2).unwrap();
    save(&session);
    assert_eq!(service.open(&token).get("step").unwrap(), Some(2));

    let nothing = service.visit();
    service.commit(&nothing);
    assert_eq!(kind(block_on(nothing.save())), ErrorKind::Closed);
}

#[test]
fn flash_of_a_stream_is_for_the_next_page_and_ages_once() {
    let service = Service::new();
    let token = service.request(|session| session.flash("old", 1).unwrap());
    let session = service.open(&token);
    assert!(session.has_flash("old"));
    save(&session);
    session.flash("new", 2).unwrap();
    save(&session);
    session.put("step", 1).unwrap();
    save(&session);
    service.commit(&session);
    assert!(session.has_flash("old"), "until the request ends");
    assert_eq!(service.open(&token).all_flash().to_json(), r#"{"new":2}"#);
}

/// The commit gave the session its id, so the stream continues from what the store holds.
#[test]
fn a_stream_whose_handler_saved_before_it_wrote_does_not_bring_an_ended_session_back() {
    let starts: [fn(&Service) -> Session; 3] = [
        |service| {
            let session = service.visit();
            save(&session);
            session.put("a", 1).unwrap();
            session
        },
        |service| {
            let session = service.open(&service.login());
            save(&session);
            session.regenerate().unwrap();
            session.put("a", 1).unwrap();
            session
        },
        |service| {
            let session = service.open(&service.login());
            save(&session);
            session.destroy().unwrap();
            session.put("a", 1).unwrap();
            session
        },
    ];
    for start in starts {
        for ends in [false, true] {
            let service = Service::new();
            let session = start(&service);
            let token = token(&service.commit(&session));
            if ends {
                let logout = service.open(&token);
                logout.destroy().unwrap();
                service.commit(&logout);
                assert_eq!(kind(block_on(session.save())), ErrorKind::Closed);
                assert!(service.open(&token).is_new());
            } else {
                save(&session);
                session.put("a", 2).unwrap();
                save(&session);
                assert_eq!(service.open(&token).get("a").unwrap(), Some(2));
            }
        }
    }
}

#[test]
fn a_stream_of_a_session_that_ended_reads_as_empty_and_cannot_write() {
    let finds_out: [fn(&Session); 2] = [save, |session| {
        assert!(!reload(session));
    }];
    for finds_out in finds_out {
        let service = Service::new();
        let token = service.login();
        let session = service.open(&token);
        service.commit(&session);
        save(&session);
        let other = service.open(&token);
        other.destroy().unwrap();
        service.commit(&other);
        session.put("late", 1).unwrap();
        finds_out(&session);
        assert!(session.all().is_empty() && !session.is_modified());
        assert_eq!(kind(session.put("late", 2)), ErrorKind::Closed);
        assert_eq!(kind(session.regenerate()), ErrorKind::Closed);
        save(&session);
        assert_eq!(service.records(), 0);
    }
}
