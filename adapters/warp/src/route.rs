//! The session of a single route, for routes under `warp::serve`.

use std::convert::Infallible;

use session_tower::adapter::spawn_unfinished;
use session_tower::{Error, Exchange, Session, SessionLayer};
use warp::Filter;
use warp::http::HeaderMap;
use warp::reply::{Reply, Response};

use crate::SessionRejection;

/// Extracts a [`RouteSession`], which gives this route a session without a layer around all routes.
///
/// A filter does not see the whole request, so the layer's rule for
/// [background](SessionLayer::background) requests is not asked. The handler calls
/// [`Session::background`] itself.
///
/// # Examples
///
/// ```
/// use session_warp::{CookieDriver, RouteSession, Secret};
/// use session_warp::{Session, SessionManager, SessionRejection};
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

/// Opens the session for one handler and saves it afterwards. Extracted by [`route_session`].
///
/// It covers only the handler that it [runs](Self::run). If another filter of the route rejects the
/// request, the session is not opened and its flash stays for the next request. A reply from
/// `recover` carries no cookie.
///
/// If the route is also under the [layer](crate::serve) with the same manager, the layer counts.
#[derive(Debug)]
pub struct RouteSession {
    passage: Result<Passage, Error>,
}

/// Who opens and commits the session of the request.
#[derive(Debug)]
enum Passage {
    Own(Exchange),
    /// The layer around the route.
    Layer(Exchange),
}

impl RouteSession {
    fn new(sessions: &SessionLayer, headers: &HeaderMap, outer: Option<Exchange>) -> Self {
        let mut exchange = Exchange::new(sessions.manager(), headers);
        let passage = match (exchange.nest(outer.as_ref()), outer) {
            (Ok(false), Some(outer)) => Ok(Passage::Layer(outer)),
            (Ok(_), _) => Ok(Passage::Own(exchange)),
            (Err(error), _) => Err(error),
        };
        Self { passage }
    }

    /// Opens the session, runs the handler, saves the session, and returns the reply with its
    /// cookie.
    ///
    /// The session is also saved if the handler returns an error. If the store is down and the
    /// manager refuses requests meanwhile, the reply is a [`SessionRejection`].
    pub async fn run<A>(self, handler: impl FnOnce(Session) -> A) -> Response
    where
        A: Future<Output: Reply>,
    {
        self.try_run(handler)
            .await
            .unwrap_or_else(|error| SessionRejection::from(error).into_response())
    }

    async fn try_run<A>(self, handler: impl FnOnce(Session) -> A) -> Result<Response, Error>
    where
        A: Future<Output: Reply>,
    {
        let passage = self.passage?;
        let (Passage::Own(exchange) | Passage::Layer(exchange)) = &passage;
        let session = exchange.session().await?;
        let handled = exchange.scope(async { handler(session).await });
        let mut response = handled.await.into_response();
        if let Passage::Own(exchange) = &passage {
            let headers = response.headers_mut();
            exchange.commit(headers, spawn_unfinished).await?;
        }
        Ok(response)
    }
}
