//! A proxy that delays responses.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Delays every response by the same time. Responses overlap, so throughput is unchanged.
#[derive(Debug)]
pub(crate) struct Delay {
    pub(crate) port: u16,
    accepting: JoinHandle<()>,
}

impl Delay {
    /// Starts a proxy for the server on this local port.
    pub(crate) async fn before(server: u16, delay: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, server, delay));
            }
        });
        Ok(Self { port, accepting })
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Forwards a connection until either side closes it.
async fn forward(mut client: TcpStream, server: u16, delay: Duration) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let (mut requests, mut deliveries) = client.split();
    let (mut answers, mut server) = server.split();
    let (sender, mut due) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let receive = async {
        loop {
            let mut answer = Vec::with_capacity(1 << 12);
            let Ok(1..) = answers.read_buf(&mut answer).await else {
                return;
            };
            let _ = sender.send((Instant::now() + delay, answer));
        }
    };
    let deliver = async {
        while let Some((time, answer)) = due.recv().await {
            tokio::time::sleep_until(time).await;
            if deliveries.write_all(&answer).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = tokio::io::copy(&mut requests, &mut server) => (),
        () = receive => (),
        () = deliver => (),
    }
}
