//! The source of connections.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// The source of a [`Server`](crate::Server)'s connections: a TCP listener, a Unix socket, or one
/// of your own.
pub trait Listener: Send {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection and returns it with the client's address, if that is a socket
    /// address.
    ///
    /// The server accepts one connection at a time. A client can delay a TLS handshake, so run that
    /// in its own task. The server logs an error and tries again after a second.
    fn accept(&mut self)
    -> impl Future<Output = io::Result<(Self::Io, Option<SocketAddr>)>> + Send;
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (io, address) = Self::accept(self).await?;
        Ok((io, Some(address)))
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Io = UnixStream;

    async fn accept(&mut self) -> io::Result<(UnixStream, Option<SocketAddr>)> {
        let (io, _) = Self::accept(self).await?;
        Ok((io, None))
    }
}
