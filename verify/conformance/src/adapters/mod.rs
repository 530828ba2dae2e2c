//! The adapters, each as an application uses it.

mod actix;
mod axum;
mod poem;
mod warp;

use std::pin::Pin;

use session_core::{DriverName, SessionManager};
use tokio::net::TcpListener;

use self::actix::Actix;
pub(crate) use self::axum::Axum;
use self::poem::Poem;
use self::warp::Warp;

/// Every adapter, in the table's order.
pub(crate) const ALL: [&dyn Adapter; 4] = [&Axum, &Warp, &Poem, &Actix];

/// An adapter under test: a server for the playground and the routes of [`lab`](crate::lab), built as its framework's users
/// build an application.
pub(crate) trait Adapter: Send + Sync {
    /// Returns the framework's name, in one word.
    fn name(&self) -> &'static str;

    /// Serves HTTP/1.1 and HTTP/2 without TLS on one port until the future is dropped.
    ///
    /// The page shows `driver`.
    fn serve(&self, listener: TcpListener, manager: SessionManager, driver: DriverName) -> Serving;

    /// Returns `true` if the server finishes a handler after the client of an HTTP/1.1 request hangs up.
    fn finishes_abandoned_handlers(&self) -> bool {
        false
    }

    /// Returns `true` if a handler's extractors run at the same time. Then two of them may both open a lazy session, and
    /// the first that fails may come before the session is open.
    fn runs_extractors_together(&self) -> bool {
        false
    }
}

pub(crate) type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;
