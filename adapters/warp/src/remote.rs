//! The remote address.

use std::convert::Infallible;
use std::net::SocketAddr;

use warp::Filter;

/// Extracts the remote address of the connection, as [`warp::addr::remote`] does, and under [`serve`](crate::serve) too.
///
/// warp keeps the address in a type of its own that no other crate can name, so [`warp::addr::remote`] finds none under a
/// server that is not warp's.
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

/// The remote address among a request's extensions.
#[derive(Clone, Copy)]
pub(crate) struct RemoteAddr(pub(crate) SocketAddr);
