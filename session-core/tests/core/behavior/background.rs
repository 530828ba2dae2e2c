//! Requests that are none of the user's, and ids that are only looked at.

use session_core::{Outcome, Renewal};

use crate::common::{HOUR, LIFETIME, Service, id_of};

#[test]
fn a_background_request_does_not_renew_the_session() {
    for renewal in [Renewal::OnUse, Renewal::OnWrite, Renewal::Always] {
        let service = Service::with(|builder| builder.renewal(renewal));
        let token = service.login();
        let end = service.now() + LIFETIME;
        service.clock.advance(HOUR);
        let session = service.open(&token);
        session.background();
        service.store.calls();
        assert_eq!(service.commit(&session), Outcome::Keep);
        assert_eq!(service.store.calls(), []);

        let session = service.open(&token);
        session.background();
        session.put("seen", 1).unwrap();
        assert_eq!(service.commit(&session), Outcome::Keep, "{renewal:?}");
        let stored = service.stored(id_of(&token)).unwrap();
        assert_eq!(stored.expires_at(), Some(end), "{renewal:?}");
        assert!(stored.data().contains("seen"));
    }
}

#[test]
fn a_background_request_neither_sees_nor_ages_flash() {
    let service = Service::new();
    let token = service.request(|session| session.flash("notice", "hi").unwrap());
    for _ in 0..3 {
        let session = service.open(&token);
        session.background();
        assert!(session.is_background());
        assert!(!session.has_flash("notice"));
        assert!(!session.is_modified());
        service.commit(&session);
    }
    let session = service.open(&token);
    session.background();
    session.put("seen", 1).unwrap();
    session.flash("another", "from a script").unwrap();
    session.background();
    service.commit(&session);
    assert_eq!(
        service.open(&token).all_flash().to_json(),
        r#"{"another":"from a script","notice":"hi"}"#
    );
}

#[test]
fn a_background_request_that_overlaps_a_page_does_not_double_its_notice() {
    for background_commits_first in [true, false] {
        let service = Service::new();
        let token = service.request(|session| session.flash("notice", "hi").unwrap());
        let (page, script) = (service.open(&token), service.open(&token));
        script.background();
        script.put("seen", 1).unwrap();
        assert!(page.has_flash("notice"));
        let (first, second) = if background_commits_first {
            (&script, &page)
        } else {
            (&page, &script)
        };
        service.commit(first);
        service.commit(second);
        let next = service.open(&token);
        assert!(!next.has_flash("notice"));
        assert!(next.has("seen"));
    }
}

#[test]
fn peeking_at_the_id_establishes_nothing() {
    let service = Service::new();
    let session = service.visit();
    assert_eq!(session.peek_id(), None);
    assert_eq!(service.commit(&session), Outcome::Keep);
    assert_eq!(service.records(), 0);

    let token = service.login();
    assert_eq!(
        service.open(&token).peek_id().unwrap().as_str(),
        id_of(&token)
    );
    let session = service.visit();
    session.regenerate().unwrap();
    assert_eq!(session.peek_id(), Some(session.id().unwrap()));
}
