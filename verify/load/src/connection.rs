//! A keep-alive connection. It must cost less than the server that it puts under load.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An HTTP/1.1 connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
    set_cookies: Vec<String>,
    /// Whether the store was down during the request.
    pub(crate) excused: bool,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let buffer = Vec::with_capacity(1 << 13);
        Ok(Self { stream, buffer })
    }

    /// Sends a request and reads the response.
    pub(crate) async fn send(&mut self, request: &str) -> io::Result<Response> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let head = loop {
            self.fill().await?;
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
        };
        let (mut answer, length) = parse_head(&self.buffer[..head])?;
        let end = head + 4 + length;
        while self.buffer.len() < end {
            self.fill().await?;
        }
        let body = self.buffer.split_off(head + 4);
        answer.body = String::from_utf8(body).map_err(io::Error::other)?;
        match answer.body.len() == length {
            true => Ok(answer),
            false => Err(io::Error::other("there is data after the response")),
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Response {
    /// The `name=token` of the only new cookie, or an empty string if it was removed.
    pub(crate) fn cookie(&self) -> Option<&str> {
        let [line] = &*self.set_cookies else {
            return None;
        };
        let pair = line.split(';').next().unwrap_or_default();
        Some(if pair.ends_with('=') { "" } else { pair })
    }

    /// The number of new cookies.
    pub(crate) fn cookies(&self) -> usize {
        self.set_cookies.len()
    }
}

/// Parses the status and the headers. Returns the response without its body, and the body's length.
fn parse_head(head: &[u8]) -> io::Result<(Response, usize)> {
    let head = std::str::from_utf8(head).map_err(io::Error::other)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("no status"))?;
    let (mut length, mut set_cookies) = (None, Vec::new());
    for line in lines {
        let Some((name, value)) = line.split_once(": ") else {
            return Err(io::Error::other(format!("{line:?} is not a header")));
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok(),
            "set-cookie" => set_cookies.push(value.to_owned()),
            "connection" if value != "keep-alive" => {
                return Err(io::Error::other("the server closes the connection"));
            }
            _ => (),
        }
    }
    let length = match (length, status) {
        (Some(length), _) => length,
        (None, 204) => 0,
        (None, _) => return Err(io::Error::other("no content length")),
    };
    let answer = Response {
        status,
        body: String::new(),
        set_cookies,
        excused: false,
    };
    Ok((answer, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> io::Result<(Response, usize)> {
        parse_head(head.as_bytes())
    }

    #[test]
    fn a_head_has_a_status_a_length_and_cookies() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nset-cookie: session=a.b; Path=/";
        let (answer, length) = parse(head).unwrap();
        assert_eq!((answer.status, length), (200, 2));
        assert_eq!(answer.cookie(), Some("session=a.b"));
        let (answer, length) = parse("HTTP/1.1 204 No Content").unwrap();
        assert_eq!((answer.status, length, answer.cookie()), (204, 0, None));
        let (answer, _) = parse("HTTP/1.1 204 x\r\nset-cookie: session=; Max-Age=0").unwrap();
        assert_eq!(answer.cookie(), Some(""));
    }

    #[test]
    fn an_invalid_head_is_an_error() {
        let ended = "HTTP/1.1 204 x\r\nconnection: close";
        for head in ["", "HTTP/1.1 200 OK", "HTTP/1.1 204 x\r\nheader", ended] {
            assert!(parse(head).is_err(), "{head}");
        }
    }
}
