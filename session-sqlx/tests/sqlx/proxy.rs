//! A TCP proxy that cuts the connection of the next statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Passes everything on, until it is armed.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    next: Arc<AtomicU8>,
}

/// What happens to the next request. Its connection is cut in any case.
#[derive(Clone, Copy)]
pub(crate) enum Cut {
    /// The server does not see it.
    Before = 1,
    /// The server carries it out, and its answer is lost.
    After = 2,
}

impl Proxy {
    pub(crate) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let next = Arc::new(AtomicU8::new(0));
        let shared = Arc::clone(&next);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", target)).await;
                if let Ok(server) = server {
                    tokio::spawn(pass(client, server, Arc::clone(&shared)));
                }
            }
        });
        Self { port, next }
    }

    pub(crate) fn arm(&self, cut: Cut) {
        self.next.store(cut as u8, Ordering::SeqCst);
    }

    /// Returns `true` if the cut is still to come.
    pub(crate) fn is_armed(&self) -> bool {
        self.next.load(Ordering::SeqCst) != 0
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, next: Arc<AtomicU8>) {
    let (mut request, mut reply) = ([0; 65_536], [0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let Ok(n @ 1..) = read else { return };
                match next.swap(0, Ordering::SeqCst) {
                    0 => server.write_all(&request[..n]).await.unwrap(),
                    cut => {
                        if cut == Cut::After as u8 {
                            server.write_all(&request[..n]).await.unwrap();
                            let _ = server.read(&mut reply).await;
                        }
                        return;
                    }
                }
            }
            read = server.read(&mut reply) => {
                let Ok(n @ 1..) = read else { return };
                if client.write_all(&reply[..n]).await.is_err() {
                    return;
                }
            }
        }
    }
}
