//! A way to a server on which answers take their time.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Passes everything on, answers late. Each of them waits for itself, so that a connection carries as many as without.
#[derive(Debug)]
pub(crate) struct Delay {
    pub(crate) port: u16,
    accepting: JoinHandle<()>,
}

impl Delay {
    /// Delays the answers of the server on this port of the machine.
    pub(crate) async fn before(server: u16, delay: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, delay));
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

/// Returns when either side is gone, which closes both.
async fn pass(mut client: TcpStream, server: u16, delay: Duration) {
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
