//! The `testing` module, used as applications use it.
use pollster::block_on;

use session_core::testing::{TestSessions, next_request, session, unavailable};
use session_core::{ErrorKind, MemoryDriver, Opening, Renewal, Secret, Session, SessionManager};

fn text(session: &Session) -> String {
    format!(
        "{} {}",
        session.all().to_json(),
        session.all_flash().to_json()
    )
}

#[test]
fn a_bare_session_belongs_to_the_request_after_its_setup() {
    let session = session(|session| {
        session.put("user", "ada")?;
        session.flash("notice", "Hi")
    });
    assert_eq!(text(&session), r#"{"user":"ada"} {"notice":"Hi"}"#);
    assert!(!session.is_new() && session.is_available());
    assert!(session.expires_at().is_some());
}

#[test]
fn a_bare_session_without_setup_is_new() {
    let session = session(|_| Ok(()));
    assert!(session.is_new() && !session.is_modified());
}

#[test]
fn the_next_request_sees_what_a_commit_would_store() {
    let first = session(|session| {
        session.put("user", "ada")?;
        session.flash("notice", "Hi")
    });
    first.put("visits", 1).unwrap();
    first.flash("notice", "Saved!").unwrap();
    let second = next_request(&first);
    assert_eq!(
        text(&second),
        r#"{"user":"ada","visits":1} {"notice":"Saved!"}"#
    );
    assert_eq!(second.id().unwrap(), first.id().unwrap());
    assert_eq!(
        text(&next_request(&second)),
        r#"{"user":"ada","visits":1} {}"#
    );

    first.regenerate().unwrap();
    assert_eq!(next_request(&first).id().unwrap(), first.id().unwrap());
    first.destroy().unwrap();
    assert!(next_request(&first).is_new());
    first.flash("notice", "Goodbye!").unwrap();
    assert_eq!(text(&next_request(&first)), r#"{} {"notice":"Goodbye!"}"#);
}

#[test]
fn an_unavailable_session_refuses_writes() {
    let session = unavailable();
    assert!(!session.is_available());
    let error = session.put("user", "ada").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[test]
fn a_visitor_stores_and_removes_the_cookie() {
    let sessions = TestSessions::new();
    block_on(async {
        let mut visitor = sessions.guest();
        assert_eq!((visitor.cookie(), visitor.token()), (String::new(), None));

        let visits = visitor
            .visit(|session| session.update("visits", 0, |visits| visits + 1))
            .await;
        assert_eq!(visits, 1);
        let cookie = visitor.cookie();
        assert_eq!(cookie, format!("session={}", visitor.token().unwrap()));

        // Nothing is saved, so the cookie stays.
        visitor.visit(|session| session.get::<u32>("visits")).await;
        assert_eq!(visitor.cookie(), cookie);

        visitor.visit(Session::destroy).await;
        assert_eq!(visitor.token(), None);
        assert!(visitor.session().await.is_new());
    });
}

#[test]
fn looking_at_a_session_neither_consumes_flash_nor_saves() {
    let sessions = TestSessions::new();
    block_on(async {
        let ada = sessions
            .visitor(|session| session.flash("notice", "Hi"))
            .await;
        for _ in 0..2 {
            let session = ada.session().await;
            assert_eq!(text(&session), r#"{} {"notice":"Hi"}"#);
            session.put("lost", true).unwrap();
        }
    });
}

#[test]
fn time_advances_for_the_manager_and_its_driver() {
    let sessions = TestSessions::new();
    let lifetime = sessions.manager().lifetime();
    block_on(async {
        let mut ada = sessions.visitor(|session| session.put("user", "ada")).await;
        sessions.advance(lifetime * 2 / 3);
        ada.visit(|session| session.get::<String>("user")).await;
        sessions.advance(lifetime * 2 / 3);
        assert!(!ada.session().await.is_new(), "the visit renewed it");
        sessions.advance(lifetime / 3);
        assert!(ada.session().await.is_new());
    });
}

#[test]
fn the_applications_own_settings_apply() {
    let sessions = TestSessions::with(|clock| {
        let driver = MemoryDriver::new().with_clock(clock);
        SessionManager::builder(driver, Secret::generate().unwrap())
            .opening(Opening::Lazy)
            .renewal(Renewal::OnWrite)
    });
    assert!(sessions.manager().opens_lazily());
    block_on(async {
        let mut ada = sessions.visitor(|session| session.put("user", "ada")).await;
        sessions.advance(sessions.manager().lifetime() * 2 / 3);
        ada.visit(|session| session.get::<String>("user")).await;
        sessions.advance(sessions.manager().lifetime() * 2 / 3);
        assert!(ada.session().await.is_new(), "reading does not renew it");
    });
}

#[test]
fn debug_shows_no_token() {
    let sessions = TestSessions::new();
    let ada = block_on(sessions.visitor(|session| session.put("user", "ada")));
    assert_eq!(format!("{ada:?}"), "Visitor { has_cookie: true, .. }");
}

#[cfg(feature = "http")]
#[test]
fn a_visitor_takes_the_session_cookie_from_a_response() {
    let sessions = TestSessions::new();
    let manager = sessions.manager();
    block_on(async {
        let mut visitor = sessions.guest();
        let mut headers = http::HeaderMap::new();
        headers.append("set-cookie", "session2=other; Path=/".parse().unwrap());
        visitor.receive_headers(&headers);
        assert_eq!(visitor.token(), None);

        let session = manager.open(None).await.unwrap();
        session.put("user", "ada").unwrap();
        manager
            .commit_headers(&session, &mut headers)
            .await
            .unwrap();
        visitor.receive_headers(&headers);
        assert_eq!(text(&visitor.session().await), r#"{"user":"ada"} {}"#);
        visitor.receive_headers(&http::HeaderMap::new());
        assert!(
            visitor.token().is_some(),
            "a response without a cookie changes nothing"
        );

        headers.clear();
        let session = visitor.session().await;
        session.destroy().unwrap();
        manager
            .commit_headers(&session, &mut headers)
            .await
            .unwrap();
        visitor.receive_headers(&headers);
        assert_eq!(visitor.token(), None);
    });
}
