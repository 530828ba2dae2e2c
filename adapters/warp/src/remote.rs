//! The remote address.

use std::convert::Infallible;
use std::net::SocketAddr;

use warp::Filter;

/// Extracts the connection's remote address, like [`warp::addr::remote`], but also under
/// [`serve`](crate::serve).
///
/// warp keeps the address in a private type, so [`warp::addr::remote`] works only under warp's own
/// server.
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
/// use warp::Filter;
///
/// let route = session_warp::remote().map(|address: Option<SocketAddr>| match address {
///     Some(address) => format!("hello, {}", address.ip()),
///     None => "hello".to_owned(),
/// });
/// ```
#[must_use]
pub fn remote() -> impl Filter<Extract = (Option<SocketAddr>,), Error = Infallible> + Copy {
    warp::addr::remote().and(warp::ext::optional()).map(
        |warps: Option<SocketAddr>, ours: Option<RemoteAddr>| {
            warps.or(ours.map(|RemoteAddr(address)| address))
        },
    )
}

/// The remote address in a request's extensions.
#[derive(Clone, Copy)]
pub(crate) struct RemoteAddr(pub(crate) SocketAddr);
