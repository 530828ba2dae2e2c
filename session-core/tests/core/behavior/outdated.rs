//! Records in a form that the driver no longer writes, and records that it cannot read.

use std::sync::Arc;
use std::time::Duration;

use pollster::block_on;
use session_core::{
    Driver, Error, Expected, KeyRing, Loaded, Outcome, Record, Saved, Secret, SessionId,
    SessionManager, Touched, Version, async_trait,
};
use test_support::probe::Probe;

use crate::common::{Call, LIFETIME, Service, secret, token};

/// A driver that finds every record outdated.
#[derive(Debug)]
struct Outdated(Arc<Probe>);

#[async_trait]
impl Driver for Outdated {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        Ok(self.0.load(handle).await?.map(Loaded::outdated))
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.0.save(record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.0.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        true
    }

    async fn touch(
        &self,
        record: &Record,
        version: &Version,
        ttl: Duration,
    ) -> Result<Touched, Error> {
        self.0.touch(record, version, ttl).await
    }
}

/// Returns a service whose driver finds every record outdated, and the token of a session.
fn outdated(rotates: bool) -> (Service, String) {
    let mut service = Service::new();
    let token = service.login();
    let keys = if rotates {
        KeyRing::new(Secret::generate().unwrap()).with_previous(secret())
    } else {
        secret().into()
    };
    service.manager = SessionManager::builder(Outdated(service.store.clone()), keys)
        .clock(service.clock.clone())
        .build()
        .unwrap();
    service.store.calls();
    (service, token)
}

#[test]
fn reading_an_outdated_record_writes_nothing() {
    let (service, token) = outdated(false);
    assert_eq!(service.commit(&service.open(&token)), Outcome::Keep);
    assert_eq!(service.store.calls(), [Call::Load]);
}

#[test]
fn an_outdated_record_is_saved_instead_of_touched() {
    let (service, old) = outdated(false);
    service.clock.advance(LIFETIME / 2);
    let outcome = service.commit(&service.open(&old));
    assert_eq!(token(&outcome), old);
    assert!(matches!(outcome, Outcome::Set(token) if token.ttl() == LIFETIME));
    assert_eq!(service.store.calls(), [Call::Load, Call::Save]);
}

#[test]
fn an_outdated_record_is_saved_before_its_cookie_is_reissued() {
    let (service, old) = outdated(true);
    service.clock.advance(LIFETIME / 20);
    let outcome = service.commit(&service.open(&old));
    assert!(matches!(outcome, Outcome::Set(token) if token.ttl() == LIFETIME - LIFETIME / 20));
    assert_eq!(service.store.calls(), [Call::Load, Call::Save]);
}

#[test]
fn s38_a_sealed_record_is_no_session_for_a_driver_that_does_not_open_it() {
    for field in [r#""v1.AAAA""#, "7", "null", "{}"] {
        // In the form that is read quickly, and in another one.
        for space in ["", " "] {
            let service = Service::minimal(|builder| builder);
            let token = service.login();
            let slow = service.open(&token);
            let id = slow.id().unwrap();
            let json = format!(
                r#"{{{space}"id":"{}","data":{{"user":"eve"}},"sealed":{field},"exp":4102444800000}}"#,
                id.as_str()
            );
            let read = Record::from_json(&*json).unwrap();
            assert!(read.sealed_content().is_some(), "{json}");
            assert_eq!(Record::from_json(read.to_json()).unwrap(), read);
            service.store.insert(id.as_str(), &json);
            assert!(service.open(&token).is_new());
            assert!(block_on(service.manager.open_id(&id)).unwrap().is_none());
            // A save that was on its way finds no session to merge with.
            slow.put("n", 1).unwrap();
            assert_eq!(service.commit(&slow), Outcome::Keep);
            assert_eq!(service.store.json(id.as_str()), Some(json));
        }
    }
}
