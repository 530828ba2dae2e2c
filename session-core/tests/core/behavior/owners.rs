//! The sessions of one owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pollster::block_on;
use session_core::{
    Builder, Driver, Error, ErrorKind, Expected, Loaded, ManualClock, MemoryDriver, Outcome,
    Record, Saved, Secret, Session, SessionId, SessionManager, SystemClock, Timestamp, async_trait,
};

use crate::common::MinimalDriver;

struct Users {
    manager: SessionManager,
    clock: ManualClock,
}

impl Users {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = ManualClock::new(Timestamp::from_millis(1_700_000_000_000));
        let driver = Arc::new(MemoryDriver::new().with_clock(clock.clone()));
        let builder = SessionManager::builder(driver, Secret::generate().unwrap())
            .owner_key("user")
            .clock(clock.clone());
        let manager = settings(builder).build().unwrap();
        Self { manager, clock }
    }

    fn commit(&self, session: &Session) -> Option<String> {
        match block_on(self.manager.commit(session)).unwrap() {
            Outcome::Set(token) => Some(token.as_str().to_owned()),
            Outcome::Keep | Outcome::Clear => None,
        }
    }

    fn open(&self, token: &str) -> Session {
        block_on(self.manager.open([token])).unwrap()
    }

    /// Logs `user` in from a new browser a second later, and returns its token.
    fn log_in(&self, user: &str) -> String {
        self.clock.advance(Duration::from_secs(1));
        let session = block_on(self.manager.open(None)).unwrap();
        session.put("user", user).unwrap();
        self.commit(&session).unwrap()
    }

    fn of(&self, user: &str) -> Vec<Record> {
        block_on(self.manager.sessions_of(user)).unwrap()
    }

    fn is_live(&self, token: &str) -> bool {
        !self.open(token).is_new()
    }
}

/// Security checklist, statement 37: a user's sessions can be listed and ended, all but one.
#[test]
fn s37_the_sessions_of_a_user_are_listed_and_ended() {
    let users = Users::new();
    let tokens = [
        users.log_in("ada"),
        users.log_in("ada"),
        users.log_in("ada"),
    ];
    let other = users.log_in("bob");
    let listed = users.of("ada");
    assert_eq!(listed.len(), 3);
    let first = &listed[0];
    let began = Timestamp::from_millis(1_700_000_001_000);
    assert_eq!(
        (first.created_at(), first.owned_at(), first.saved_at()),
        (Some(began), Some(began), Some(began))
    );
    assert_eq!(
        first.data().get::<String>("user").unwrap().as_deref(),
        Some("ada")
    );

    let kept = users.open(&tokens[1]).peek_id().unwrap();
    assert_eq!(
        block_on(users.manager.revoke_all_of("ada", Some(&kept))).unwrap(),
        2
    );
    assert_eq!(
        tokens.each_ref().map(|token| users.is_live(token)),
        [false, true, false]
    );
    assert!(users.is_live(&other));
    assert_eq!(
        block_on(users.manager.revoke_all_of("ada", None)).unwrap(),
        1
    );
    assert_eq!(users.of("ada").len(), 0);
    assert_eq!(
        block_on(users.manager.revoke_all_of("nobody", None)).unwrap(),
        0
    );
}

#[test]
fn an_owner_may_be_a_number() {
    let users = Users::new();
    let session = block_on(users.manager.open(None)).unwrap();
    session.put("user", 42).unwrap();
    users.commit(&session);
    assert_eq!(
        block_on(users.manager.sessions_of(42)).unwrap(),
        users.of("42")
    );
    assert_eq!(block_on(users.manager.revoke_all_of(42, None)).unwrap(), 1);
    assert_eq!(users.of("42").len(), 0);
}

