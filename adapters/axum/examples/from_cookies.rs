//! Moves sessions from the cookie driver to Redis without logging anyone out. After one session
//! lifetime, use Redis alone.
//!
//! ```sh
//! SESSION_SECRET=… SESSION_SECURE=false cargo run -p session-axum --example from_cookies --features redis
//! ```

use std::time::Duration;

use axum::{Router, routing::get};
use session_axum::{
    Capacity, Clock, CookieDriver, Driver, Error, Expected, Loaded, Record, RedisDriver, Saved,
    Session, SessionConfig, SessionId, SessionLayer, SessionRejection, SystemClock, Touched,
    Version, async_trait,
};

/// Keeps records in `driver`, and imports those from cookies of the cookie driver.
#[derive(Debug)]
struct FromCookies<D, C> {
    driver: D,
    clock: C,
}

#[async_trait]
impl<D: Driver, C: Clock> Driver for FromCookies<D, C> {
    async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
        if let Some(loaded) = self.driver.load(handle).await? {
            return Ok(Some(loaded));
        }
        let Some(Loaded { record, .. }) = CookieDriver.load(handle).await? else {
            return Ok(None);
        };
        // A record without an expiry ends here.
        let ends_at = record.expires_at().unwrap_or_default();
        let left = ends_at.since(self.clock.now());
        if left.is_zero() {
            return Ok(None);
        }
        // If a concurrent request was faster, this stores nothing, and both load its record.
        self.driver.save(&record, Expected::Absent, left).await?;
        self.driver.load(record.id().as_str()).await
    }

    async fn touch(&self, _: &Record, _: &Version, _: Duration) -> Result<Touched, Error> {
        // A save gives the client the new kind of cookie.
        Ok(Touched::MustSave)
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

    fn capacity(&self) -> Capacity {
        self.driver.capacity()
    }

    fn can_revoke(&self) -> bool {
        self.driver.can_revoke()
    }
}

async fn visits(session: Session) -> Result<String, SessionRejection> {
    let visits = session.update("visits", 0, |visits| visits + 1)?;
    Ok(format!("This is visit number {visits}."))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = SessionConfig::from_env()?;
    let driver = FromCookies {
        driver: RedisDriver::from_config(&config).connect().await?,
        clock: SystemClock,
    };
    let manager = config.builder(driver)?.build()?;
    let app = Router::new()
        .route("/", get(visits))
        .route_layer(SessionLayer::new(manager));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use session_axum::testing::{TestSessions, Visitor};
    use session_axum::{KeyRing, MemoryDriver, Secret, SessionManager};

    use super::*;

    /// Returns the sessions after the move, and a visitor from before it.
    async fn moved() -> (TestSessions, Visitor) {
        let keys = KeyRing::new(Secret::generate().unwrap());
        let old = SessionManager::builder(CookieDriver, keys.clone());
        let old = old.build().unwrap();
        let session = old.open(None).await.unwrap();
        session.put("user", "ada").unwrap();
        let cookie = old.commit(&session).await.unwrap();

        let new = TestSessions::with(|clock| {
            let driver = FromCookies {
                driver: MemoryDriver::new().with_clock(clock.clone()),
                clock,
            };
            SessionManager::builder(driver, keys)
        });
        let mut ada = new.guest();
        ada.receive(&cookie);
        (new, ada)
    }

    fn id_length(visitor: &Visitor) -> usize {
        visitor.token().unwrap().split('.').next().unwrap().len()
    }

    #[tokio::test]
    async fn the_first_write_replaces_the_cookie() {
        let (_, mut ada) = moved().await;
        ada.visit(|session| session.get::<String>("user")).await;
        assert!(id_length(&ada) > 36, "a read keeps the cookie");
        ada.visit(|session| session.put("seen", true)).await;
        assert_eq!(id_length(&ada), 36);
        let data = ada.session().await.all().to_json();
        assert_eq!(data, r#"{"seen":true,"user":"ada"}"#);
    }

    #[tokio::test]
    async fn a_renewal_replaces_the_cookie() {
        let (sessions, mut ada) = moved().await;
        sessions.advance(sessions.manager().lifetime() * 2 / 3);
        ada.visit(|session| session.get::<String>("user")).await;
        assert_eq!(id_length(&ada), 36);
    }

    #[tokio::test]
    async fn concurrent_requests_with_the_old_cookie_are_merged() {
        let (_, mut ada) = moved().await;
        let mut other = ada.clone();
        ada.visit(|session| session.put("a", 1)).await;
        other.visit(|session| session.put("b", 2)).await;
        let data = ada.session().await.all().to_json();
        assert_eq!(data, r#"{"a":1,"b":2,"user":"ada"}"#);
    }

    #[tokio::test]
    async fn a_logout_revokes_the_new_cookie_but_not_a_copy_of_the_old_one() {
        let (sessions, mut ada) = moved().await;
        let thief = ada.clone();
        ada.visit(|session| session.put("seen", true)).await;
        let copy = ada.clone();
        ada.visit(|session| session.destroy()).await;
        assert!(copy.session().await.is_new());
        assert!(!thief.session().await.is_new());
        sessions.advance(sessions.manager().lifetime());
        assert!(thief.session().await.is_new(), "the old cookie expires");
    }
}
