//! What an adapter brings to the suite.

use std::fmt;
use std::pin::Pin;

use session_core::{DriverName, SessionManager};
use tokio::net::TcpListener;

/// An adapter, as the suite sees it: a server of the playground and of the routes of [`lab`](crate::lab), built as an
/// application of its framework is.
pub trait Adapter: fmt::Debug + Send + Sync {
    /// Returns the framework's name, one word.
    fn name(&self) -> &'static str;

    /// Serves on `listener`, with the sessions of `manager`, until it is dropped. `driver` is what the page says.
    ///
    /// HTTP/1.1 and HTTP/2 without TLS are both spoken on the one port.
    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving;

    /// Says whether the server runs a handler to its end when the client of an HTTP/1.1 request hangs up, instead of
    /// dropping it. Default: false.
    fn finishes_for_nobody(&self) -> bool {
        false
    }
}

/// A server that runs.
pub type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;
