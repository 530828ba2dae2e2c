//! HTTP/1.1 by hand: what no client sends by itself.

use std::fmt::Write as _;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection, and what was read of it that no response has taken yet.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Raw {
    /// The status line and the headers, as they came.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) async fn connect(base: &str) -> Self {
        let address = base.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let read = Vec::new();
        Self { stream, read }
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next response, whose body has a length or comes in chunks.
    pub(crate) async fn response(&mut self) -> Raw {
        let head = self.head().await;
        let body = if header(&head, "transfer-encoding") == Some("chunked") {
            self.chunks().await
        } else {
            let length = header(&head, "content-length").unwrap_or("0");
            self.take(length.parse().unwrap()).await
        };
        Raw { head, body }
    }

    /// The head of the next response: what is left is its body.
    pub(crate) async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    async fn chunks(&mut self) -> String {
        let mut body = String::new();
        loop {
            let size = self.until("\r\n").await;
            let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
            let chunk = self.take(size + 2).await;
            if size == 0 {
                return body;
            }
            body.push_str(&chunk[..size]);
        }
    }

    /// Everything up to and with `end`.
    async fn until(&mut self, end: &str) -> String {
        loop {
            let found = self
                .read
                .windows(end.len())
                .position(|window| window == end.as_bytes());
            match found {
                Some(at) => return self.take(at + end.len()).await,
                None => self.more().await,
            }
        }
    }

    async fn take(&mut self, length: usize) -> String {
        while self.read.len() < length {
            self.more().await;
        }
        let bytes = self.read.drain(..length).collect();
        String::from_utf8(bytes).unwrap()
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.read).await.unwrap();
        let so_far = String::from_utf8_lossy(&self.read);
        assert!(read > 0, "the server hung up after {so_far:?}");
    }
}

impl Raw {
    pub(crate) fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1).unwrap();
        status.parse().unwrap()
    }
}

/// A request on a connection that stays open.
pub(crate) fn request(method: &str, path: &str, cookies: &[&str], body: &str) -> String {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for cookie in cookies {
        let _ = write!(request, "cookie: {cookie}\r\n");
    }
    let length = body.len();
    let _ = write!(request, "content-length: {length}\r\n\r\n{body}");
    request
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}
