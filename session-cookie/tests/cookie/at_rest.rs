//! Middleware reads a cookie only if somebody asks for the session, or if the cookie has to be written again.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue, header};
use pollster::block_on;
use session_core::{
    Builder, Event, Exchange, ManualClock, Secret, Session, SessionManager, Transport, Unfinished,
};

use crate::common::{NAME, builder, clock, keys, minutes, save, sign, visit};
use crate::{OTHER, SECRET, START};

fn finish(_: Unfinished) {
    panic!("no commit is dropped here");
}

/// A manager, and the names of its events.
struct Service {
    clock: ManualClock,
    manager: SessionManager,
    events: Arc<Mutex<Vec<&'static str>>>,
}

impl Service {
    fn new(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = clock(START);
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let builder = configure(builder(keys(SECRET), &clock));
        let builder = builder.observer(move |event: &Event<'_>| {
            seen.lock().unwrap().push(event.kind().name());
        });
        Self {
            clock,
            manager: builder.build().unwrap(),
            events,
        }
    }

    fn user(&self) -> String {
        let session = visit(&self.manager);
        session.put("user", 42).unwrap();
        save(&self.manager, &session)
    }

    /// Sends a request with these cookies. Returns the names of its events, and the headers of the response.
    fn request(&self, tokens: &[&str], handle: impl FnOnce(&Request)) -> (Vec<&str>, HeaderMap) {
        let mut headers = HeaderMap::new();
        for token in tokens {
            let cookie = format!("{NAME}={token}");
            headers.append(header::COOKIE, HeaderValue::from_str(&cookie).unwrap());
        }
        self.send(&headers, handle)
    }

    fn send(&self, headers: &HeaderMap, handle: impl FnOnce(&Request)) -> (Vec<&str>, HeaderMap) {
        self.events.lock().unwrap().clear();
        let exchange = Exchange::new(&self.manager, headers);
        exchange.open_now().expect("it never waits").unwrap();
        let opening = self.events.lock().unwrap().len();
        let request = Request { exchange, opening };
        handle(&request);
        let mut answer = HeaderMap::new();
        block_on(request.exchange.commit(&mut answer, finish)).unwrap();
        (std::mem::take(&mut *self.events.lock().unwrap()), answer)
    }
}

struct Request {
    exchange: Exchange<HeaderValue>,
    /// How many events there were before the handler ran.
    opening: usize,
}

impl Request {
    /// The session as an extractor takes it.
    fn session(&self) -> Session {
        block_on(self.exchange.session()).unwrap()
    }
}

fn user(session: &Session) -> Option<u32> {
    session.get("user").unwrap()
}

#[test]
fn a_record_is_read_when_somebody_asks() {
    let service = Service::new(|builder| builder);
    let token = service.user();
    let (events, answer) = service.request(&[&token], |_| {});
    assert_eq!((events, answer.len()), (vec![], 0), "nobody asked");

    let (events, answer) = service.request(&[&token], |request| {
        assert_eq!(request.opening, 0);
        assert_eq!(user(&request.session()), Some(42));
        assert_eq!(user(&request.session()), Some(42), "it is read once");
    });
    assert_eq!(events, ["loaded"]);
    assert_eq!(answer[header::VARY], "Cookie");

    let (events, _) = service.request(&[&token], |request| {
        block_on(request.exchange.scope(async {
            assert_eq!(user(&Session::current().unwrap()), Some(42));
            Session::current().unwrap().put("n", 1).unwrap();
            assert_eq!(
                request.session().get("n").unwrap(),
                Some(1),
                "it is one session"
            );
        }));
    });
    assert_eq!(events, ["loaded", "saved"]);
}

