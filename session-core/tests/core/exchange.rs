//! One request's passage through a middleware: lazy opening by several tasks, nested layers, handlers that fail.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use session_core::testing::{TestSessions, Visitor};
use session_core::{
    ClearSiteData, CookieOptions, Driver, Error, ErrorKind, Exchange, Expected, Loaded,
    MemoryDriver, Opening, Record, Saved, Secret, Session, SessionId, SessionManager, Unfinished,
    async_trait,
};
use test_support::probe::Probe;

fn finish(_: Unfinished) {
    panic!("no commit is dropped here");
}

fn headers(visitor: &Visitor) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::COOKIE,
        HeaderValue::from_str(&visitor.cookie()).unwrap(),
    );
    headers
}

/// A driver of whose loads every other one meets the test twice: when it is done, and when it may return.
#[derive(Debug)]
struct Late {
    driver: MemoryDriver,
    loads: AtomicUsize,
    barrier: Barrier,
}

#[async_trait]
impl Driver for Late {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        let loaded = self.driver.load(handle).await;
        if self.loads.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            self.barrier.wait();
            self.barrier.wait();
        }
        loaded
    }

    async fn save(
        &self,
        record: &Record,
        expected: Expected<'_>,
        ttl: Duration,
    ) -> Result<Saved, Error> {
        self.driver.save(record, expected, ttl).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
        self.driver.destroy(id).await
    }

    fn can_revoke(&self) -> bool {
        true
    }
}

/// Two tasks of one request open its session at once, and the commit begins before the second is done.
#[test]
fn lazy_opening_loses_no_acknowledged_write() {
    let driver = Arc::new(Late {
        driver: MemoryDriver::new(),
        loads: AtomicUsize::new(0),
        barrier: Barrier::new(2),
    });
    let manager = SessionManager::builder(Arc::clone(&driver), Secret::generate().unwrap())
        .opening(Opening::Lazy)
        .build()
        .unwrap();
    let session = pollster::block_on(manager.open(None)).unwrap();
    session.put("n", 0).unwrap();
    let outcome = pollster::block_on(manager.commit(&session)).unwrap();
    let mut headers = HeaderMap::new();
    let set_cookie = manager.set_cookie(&outcome).unwrap();
    let cookie = set_cookie.split(';').next().unwrap();
    headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
    for n in 1..2_000 {
        let exchange = Exchange::new(&manager, &headers);
        std::thread::scope(|scope| {
            scope.spawn(|| pollster::block_on(exchange.session()).map(drop).unwrap());
            driver.barrier.wait();
            let session = pollster::block_on(exchange.session()).unwrap();
            session.put("n", n).unwrap();
            driver.barrier.wait();
            pollster::block_on(exchange.commit(&mut HeaderMap::new(), finish)).unwrap();
        });
        let id = session.id().unwrap();
        let stored = pollster::block_on(driver.driver.load(id.as_str())).unwrap();
        assert_eq!(stored.unwrap().record.data().get("n").unwrap(), Some(n));
    }
}

fn manager(name: &str) -> SessionManager {
    SessionManager::builder(MemoryDriver::new(), Secret::generate().unwrap())
        .cookie(CookieOptions::default().name(name))
        .build()
        .unwrap()
}

/// Security checklist, statement 40.
#[test]
fn s40_layers_of_different_sessions_work_side_by_side() {
    pollster::block_on(async {
        let (shop, admin) = (manager("shop"), manager("admin"));
        let none = HeaderMap::new();
        let mut outer = Exchange::new(&shop, &none);
        assert!(outer.nest(None).unwrap());
        let mut inner = Exchange::new(&admin, &none);
        assert!(inner.nest(Some(&outer)).unwrap());
        inner.session().await.unwrap().put("who", "admin").unwrap();
        outer.session().await.unwrap().put("who", "shop").unwrap();
        let mut response = HeaderMap::new();
        inner.commit(&mut response, finish).await.unwrap();
        outer.commit(&mut response, finish).await.unwrap();
        let cookies: Vec<_> = response.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(cookies.len(), 2);
        assert!(cookies[0].to_str().unwrap().starts_with("admin="));
        assert!(cookies[1].to_str().unwrap().starts_with("shop="));
    });
}

