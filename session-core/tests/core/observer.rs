//! Events for code: every event reaches the observer, with its fields, and nothing that is secret.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use pollster::block_on;
use session_core::{Builder, Driver, Event, Record, SessionId};
use test_support::Log;

use crate::common::{Call, LIFETIME, SECRET, Service, id_of, signed};

/// What an observer saw.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Noted {
    kind: &'static str,
    id: String,
    owner: String,
    /// The reason of a refusal, or the message of an error.
    detail: String,
    is_timed: bool,
}

impl Noted {
    /// What an event of the session with this token should look like.
    fn of(token: &str, case: &Case) -> Self {
        let id = if case.has_id { &id_of(token)[..8] } else { "" };
        Self {
            kind: case.kind,
            id: id.to_owned(),
            owner: case.owner.to_owned(),
            detail: case.detail.to_owned(),
            is_timed: case.is_timed,
        }
    }
}

/// Everything that an observer saw, and how `Debug` shows it.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(Noted, String)>>>);

impl Notes {
    /// Owns sessions by `user`, and observes them.
    fn watch(&self, builder: Builder) -> Builder {
        let notes = self.0.clone();
        let observer = move |event: &Event<'_>| {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            let error = event.error().map(ToString::to_string);
            let noted = Noted {
                kind: event.kind().name(),
                id: text(event.id()),
                owner: text(event.owner()),
                detail: text(event.reason().or(error.as_deref())),
                is_timed: event.duration().is_some(),
            };
            notes.lock().unwrap().push((noted, format!("{event:?}")));
        };
        builder.owner_key("user").observer(observer)
    }

    fn take(&self) -> Vec<(Noted, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// An event, and a story that causes it. The story returns the token of the session that the event is about.
struct Case {
    kind: &'static str,
    has_id: bool,
    owner: &'static str,
    detail: &'static str,
    is_timed: bool,
    story: Story,
}

enum Story {
    /// With a store that forgets expired records.
    Memory(fn(&Service) -> String),
    /// With a store that keeps whatever it holds.
    Keeping(fn(&Service<crate::common::MinimalDriver>) -> String),
}

/// Builds a case of an event that has an id, an owner and a duration.
const fn case(kind: &'static str, story: fn(&Service) -> String) -> Case {
    Case {
        kind,
        has_id: true,
        owner: "ada",
        detail: "",
        is_timed: true,
        story: Story::Memory(story),
    }
}

/// Builds a case of an event without an id and an owner.
const fn anonymous(
    kind: &'static str,
    detail: &'static str,
    is_timed: bool,
    story: fn(&Service) -> String,
) -> Case {
    Case {
        has_id: false,
        owner: "",
        detail,
        is_timed,
        ..case(kind, story)
    }
}

const CASES: &[Case] = &[
    case("created", |service| service.login()),
    case("loaded", |service| {
        let token = service.login();
        service.open(&token);
        token
    }),
    case("loaded", |service| {
        let token = service.login();
        let id: SessionId = service.open(&token).id().unwrap();
        block_on(service.manager.open_id(&id)).unwrap().unwrap();
        token
    }),
    case("loaded", |service| {
        let token = service.login();
        let session = service.open(&token);
        assert!(block_on(session.reload()).unwrap());
        token
    }),
    case("saved", |service| {
        let token = service.login();
        let session = service.open(&token);
        session.put("pin", "hunter2").unwrap();
        service.save(&session)
    }),
    case("renewed", |service| {
        let token = service.login();
        service.clock.advance(LIFETIME * 2 / 3);
        service.save(&service.open(&token))
    }),
    case("regenerated", |service| {
        let session = service.open(&service.login());
        session.regenerate().unwrap();
        service.save(&session)
    }),
    case("destroyed", |service| {
        let token = service.login();
        let session = service.open(&token);
        session.destroy().unwrap();
        service.commit(&session);
        token
    }),
    case("revoked", |service| {
        let token = service.login();
        block_on(service.manager.revoke_all_of("ada", None)).unwrap();
        token
    }),
    Case {
        owner: "",
        ..case("revoked", |service| {
            let token = service.login();
            let id = service.open(&token).id().unwrap();
            block_on(service.manager.revoke(&id)).unwrap();
            token
        })
    },
    Case {
        story: Story::Keeping(|service| {
            let token = service.login();
            service.clock.advance(LIFETIME);
            service.open(&token);
            token
        }),
        ..case("expired", |service| service.login())
    },
    Case {
        owner: "",
        ..case("moved", |service| {
            let token = service.login();
            let session = service.open(&token);
            session.regenerate().unwrap();
            service.save(&session);
            service.open(&token);
            token
        })
    },
    anonymous(
        "refused_invalid",
        "no key of the ring signed it",
        false,
        |service| {
            let token = service.login();
            let (id, signature) = token.rsplit_once('.').unwrap();
            let forged: String = signature.chars().rev().collect();
            service.open(&format!("{id}.{forged}"));
            token
        },
    ),
    anonymous(
        "refused_unreadable",
        "cookies are joined by commas, not by semicolons",
        false,
        |service| {
            let mut headers = http::HeaderMap::new();
            headers.insert("cookie", "a=b, session=c".parse().unwrap());
            block_on(service.manager.open_headers(&headers)).unwrap();
            service.login()
        },
    ),
    anonymous("refused_unknown", "", true, |service| {
        let token = signed("unknown-0123456789");
        service.open(&token);
        token
    }),
    Case {
        owner: "",
        story: Story::Keeping(|service| {
            let id = "sealed-0123456789";
            let json = format!(r#"{{"id":"{id}","data":{{}},"flash_next":{{}},"sealed":"c2Vj"}}"#);
            service.store.insert(id, &json);
            service.open(&signed(id));
            signed(id)
        }),
        ..case("refused_sealed", |service| service.login())
    },
    Case {
        is_timed: false,
        ..case("conflict", |service| {
            let token = service.login();
            let [fast, slow] = [service.open(&token), service.open(&token)];
            fast.put("a", 1).unwrap();
            slow.put("b", 2).unwrap();
            service.save(&fast);
            service.save(&slow)
        })
    },
    Case {
        is_timed: false,
        ..case("late_write_dropped", |service| {
            let token = service.login();
            let [slow, logout] = [service.open(&token), service.open(&token)];
            slow.put("a", 1).unwrap();
            logout.destroy().unwrap();
            service.commit(&logout);
            service.commit(&slow);
            token
        })
    },
    anonymous(
        "load_failed",
        "the session store is unavailable",
        true,
        |service| {
            let token = service.login();
            service.store.fail(&[Call::Load]);
            service.open(&token);
            token
        },
    ),
    Case {
        detail: "the session store is unavailable",
        ..case("save_failed", |service| {
            let token = service.login();
            let session = service.open(&token);
            session.put("pin", "hunter2").unwrap();
            service.store.fail(&[Call::Save]);
            assert!(block_on(service.manager.commit(&session)).is_err());
            token
        })
    },
];

/// Security checklist, statements 26 and 27.
#[test]
fn s27_every_event_reaches_the_observer_with_its_fields() {
    let mut kinds = BTreeSet::new();
    for case in CASES {
        let notes = Notes::default();
        let token = match case.story {
            Story::Memory(story) => story(&Service::with(|builder| notes.watch(builder))),
            Story::Keeping(story) => story(&Service::minimal(|builder| notes.watch(builder))),
        };
        let noted = notes.take();
        let last = noted
            .iter()
            .rev()
            .find(|(noted, _)| noted.kind == case.kind);
        let (event, _) = last.unwrap_or_else(|| panic!("no event {}: {noted:?}", case.kind));
        assert_eq!(*event, Noted::of(&token, case));
        for (_, debug) in &noted {
            for secret in [id_of(&token), "hunter2", &SECRET[..12]] {
                assert!(!debug.contains(secret), "{secret} in {debug}");
            }
        }
        kinds.insert(case.kind);
    }
    assert_eq!(kinds.len(), 17, "an event has no case: {kinds:?}");
}

/// A metric of the store's latency counts each load and each save once.
#[test]
fn each_load_and_each_save_has_one_event_with_a_duration() {
    let notes = Notes::default();
    let service = Service::with(|builder| notes.watch(builder));
    let token = service.login();
    let session = service.open(&token);
    session.put("a", 1).unwrap();
    service.save(&session);
    service.save(&service.open(&token));
    let timed = notes.take().into_iter().filter(|(noted, _)| noted.is_timed);
    let kinds: Vec<_> = timed.map(|(noted, _)| noted.kind).collect();
    assert_eq!(kinds, ["created", "loaded", "saved", "loaded"]);
}

#[test]
fn an_event_says_for_how_long_its_session_is_remembered() {
    let lifetimes = Arc::new(Mutex::new(Vec::new()));
    let seen = lifetimes.clone();
    let observer = move |event: &Event<'_>| {
        let noted = (event.kind().name(), event.remembered_for());
        seen.lock().unwrap().push(noted);
    };
    let service = Service::with(|builder| builder.observer(observer));
    let token = service.login();
    let session = service.open(&token);
    session.remember_for(LIFETIME * 7).unwrap();
    service.save(&session);
    let session = service.open(&token);
    session.forget_me().unwrap();
    service.save(&session);
    let remembered = Some(LIFETIME * 7);
    assert_eq!(
        *lifetimes.lock().unwrap(),
        [
            ("created", None),
            ("loaded", None),
            ("saved", remembered),
            ("loaded", remembered),
            ("saved", None),
        ]
    );
}

/// Also when the most sessions of an owner are exceeded.
#[test]
fn a_session_that_is_one_too_many_is_revoked() {
    let notes = Notes::default();
    let service = Service::with(|builder| notes.watch(builder).sessions_per_owner(1));
    let first = service.login();
    service.clock.advance(LIFETIME / 100);
    service.login();
    let events = notes.take().into_iter().map(|(noted, _)| noted);
    let revoked: Vec<_> = events.filter(|noted| noted.kind == "revoked").collect();
    assert_eq!(revoked.len(), 1);
    assert_eq!(
        (&*revoked[0].id, &*revoked[0].owner),
        (&id_of(&first)[..8], "ada")
    );
}

#[test]
fn an_observer_that_panics_loses_no_session() {
    let service = Service::with(|builder| builder.observer(|_: &Event<'_>| panic!("boom")));
    let log = Log::capture();
    let token = service.login();
    let session = service.open(&token);
    session.put("a", 1).unwrap();
    service.save(&session);
    assert!(
        log.text()
            .contains("ERROR session: session observer panicked")
    );
    let loaded = block_on(service.store.load(id_of(&token)))
        .unwrap()
        .unwrap();
    let record: Record = loaded.record;
    assert_eq!(record.data().to_json(), r#"{"a":1,"user":"ada"}"#);
}
