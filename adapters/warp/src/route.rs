//! The session of a single route, for routes that are served by `warp::serve`.

use std::convert::Infallible;

use session_tower::{Error, Exchange, Session, SessionLayer, finish};
use warp::Filter;
use warp::http::{Extensions, HeaderMap};
use warp::reply::{Reply, Response};

use crate::SessionRejection;

/// Extracts a [`RouteSession`], by which this route has a session without a layer around all of them.
///
/// # Examples
///
/// ```
/// use session_warp::{CookieDriver, RouteSession, Secret, Session, SessionManager, SessionRejection};
/// use warp::Filter;
///
/// async fn rename(session: Session, name: String) -> Result<String, SessionRejection> {
///     session.put("name", &name)?;
///     Ok(name)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::builder(CookieDriver, Secret::generate()?).build()?;
/// let routes = warp::path!("rename" / String)
///     .and(session_warp::route_session(sessions))
///     .then(|name, route: RouteSession| route.run(|session| rename(session, name)));
///
/// let response = warp::test::request().path("/rename/Ada").reply(&routes).await;
/// assert_eq!(response.body(), "Ada");
/// assert!(response.headers().contains_key("set-cookie"));
/// # Ok(())
/// # }
/// ```
pub fn route_session(
    sessions: impl Into<SessionLayer>,
) -> impl Filter<Extract = (RouteSession,), Error = Infallible> + Clone {
    let sessions: SessionLayer = sessions.into();
    warp::header::headers_cloned()
        .and(warp::ext::optional())
        .map(move |headers: HeaderMap, outer: Option<Exchange>| {
            RouteSession::new(&sessions, &headers, outer)
        })
}

/// What opens the session for one handler and saves it afterwards. Extracted by [`route_session`].
///
/// It covers the handler that it [runs](Self::run) and no more: a request that another filter of the route rejects does
/// not open the session, so its flash stays for the next one; and what `recover` replies has no cookie.
///
/// On a route that is under the [layer](crate::serve) as well, that layer counts.
#[derive(Debug)]
pub struct RouteSession {
    exchange: Exchange,
    is_outermost: bool,
}

impl RouteSession {
    fn new(sessions: &SessionLayer, headers: &HeaderMap, outer: Option<Exchange>) -> Self {
        let exchange = Exchange::new(sessions.manager(), headers);
        let mut extensions = Extensions::new();
        if let Some(outer) = &outer {
            extensions.insert(outer.clone());
        }
        let is_outermost = exchange.attach(&mut extensions);
        Self {
            exchange: outer.unwrap_or(exchange),
            is_outermost,
        }
    }

    /// Opens the session, runs the handler, and returns its reply with the session saved and its cookie set.
    ///
    /// An error that the handler returns is a reply like another: the session is saved. Where the store is down and the
    /// manager is to refuse then, the reply is that of a [`SessionRejection`].
    pub async fn run<A>(self, handler: impl FnOnce(Session) -> A) -> Response
    where
        A: Future<Output: Reply>,
    {
        self.try_run(handler)
            .await
            .unwrap_or_else(|error| SessionRejection::from(error).into_response())
    }

    async fn try_run<A>(&self, handler: impl FnOnce(Session) -> A) -> Result<Response, Error>
    where
        A: Future<Output: Reply>,
    {
        let session = self.exchange.session().await?;
        let handled = self.exchange.scope(async { handler(session).await });
        let mut response = handled.await.into_response();
        if self.is_outermost {
            self.exchange.commit(response.headers_mut(), finish).await?;
        }
        Ok(response)
    }
}
