//! The server.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::{Pending, pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use session_tower::SessionLayer;
use tokio::net::TcpListener;
use tower_service::Service;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

use crate::Listener;
use crate::remote::RemoteAddr;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Creates a server whose requests have a session: `warp::serve` with the session layer around the
/// routes.
///
/// The routes are those of a [`service`](crate::service). Like warp's server, it speaks HTTP/1.1
/// and, with prior knowledge, HTTP/2. Two things differ:
///
/// - An address that cannot be bound is an error, not a panic.
/// - The remote address comes from [`remote`](crate::remote). `warp::addr::remote` and `warp::log`
///   do not see it.
///
/// # Examples
///
/// ```no_run
/// use session_warp::{Session, SessionLayer, SessionRejection};
/// use warp::Filter;
///
/// async fn visits(session: Session) -> Result<String, SessionRejection> {
///     let visits = session.update("visits", 0, |visits| visits + 1)?;
///     Ok(format!("This is visit number {visits}."))
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let routes = warp::path::end().and(session_warp::session()).then(visits);
///     let sessions = SessionLayer::from_env().await?;
///     session_warp::serve(routes, sessions).run(([127, 0, 0, 1], 3000)).await?;
///     Ok(())
/// }
/// ```
pub fn serve<F>(
    routes: F,
    sessions: impl Into<SessionLayer>,
) -> Server<
    impl Service<
        Request<Incoming>,
        Response = Response,
        Error = Infallible,
        Future = impl Future<Output = Result<Response, Infallible>> + Send + 'static,
    > + Clone
    + Send
    + 'static,
>
where
    F: Filter<Extract: Reply + Send, Error: Into<Rejection>> + Send + Sync + 'static,
{
    Server::new(crate::service(routes, sessions))
}

/// A server, created by [`serve`]. It needs an address or a [`Listener`]; the type parameter `L` is
/// the one it has.
#[derive(Debug)]
#[must_use = "a server does nothing until it runs"]
pub struct Server<A, L = (), S = Pending<()>> {
    app: A,
    listener: L,
    shutdown: S,
}

impl<A> Server<A> {
    /// Creates a server for any tower service, such as a [`service`](crate::service) with more
    /// layers around it.
    pub fn new(app: A) -> Self {
        Self {
            app,
            listener: (),
            shutdown: pending(),
        }
    }
}

impl<A, S> Server<A, (), S> {
    /// Binds the address and serves.
    ///
    /// # Errors
    ///
    /// Returns an error if the address cannot be bound.
    pub async fn run<B>(self, address: impl Into<SocketAddr>) -> io::Result<()>
    where
        A: Service<Request<Incoming>, Response = hyper::Response<B>> + Clone + Send + 'static,
        A::Future: Send,
        A::Error: Into<BoxError>,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
        S: Future<Output = ()>,
    {
        self.bind(address).await?.run().await;
        Ok(())
    }

    /// Binds the address.
    ///
    /// # Errors
    ///
    /// Returns an error if the address cannot be bound.
    pub async fn bind(
        self,
        address: impl Into<SocketAddr>,
    ) -> io::Result<Server<A, TcpListener, S>> {
        let listener = TcpListener::bind(address.into()).await?;
        Ok(self.incoming(listener))
    }

    /// Accepts connections from this listener: a `tokio::net::TcpListener`, a
    /// `tokio::net::UnixListener`, or your own.
    pub fn incoming<L: Listener>(self, listener: L) -> Server<A, L, S> {
        Server {
            app: self.app,
            listener,
            shutdown: self.shutdown,
        }
    }
}

impl<A, L, S> Server<A, L, S> {
    /// Shuts down when `signal` completes: the server accepts no more connections and finishes the
    /// requests in progress.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn run(sessions: session_warp::SessionLayer) -> std::io::Result<()> {
    /// # use warp::Filter;
    /// # let routes = warp::any().map(|| "page");
    /// let interrupted = async {
    ///     let _ = tokio::signal::ctrl_c().await;
    /// };
    /// session_warp::serve(routes, sessions)
    ///     .bind(([127, 0, 0, 1], 3000)).await?
    ///     .graceful(interrupted)
    ///     .run().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn graceful<G: Future<Output = ()>>(self, signal: G) -> Server<A, L, G> {
        Server {
            app: self.app,
            listener: self.listener,
            shutdown: signal,
        }
    }
}

impl<A, L, S> Server<A, L, S>
where
    L: Listener,
    S: Future<Output = ()>,
{
    /// Serves until the [signal](Self::graceful), if there is one.
    pub async fn run<B>(mut self)
    where
        A: Service<Request<Incoming>, Response = hyper::Response<B>> + Clone + Send + 'static,
        A::Future: Send,
        A::Error: Into<BoxError>,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let connections = GracefulShutdown::new();
        let mut shutdown = pin!(self.shutdown);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = self.listener.accept() => accepted,
            };
            let (io, address) = match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    wait_after(&error).await;
                    continue;
                }
            };
            let app = self.app.clone();
            let service = service_fn(move |mut request: Request<Incoming>| {
                if let Some(address) = address {
                    request.extensions_mut().insert(RemoteAddr(address));
                }
                let mut app = app.clone();
                async move {
                    poll_fn(|cx| app.poll_ready(cx)).await?;
                    app.call(request).await
                }
            });
            let watcher = connections.watcher();
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                let connection = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
                if let Err(error) = watcher.watch(connection).await {
                    tracing::debug!(error, "connection failed");
                }
            });
        }
        drop(self.listener);
        connections.shutdown().await;
    }
}

/// Waits a second, unless the error concerns a single client. The process may be out of file
/// handles.
async fn wait_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(%error, "cannot accept connections, trying again in a second");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
