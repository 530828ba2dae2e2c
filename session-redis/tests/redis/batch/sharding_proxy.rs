//! A proxy that distributes the keys over servers and sends a command to the server of its first
//! key, as Envoy does with scripts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{RedisServer, TestRedis, ask, client, keys, value};

pub(crate) struct ShardingProxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    servers: Mutex<[u16; 2]>,
    scripts: AtomicU32,
    rejects_several_keys: AtomicBool,
    loses_replies: AtomicBool,
}

impl ShardingProxy {
    pub(crate) async fn start(servers: [u16; 2]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            shared: Arc::new(Shared {
                servers: Mutex::new(servers),
                scripts: AtomicU32::new(0),
                rejects_several_keys: AtomicBool::new(false),
                loses_replies: AtomicBool::new(false),
            }),
        };
        let shared = proxy.shared.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, shared.clone()));
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// How many scripts have passed.
    pub(crate) fn scripts(&self) -> u32 {
        self.shared.scripts.load(Ordering::Relaxed)
    }

    /// Distributes the keys over these servers from now on.
    pub(crate) fn set_servers(&self, servers: [u16; 2]) {
        *self.shared.servers.lock().unwrap() = servers;
    }

    /// Rejects commands with several keys from now on.
    pub(crate) fn reject_several_keys(&self) {
        self.shared
            .rejects_several_keys
            .store(true, Ordering::Relaxed);
    }

    /// Passes on the next command with several keys, and then disconnects instead of replying.
    pub(crate) fn lose_next_reply(&self) {
        self.shared.loses_replies.store(true, Ordering::Relaxed);
    }

    /// Returns `true` once that has happened.
    pub(crate) fn has_lost_reply(&self) -> bool {
        !self.shared.loses_replies.load(Ordering::Relaxed)
    }

    pub(crate) fn shard_of(key: &str) -> usize {
        shard_of(key.as_bytes())
    }
}

/// Moves the keys that belong on the second server, all of which are on the first one.
pub(crate) async fn move_half_of_the_keys(redis: &TestRedis, new: &RedisServer) {
    let new = client(&new.url()).await;
    for key in keys(&redis.client).await {
        if ShardingProxy::shard_of(&key) == 1 {
            let value = value(&redis.client, &key).await.unwrap();
            let () = ask(&new, &["SET", &key, &value, "PX", "60000"]).await;
            let _: i64 = ask(&redis.client, &["DEL", &key]).await;
        }
    }
}

/// Passes on one command after the other until the client disconnects.
async fn serve(client: TcpStream, shared: Arc<Shared>) {
    let mut client = BufReader::new(client);
    let mut connections = BTreeMap::new();
    while let Some(command) = read(&mut client).await {
        let words = words(&command);
        let is_script = words[0].starts_with(b"EVAL");
        shared
            .scripts
            .fetch_add(is_script.into(), Ordering::Relaxed);
        let has_several_keys = match is_script {
            true => words[2] != b"1",
            false => words[0] == b"MGET",
        };
        if has_several_keys && shared.rejects_several_keys.load(Ordering::Relaxed) {
            client.write_all(b"-ERR one key only\r\n").await.unwrap();
            continue;
        }
        let key = words.get(if is_script { 3 } else { 1 });
        let port = shared.servers.lock().unwrap()[key.map_or(0, |key| shard_of(key))];
        let server = match connections.entry(port) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                entry.insert(BufReader::new(server))
            }
        };
        server.write_all(&command).await.unwrap();
        let reply = read(server).await.unwrap();
        if has_several_keys && shared.loses_replies.swap(false, Ordering::Relaxed) {
            return;
        }
        client.write_all(&reply).await.unwrap();
    }
}

fn shard_of(key: &[u8]) -> usize {
    usize::from(key[key.len() - 1] % 2)
}

/// Reads the bytes of one value (Redis, "Redis serialization protocol specification").
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    // How many values are still to come, those of lists included.
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

/// The words of a command, which is a list of strings with their lengths.
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
