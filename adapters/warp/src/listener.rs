//! Where connections come from.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// What a [`Server`](crate::Server) takes its connections from: a TCP listener, a Unix socket, or one of your own.
pub trait Listener: Send {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection, and says where it comes from if that is a socket address.
    ///
    /// The next one is waited for when this one is there. So a TLS handshake, which a client can draw out, belongs into a
    /// task of its own. An error is logged, and after a second the server tries again.
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