#[test]
fn a_record_that_needs_something_is_read_at_once() {
    let services = [
        Service::new(|builder| builder),
        Service::new(|builder| builder.absolute_lifetime(minutes(180))),
    ];
    for service in services {
        let token = service.user();
        service.clock.advance(minutes(12));
        let (events, answer) = service.request(&[&token], |request| assert_eq!(request.opening, 1));
        assert_eq!(events, ["loaded", "renewed"]);
        assert!(answer.contains_key(header::SET_COOKIE));

        service.clock.advance(minutes(109));
        let (events, _) = service.request(&[&token], |request| {
            assert!(request.session().is_new());
        });
        assert_eq!(events, ["expired"]);
    }
}

#[test]
fn the_absolute_end_is_seen_without_reading() {
    let service = Service::new(|builder| {
        builder
            .lifetime(minutes(100))
            .absolute_lifetime(minutes(100))
    });
    let token = service.user();
    service.clock.advance(minutes(99));
    let (events, _) = service.request(&[&token], |_| {});
    assert_eq!(events, [""; 0], "close to its end it cannot be renewed");
    service.clock.advance(minutes(1));
    let (events, _) = service.request(&[&token], |_| {});
    assert_eq!(events, ["expired"]);

    // The record does not say when its session began, and has to learn it.
    let undated = Service::new(|builder| builder).user();
    let dated = Service::new(|builder| builder.absolute_lifetime(minutes(180)));
    let (events, answer) = dated.request(&[&undated], |_| {});
    assert_eq!(events, ["loaded", "saved"]);
    assert!(answer.contains_key(header::SET_COOKIE));
}

#[test]
fn flash_ages_although_nobody_asks() {
    let service = Service::new(|builder| builder);
    let session = visit(&service.manager);
    session.flash("notice", "hello").unwrap();
    let token = save(&service.manager, &session);
    let (events, answer) = service.request(&[&token], |_| {});
    assert_eq!(events, ["loaded", "saved"]);
    let set_cookie = answer[header::SET_COOKIE].to_str().unwrap();
    let next = set_cookie[NAME.len() + 1..].split(';').next().unwrap();
    let (_, _) = service.request(&[next], |request| {
        assert!(request.session().all_flash().is_empty());
    });
}

#[test]
fn a_cookie_under_an_old_key_is_read_and_replaced() {
    let old = Service::new(|builder| builder);
    let token = old.user();
    let ring = keys(OTHER).with_previous(Secret::new(SECRET).unwrap());
    let manager = builder(ring, &old.clock).build().unwrap();
    let service = Service { manager, ..old };
    let (_, answer) = service.request(&[&token], |_| {});
    assert!(answer.contains_key(header::SET_COOKIE));
}

