//! What an older secret sealed.

use session_core::{Outcome, Session};
use test_support::Call;

use crate::common::{
    LIFETIME, Store, both_keys, commit, log_in, new_keys, old_keys, open, token, user,
};

/// A session that the old secret sealed and signed, while the secret changes.
struct Rotation {
    store: Store,
    token: String,
}

impl Rotation {
    fn begin() -> Self {
        let store = Store::new();
        let token = log_in(&store.sealed(&old_keys()));
        Self { store, token }
    }

    /// Runs a request of a client whose cookie the new secret signed already.
    fn request(&self, handler: impl FnOnce(&Session)) -> Outcome {
        let manager = self.store.sealed(&both_keys());
        let session = open(&manager, &self.resigned());
        assert_eq!(session.get("user").unwrap(), Some("ada".to_owned()));
        handler(&session);
        self.store.driver.calls();
        commit(&manager, &session)
    }

    fn resigned(&self) -> String {
        let (id, _) = self.token.rsplit_once('.').unwrap();
        new_keys().sign(id.to_owned())
    }

    /// Returns `true` if the record opens without the old secret.
    fn is_done(&self) -> bool {
        let manager = self.store.sealed(&new_keys());
        user(&manager, &self.resigned()).is_some()
    }
}

#[test]
fn s38_a_write_seals_anew() {
    let rotation = Rotation::begin();
    rotation.request(|session| session.put("cart", 1).unwrap());
    assert!(rotation.is_done());
}

#[test]
fn s38_a_renewal_seals_anew_instead_of_touching() {
    let rotation = Rotation::begin();
    rotation.store.clock.advance(LIFETIME / 2);
    let outcome = rotation.request(|_| {});
    assert!(matches!(outcome, Outcome::Set(issued) if issued.ttl() == LIFETIME));
    assert_eq!(rotation.store.driver.calls(), [Call::Save]);
    assert!(rotation.is_done());
    // From then on the record is touched.
    rotation.store.clock.advance(LIFETIME / 2);
    rotation.request(|_| {});
    assert_eq!(rotation.store.driver.calls(), [Call::Touch]);
}

#[test]
fn s38_reissuing_the_cookie_seals_anew_and_extends_nothing() {
    let rotation = Rotation::begin();
    let Rotation { store, token: old } = &rotation;
    store.clock.advance(LIFETIME / 20);
    let ends = store.stored(old).expires_at();
    let manager = store.sealed(&both_keys());
    let session = open(&manager, old);
    store.driver.calls();
    let issued = token(&commit(&manager, &session)).unwrap();
    assert_eq!(store.driver.calls(), [Call::Save]);
    assert_eq!(issued, rotation.resigned());
    assert_eq!(store.stored(old).expires_at(), ends);
    assert!(rotation.is_done());
    assert_eq!(commit(&manager, &open(&manager, &issued)), Outcome::Keep);
}

#[test]
fn a_read_with_a_new_cookie_writes_nothing() {
    let rotation = Rotation::begin();
    assert_eq!(rotation.request(|_| {}), Outcome::Keep);
    assert!(rotation.store.driver.calls().is_empty());
    assert!(!rotation.is_done());
}

#[test]
fn a_regenerated_session_is_sealed_anew_and_its_moved_record_too() {
    let rotation = Rotation::begin();
    let outcome = rotation.request(|session| session.regenerate().unwrap());
    let manager = rotation.store.sealed(&new_keys());
    let issued = token(&outcome).unwrap();
    assert_eq!(user(&manager, &issued).as_deref(), Some("ada"));
    // A straggler with the old id meets the moved record, so what it writes is dropped.
    let straggler = open(&manager, &rotation.resigned());
    assert!(straggler.all().is_empty());
    straggler.put("cart", 1).unwrap();
    assert_eq!(commit(&manager, &straggler), Outcome::Keep);
}

/// The session ended while the request that would have sealed it anew was running.
#[test]
fn a_session_that_ended_meanwhile_is_not_sealed_anew() {
    let rotation = Rotation::begin();
    let manager = rotation.store.sealed(&both_keys());
    let (slow, logout) = (
        open(&manager, &rotation.token),
        open(&manager, &rotation.token),
    );
    logout.destroy().unwrap();
    commit(&manager, &logout);
    assert_eq!(commit(&manager, &slow), Outcome::Keep);
    assert!(rotation.store.driver.driver.is_empty());
}

#[test]
fn s38_nothing_opens_once_its_secret_is_gone() {
    let rotation = Rotation::begin();
    let manager = rotation.store.sealed(&new_keys());
    assert!(
        open(&manager, &rotation.token).is_new(),
        "the signature is old"
    );
    assert!(
        open(&manager, &rotation.resigned()).is_new(),
        "the seal is old"
    );
}