#[test]
fn the_owner_follows_the_data() {
    let users = Users::new();
    let token = users.log_in("ada");
    let session = users.open(&token);
    session.put("user", 42).unwrap();
    users.clock.advance(Duration::from_secs(5));
    users.commit(&session);
    assert_eq!((users.of("ada").len(), users.of("42").len()), (0, 1));
    let owned_at = users.of("42")[0].owned_at();
    assert_eq!(owned_at, Some(Timestamp::from_millis(1_700_000_006_000)));

    // A write of something else keeps the time of the login, and so does another id.
    users.clock.advance(Duration::from_secs(5));
    let session = users.open(&token);
    session.put("theme", "dark").unwrap();
    session.regenerate().unwrap();
    let token = users.commit(&session).unwrap();
    let record = &users.of("42")[0];
    assert_eq!(record.owned_at(), owned_at);
    assert_eq!(
        record.saved_at(),
        Some(Timestamp::from_millis(1_700_000_011_000))
    );
    assert_eq!(
        users.of("42").len(),
        1,
        "the record under the old id has no owner"
    );

    let session = users.open(&token);
    session.forget("user").unwrap();
    users.commit(&session);
    assert_eq!(users.of("42").len(), 0);
    assert!(users.is_live(&token));
}

#[test]
fn a_merge_keeps_the_owner_that_another_request_set() {
    let users = Users::new();
    let session = block_on(users.manager.open(None)).unwrap();
    session.put("cart", 1).unwrap();
    let token = users.commit(&session).unwrap();
    let (login, slow) = (users.open(&token), users.open(&token));
    login.put("user", "ada").unwrap();
    slow.put("cart", 2).unwrap();
    users.commit(&login);
    users.commit(&slow);
    let record = &users.of("ada")[0];
    assert_eq!(record.data().get::<u32>("cart").unwrap(), Some(2));
    assert!(record.owned_at().is_some());
}

#[test]
fn a_renewed_or_remembered_session_stays_in_the_list() {
    let users = Users::new();
    let token = users.log_in("ada");
    for _ in 0..10 {
        users.clock.advance(Duration::from_secs(100 * 60));
        users.commit(&users.open(&token));
        assert_eq!(users.of("ada").len(), 1);
    }
    users.clock.advance(Duration::from_secs(121 * 60));
    assert_eq!(users.of("ada").len(), 0);
}

#[test]
fn the_session_that_logged_in_first_ends_when_there_is_one_too_many() {
    let users = Users::with(|builder| builder.sessions_per_owner(2));
    let tokens = [users.log_in("ada"), users.log_in("ada")];
    // A visit of the oldest does not make it younger.
    let session = users.open(&tokens[0]);
    session.put("seen", true).unwrap();
    users.commit(&session);
    let third = users.log_in("ada");
    assert_eq!(
        tokens.each_ref().map(|token| users.is_live(token)),
        [false, true]
    );
    assert!(users.is_live(&third));

    // Neither writes nor another id count as a login.
    let session = users.open(&third);
    session.put("seen", true).unwrap();
    session.regenerate().unwrap();
    users.commit(&session);
    assert_eq!(users.of("ada").len(), 2);
    assert!(users.is_live(&tokens[1]));
}

#[test]
fn a_value_that_is_no_owner_is_an_error_and_changes_nothing() {
    let users = Users::new();
    let token = users.log_in("ada");
    let session = users.open(&token);
    for error in [
        session
            .put("user", serde_json::json!({"id": 1}))
            .unwrap_err(),
        session.put("user", true).unwrap_err(),
        session.put("user", ["ada"]).unwrap_err(),
    ] {
        assert_eq!(
            (error.kind(), error.key()),
            (ErrorKind::Invalid, Some("user"))
        );
    }
    assert_eq!(
        session.get::<String>("user").unwrap().as_deref(),
        Some("ada")
    );
    session.put("user", None::<u32>).unwrap();
    users.commit(&session);
    assert_eq!(users.of("ada").len(), 0);
}

#[test]
fn without_an_owner_key_or_an_index_nothing_can_be_listed() {
    let secret = || Secret::generate().unwrap();
    let no_key = SessionManager::builder(MemoryDriver::new(), secret()).build();
    let error = block_on(no_key.unwrap().sessions_of("ada")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "set `Builder::owner_key`");

    let no_index = SessionManager::builder(MinimalDriver::default(), secret()).owner_key("user");
    let error = block_on(no_index.build().unwrap().revoke_all_of("ada", None)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        source,
        "the driver has no index of owners: use Redis, SQL or memory"
    );
}