/// Security checklist, statement 40.
#[test]
fn s40_a_layer_of_other_sessions_with_the_same_cookie_name_is_an_error() {
    let none = HeaderMap::new();
    let outer = Exchange::new(&manager("session"), &none);
    let mut inner = Exchange::new(&manager("session"), &none);
    let error = inner.nest(Some(&outer)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Nested);
    assert_eq!(error.status(), 500);
}

/// Security checklist, statement 40: the handler would get the session in between.
#[test]
fn s40_a_layer_with_other_sessions_between_itself_is_an_error() {
    let (shop, none) = (manager("shop"), HeaderMap::new());
    let outer = Exchange::new(&shop, &none);
    let mut between = Exchange::new(&manager("admin"), &none);
    assert!(between.nest(Some(&outer)).unwrap());
    let mut inner = Exchange::new(&shop, &none);
    let error = inner.nest(Some(&between)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Nested);
}

/// What a handler did that then failed without a response.
async fn without_response(visitor: &Visitor, sessions: &TestSessions, write: fn(&Session)) {
    let exchange = Exchange::new(&sessions.manager(), &headers(visitor));
    exchange.open().await.unwrap();
    write(&exchange.session().await.unwrap());
    exchange.commit_without_response(finish).await;
}

#[test]
fn without_a_response_no_id_changes() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let visitor = sessions.visitor(|session| session.put("n", 0)).await;

        without_response(&visitor, &sessions, |session| session.put("n", 1).unwrap()).await;
        assert_eq!(visitor.session().await.get("n").unwrap(), Some(1));

        without_response(&visitor, &sessions, |session| {
            session.regenerate().unwrap();
            session.put("user", "ada").unwrap();
        })
        .await;
        let session = visitor.session().await;
        assert_eq!(
            session.all().to_json(),
            r#"{"n":1}"#,
            "not logged in, and not locked out"
        );

        without_response(&visitor, &sessions, |session| {
            session.destroy().unwrap();
            session.put("after", 1).unwrap();
        })
        .await;
        assert!(visitor.session().await.is_new(), "a logout is carried out");
    });
}

#[test]
fn a_new_session_without_a_response_is_not_stored() {
    pollster::block_on(async {
        let driver = Arc::new(MemoryDriver::new());
        let manager = SessionManager::builder(Arc::clone(&driver), Secret::generate().unwrap())
            .build()
            .unwrap();
        let exchange = Exchange::new(&manager, &HeaderMap::new());
        exchange.session().await.unwrap().put("n", 1).unwrap();
        exchange.commit_without_response(finish).await;
        assert!(driver.is_empty());
    });
}

/// The response depends on a session that only a body reads later.
#[test]
fn s25_taking_the_session_adds_vary() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        let exchange = Exchange::new(&sessions.manager(), &HeaderMap::new());
        exchange.open().await.unwrap();
        let mut untouched = HeaderMap::new();
        let taken = exchange.scope(async { Session::try_current() }).await;
        exchange.commit(&mut untouched, finish).await.unwrap();
        assert!(taken.is_some());
        assert_eq!(untouched.get(header::VARY).unwrap(), "Cookie");

        let exchange = Exchange::new(&sessions.manager(), &HeaderMap::new());
        exchange.open().await.unwrap();
        let mut untouched = HeaderMap::new();
        exchange.commit(&mut untouched, finish).await.unwrap();
        assert!(untouched.is_empty());
    });
}

/// A scope that is dropped while its thread ends, after the thread-local is gone.
#[test]
fn a_scope_may_be_dropped_while_its_thread_ends() {
    struct AtExit(Option<session_core::Scope<std::future::Pending<()>>>);
    impl Drop for AtExit {
        fn drop(&mut self) {
            drop(self.0.take());
            assert!(Session::try_current().is_none());
        }
    }
    thread_local! {
        static LAST: std::cell::RefCell<Option<AtExit>> = const { std::cell::RefCell::new(None) };
    }
    std::thread::spawn(|| {
        // Initialized first, and so destroyed last.
        LAST.with_borrow_mut(|last| *last = None);
        let session = session_core::testing::session(|_| Ok(()));
        session.scope_sync(|| assert!(Session::try_current().is_some()));
        let scope = session.scope(std::future::pending());
        LAST.with_borrow_mut(|last| *last = Some(AtExit(Some(scope))));
    })
    .join()
    .unwrap();
}