/// Nobody but the service signs cookies. A text that only looks like a record's end is found out when it is read.
#[test]
fn what_is_no_record_is_no_session_when_it_is_read() {
    let service = Service::new(|builder| builder);
    let good = service.user();
    for start in [
        "",
        "{",
        r#"{"id":"#,
        r#"{"id":1,"data":{}"#,
        r#"{"id":"a","data":{"a":}"#,
        r#"{"id":"a","data":[]"#,
        r#"{"id":"a","data":{},"moved":true"#,
        r#"{"id":"a","data":{},"sealed":"x""#,
    ] {
        let json = format!(r#"{start},"flash_next":{{}},"exp":{}}}"#, START + 7_000_000);
        let token = sign(&keys(SECRET), &json);
        let (events, answer) = service.request(&[&token], |_| {});
        assert_eq!((events, answer.len()), (vec![], 0), "{json}");
        service.request(&[&token], |request| {
            let session = request.session();
            assert!(session.is_new() && session.all().is_empty(), "{json}");
        });
        // The next cookie of that name counts.
        service.request(&[&token, &good], |request| {
            assert_eq!(user(&request.session()), Some(42), "{json}");
        });
    }
}

#[test]
fn who_asks_after_the_commit_can_only_read() {
    let service = Service::new(|builder| builder);
    let token = service.user();
    let mut late = None;
    service.request(&[&token], |request| late = Some(request.exchange.clone()));
    let session = block_on(late.unwrap().session()).unwrap();
    assert_eq!(user(&session), Some(42));
    assert!(session.put("n", 1).is_err());
}

#[test]
fn a_background_request_stays_one() {
    let service = Service::new(|builder| builder);
    let token = service.user();
    service.clock.advance(minutes(6));
    let (events, answer) = service.request(&[&token], |request| {
        request.exchange.background();
        service.clock.advance(minutes(6));
        assert_eq!(user(&request.session()), Some(42));
    });
    assert_eq!(events, ["loaded"]);
    assert!(!answer.contains_key(header::SET_COOKIE));
}

/// Two tasks of one request ask at once: both get one session.
#[test]
fn two_tasks_that_ask_at_once_share_the_session() {
    let service = Service::new(|builder| builder);
    let token = service.user();
    for _ in 0..200 {
        service.request(&[&token], |request| {
            std::thread::scope(|scope| {
                let one = scope.spawn(|| request.session().put("one", 1).unwrap());
                let two = scope.spawn(|| request.session().put("two", 2).unwrap());
                (one.join().unwrap(), two.join().unwrap())
            });
            let session = request.session();
            assert_eq!(session.get("one").unwrap(), Some(1));
            assert_eq!(session.get("two").unwrap(), Some(2));
        });
    }
}

/// The way back is that of the token, also for a session that is read late.
#[test]
fn a_token_from_the_header_goes_back_in_the_header() {
    let service = Service::new(|builder| builder.transport(Transport::Both));
    let token = service.user();
    for (name, value, back) in [
        (
            header::AUTHORIZATION,
            format!("Bearer {token}"),
            "x-session-token",
        ),
        (header::COOKIE, format!("{NAME}={token}"), "set-cookie"),
    ] {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_str(&value).unwrap())]);
        let (events, answer) = service.send(&headers, |request| {
            request.session().put("n", 1).unwrap();
        });
        assert_eq!(events, ["loaded", "saved"]);
        for header in ["x-session-token", "set-cookie"] {
            assert_eq!(answer.contains_key(header), header == back, "{header}");
        }
    }
}

#[cfg(feature = "encrypted")]
mod encrypted {
    use session_cookie::CookieDriver;
    use session_core::{CookieOptions, KeyRing};

    use super::*;

    /// Returns a service with the settings of [`Service::new`] and another driver.
    fn service(ring: KeyRing) -> Service {
        let plain = Service::new(|builder| builder);
        let events = Arc::clone(&plain.events);
        let driver = CookieDriver::encrypted(&ring).padded(true);
        let manager = SessionManager::builder(driver, ring)
            .cookie(CookieOptions::default().name(NAME).secure(false))
            .clock(plain.clock.clone())
            .observer(move |event: &Event<'_>| events.lock().unwrap().push(event.kind().name()))
            .build()
            .unwrap();
        Service { manager, ..plain }
    }

    #[test]
    fn an_encrypted_record_is_read_when_somebody_asks() {
        let service = service(keys(SECRET));
        let token = service.user();
        let (events, _) = service.request(&[&token], |_| {});
        assert_eq!(events, [""; 0]);
        let (events, _) = service.request(&[&token], |request| {
            assert_eq!(user(&request.session()), Some(42));
        });
        assert_eq!(events, ["loaded"]);
    }

    #[test]
    fn a_record_under_an_old_key_is_read_and_encrypted_anew() {
        let token = service(keys(SECRET)).user();
        let both = service(keys(OTHER).with_previous(Secret::new(SECRET).unwrap()));
        let (_, answer) = both.request(&[&token], |_| {});
        let set_cookie = answer[header::SET_COOKIE].to_str().unwrap();
        let token = set_cookie[NAME.len() + 1..].split(';').next().unwrap();
        service(keys(OTHER)).request(&[token], |request| {
            assert_eq!(user(&request.session()), Some(42), "no old key is needed");
        });
    }
}