#[test]
fn impossible_settings_of_owners_are_rejected() {
    let rejected = |settings: fn(Builder) -> Builder| {
        let builder = SessionManager::builder(MemoryDriver::new(), Secret::generate().unwrap());
        settings(builder).build().unwrap_err().to_string()
    };
    assert_eq!(
        rejected(|builder| builder.owner_key("")),
        "owner key: is empty; use the data key that holds the user, such as `user_id`"
    );
    assert_eq!(
        rejected(|builder| builder.sessions_per_owner(3)),
        "sessions per owner: has no owner key; set the owner key too"
    );
    assert_eq!(
        rejected(|builder| builder.owner_key("user").sessions_per_owner(0)),
        "sessions per owner: is zero; use at least 1"
    );
}

/// Its index names a new id before the record is stored, as Redis does. The session gets that id just
/// after somebody found nothing under it.
#[derive(Debug)]
struct IndexFirst {
    memory: MemoryDriver,
    has_moved: AtomicBool,
}

#[async_trait]
impl Driver for IndexFirst {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        let loaded = self.memory.load(handle).await;
        if handle == "a new id" && !self.has_moved.swap(true, Ordering::Relaxed) {
            store(&self.memory, "a new id").await;
            self.memory.destroy(&id("an old id")).await?;
        }
        loaded
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.memory.save(record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.memory.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        true
    }

    async fn owned_by(&self, _: &str) -> Result<Option<Vec<SessionId>>, Error> {
        Ok(Some(vec![id("a new id"), id("an old id")]))
    }
}

fn id(text: &str) -> SessionId {
    SessionId::from_stored(text).unwrap()
}

async fn store(driver: &MemoryDriver, id: &str) {
    let json = format!(r#"{{"id":"{id}","data":{{"user":"ada"}}}}"#);
    let ttl = Duration::from_secs(60);
    let ends_at = session_core::Clock::now(&SystemClock) + ttl;
    let record = Record::from_json(json).unwrap().expiring_at(ends_at);
    let saved = driver.save(&record, Expected::Absent, ttl).await.unwrap();
    assert!(matches!(saved, Saved::Done { .. }));
}

#[test]
fn a_session_that_gets_an_id_that_was_listed_before_is_found_and_revoked() {
    let manager = || {
        let memory = MemoryDriver::new();
        block_on(store(&memory, "an old id"));
        let driver = IndexFirst {
            memory,
            has_moved: AtomicBool::new(false),
        };
        let builder = SessionManager::builder(driver, Secret::generate().unwrap());
        builder.owner_key("user").build().unwrap()
    };
    let found = block_on(manager().sessions_of("ada")).unwrap();
    let found: Vec<_> = found.iter().map(|record| record.id().as_str()).collect();
    assert_eq!(found, ["a new id"]);
    assert_eq!(block_on(manager().revoke_all_of("ada", None)).unwrap(), 1);
}

/// Both requests loaded the login. The one that is late did not log in itself, so its copy would be a session that is older
/// than the call and lives on.
#[test]
fn a_second_new_id_of_one_login_does_not_survive_a_revocation() {
    for revokes in [true, false] {
        let users = Users::new();
        let token = users.log_in("ada");
        let (first, late) = (users.open(&token), users.open(&token));
        first.regenerate().unwrap();
        late.regenerate().unwrap();
        users.commit(&first).unwrap();
        if revokes {
            block_on(users.manager.revoke_all_of("ada", None)).unwrap();
        }
        assert_eq!(users.commit(&late), None, "its client has the other answer");
        assert_eq!(users.of("ada").len(), usize::from(!revokes));
    }
    // A login of its own is younger than the call.
    let users = Users::new();
    let token = users.log_in("ada");
    let (first, late) = (users.open(&token), users.open(&token));
    first.regenerate().unwrap();
    users.commit(&first).unwrap();
    block_on(users.manager.revoke_all_of("ada", None)).unwrap();
    late.regenerate().unwrap();
    late.put("user", "ada").unwrap();
    assert!(users.commit(&late).is_some());
    assert_eq!(users.of("ada").len(), 1);
}