/// Security checklist, statement 24: a shared cache must not hand one visitor's cookie to all.
#[test]
fn s24_a_response_with_the_cookie_is_never_publicly_cacheable() {
    pollster::block_on(async {
        let sessions = TestSessions::new();
        for (chosen, sent) in [
            ("public, max-age=31536000, immutable", "no-store"),
            ("max-age=60, s-maxage=600", "no-store"),
            ("no-cache", "no-store"),
            ("private, max-age=60", "private, max-age=60"),
            ("No-Store", "No-Store"),
        ] {
            let exchange = Exchange::new(&sessions.manager(), &HeaderMap::new());
            exchange.session().await.unwrap().put("n", 1).unwrap();
            let mut response = HeaderMap::new();
            response.insert(header::CACHE_CONTROL, HeaderValue::from_static(chosen));
            exchange.commit(&mut response, finish).await.unwrap();
            assert_eq!(response.get(header::CACHE_CONTROL).unwrap(), sent);
        }
    });
}

#[test]
fn a_logout_clears_the_data_of_the_site_if_asked_for() {
    let logout = async |manager: &SessionManager, cookies: &HeaderMap, response: &mut HeaderMap| {
        let exchange = Exchange::new(manager, cookies);
        exchange.session().await?.destroy()?;
        exchange.commit(response, finish).await?;
        let values = response.get_all("clear-site-data").iter();
        let values: Vec<_> = values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        Ok::<_, Error>(values)
    };
    pollster::block_on(async {
        for (option, expected) in [
            (ClearSiteData::Off, None),
            (ClearSiteData::Cache, Some("\"cache\"")),
            (
                ClearSiteData::CacheAndStorage,
                Some("\"cache\", \"storage\""),
            ),
        ] {
            let probe = Arc::new(Probe::new(MemoryDriver::new()));
            let manager = SessionManager::builder(probe.clone(), Secret::generate().unwrap())
                .clear_site_data(option)
                .build()
                .unwrap();
            let log_in = async || {
                let exchange = Exchange::new(&manager, &HeaderMap::new());
                exchange
                    .session()
                    .await
                    .unwrap()
                    .put("user", "ada")
                    .unwrap();
                let mut response = HeaderMap::new();
                exchange.commit(&mut response, finish).await.unwrap();
                assert!(!response.contains_key("clear-site-data"), "not a logout");
                let cookie = response[header::SET_COOKIE].to_str().unwrap();
                let cookie = cookie.split(';').next().unwrap();
                let mut cookies = HeaderMap::new();
                cookies.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
                cookies
            };
            let cookies = log_in().await;
            let cleared = logout(&manager, &cookies, &mut HeaderMap::new())
                .await
                .unwrap();
            assert_eq!(cleared, Vec::from_iter(expected));
            // The handler's own choice stands, and there is nothing to log out of without a cookie.
            let cookies = log_in().await;
            let mut response = HeaderMap::new();
            response.insert("clear-site-data", HeaderValue::from_static("\"*\""));
            let cleared = logout(&manager, &cookies, &mut response).await.unwrap();
            assert_eq!(cleared, ["\"*\""]);
            let nobody = logout(&manager, &HeaderMap::new(), &mut HeaderMap::new()).await;
            assert!(nobody.unwrap().is_empty());
            let exchange = Exchange::new(&manager, &HeaderMap::new());
            let session = exchange.session().await.unwrap();
            session.put("user", "ada").unwrap();
            session.save().await.unwrap();
            session.destroy().unwrap();
            let mut response = HeaderMap::new();
            exchange.commit(&mut response, finish).await.unwrap();
            assert!(!response.contains_key("clear-site-data"));
            assert!(!response.contains_key(header::SET_COOKIE));
            // A logout that was not stored clears nothing, because the session lives.
            let cookies = log_in().await;
            probe.break_writes(true);
            let mut response = HeaderMap::new();
            logout(&manager, &cookies, &mut response).await.unwrap_err();
            assert!(response.is_empty());
        }
    });
}
