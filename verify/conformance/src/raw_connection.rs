//! HTTP/1.1 written by hand, for what clients don't send.

use std::fmt::Write as _;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection, with the bytes read from it so far.
pub(crate) struct RawConnection {
    stream: TcpStream,
    read: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct RawResponse {
    /// The status line and the headers, as received.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl RawConnection {
    pub(crate) async fn open(base: &str) -> Self {
        let address = base.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let read = Vec::new();
        Self { stream, read }
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads a response whose body has a length.
    pub(crate) async fn response(&mut self) -> RawResponse {
        let head = self.head().await;
        let length = header(&head, "content-length").unwrap_or("0");
        let body = self.text(length.parse().unwrap()).await;
        RawResponse { head, body }
    }

    /// Reads the head of a response and leaves the body.
    pub(crate) async fn head(&mut self) -> String {
        let end = b"\r\n\r\n";
        loop {
            match self
                .read
                .windows(end.len())
                .position(|window| window == end)
            {
                Some(at) => return self.text(at + end.len()).await,
                None => self.read_more().await,
            }
        }
    }

    /// Reads until this text has arrived, and what came before it.
    pub(crate) async fn text_until(&mut self, text: &str) -> String {
        loop {
            let so_far = String::from_utf8_lossy(&self.read);
            if let Some(at) = so_far.find(text) {
                let length = at + text.len();
                return self.text(length).await;
            }
            self.read_more().await;
        }
    }

    /// Reads a short text frame from a WebSocket server (RFC 6455, "Base Framing Protocol").
    pub(crate) async fn text_frame(&mut self) -> String {
        let start = self.bytes(2).await;
        assert!(start[0] == 0x81 && start[1] < 126, "{start:?}");
        self.text(start[1].into()).await
    }

    async fn text(&mut self, length: usize) -> String {
        String::from_utf8(self.bytes(length).await).unwrap()
    }

    async fn bytes(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            self.read_more().await;
        }
        self.read.drain(..length).collect()
    }

    async fn read_more(&mut self) {
        let read = self.stream.read_buf(&mut self.read).await.unwrap();
        let so_far = String::from_utf8_lossy(&self.read);
        assert!(read > 0, "the server hung up after {so_far:?}");
    }
}

impl RawResponse {
    pub(crate) fn status(&self) -> u16 {
        status(&self.head)
    }
}

pub(crate) fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Builds a request with a length that keeps the connection open.
pub(crate) fn request(method: &str, path: &str, cookies: &[&str], body: &str) -> String {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for cookie in cookies {
        let _ = write!(request, "cookie: {cookie}\r\n");
    }
    let length = body.len();
    let _ = write!(request, "content-length: {length}\r\n\r\n{body}");
    request
}
