//! A proxy that shares the keys among servers, and sends a script to the one of its first key, as Envoy's does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Sharding {
    port: u16,
    scripts: Arc<AtomicU32>,
}

impl Sharding {
    pub(crate) async fn before(servers: [u16; 2]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            scripts: Arc::default(),
        };
        let scripts = proxy.scripts.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, servers, scripts.clone()));
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// How many have come.
    pub(crate) fn scripts(&self) -> u32 {
        self.scripts.load(Ordering::Relaxed)
    }
}

/// One command after the other, until the client leaves.
async fn serve(client: TcpStream, servers: [u16; 2], scripts: Arc<AtomicU32>) {
    let mut client = BufReader::new(client);
    let mut connections = Vec::new();
    for port in servers {
        let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        connections.push(BufReader::new(server));
    }
    while let Some(command) = read(&mut client).await {
        let words = words(&command);
        let is_script = words[0].starts_with(b"EVAL");
        scripts.fetch_add(is_script.into(), Ordering::Relaxed);
        let key = words.get(if is_script { 3 } else { 1 });
        let shard = key.map_or(0, |key| usize::from(key[key.len() - 1] % 2));
        let server = &mut connections[shard];
        server.write_all(&command).await.unwrap();
        let answer = read(server).await.unwrap();
        client.write_all(&answer).await.unwrap();
    }
}

/// Reads one value (Redis, "Redis serialization protocol specification"), as it came.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    // Of lists, how many of their elements are to come.
    let mut left = 1;
    while left > 0 {
        left -= 1;
        let start = value.len();
        if stream.read_until(b'\n', &mut value).await.ok()? == 0 {
            return None;
        }
        let line = std::str::from_utf8(&value[start..]).unwrap().trim_end();
        let (kind, rest) = line.split_at(1);
        match (kind, rest.parse::<usize>()) {
            ("*", Ok(elements)) => left += elements,
            ("$", Ok(bytes)) => {
                let start = value.len();
                value.resize(start + bytes + 2, 0);
                stream.read_exact(&mut value[start..]).await.ok()?;
            }
            _ => {}
        }
    }
    Some(value)
}

/// The words of a command, which is a list of texts with their lengths.
fn words(command: &[u8]) -> Vec<&[u8]> {
    let mut words = Vec::new();
    let (_, mut rest) = line(command);
    while !rest.is_empty() {
        let (length, after) = line(rest);
        let length: usize = std::str::from_utf8(&length[1..]).unwrap().parse().unwrap();
        words.push(&after[..length]);
        rest = &after[length + 2..];
    }
    words
}

fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\r').unwrap();
    (&bytes[..end], &bytes[end + 2..])
}
