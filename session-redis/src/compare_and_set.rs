//! The operation behind every save: if a key still holds the expected version, store a new value.

use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::types::{Key, Value};

use crate::batch::Operation;
use crate::connections::Connections;
use crate::owners::IndexEntry;
use crate::scripts;

/// Stores a value if its key still holds the expected version.
#[derive(Clone)]
pub(crate) struct CompareAndSet {
    pub(crate) key: Key,
    /// The version that the key must hold: the one in its mark, or the whole value if it has no
    /// mark.
    pub(crate) expected: Bytes,
    pub(crate) value: Bytes,
    /// In milliseconds.
    pub(crate) ttl: i64,
    /// What a batch adds to an owner's index first. An operation that runs alone leaves that to its caller.
    pub(crate) index: Option<IndexEntry>,
}

/// The server's reply to one [`CompareAndSet`].
pub(crate) enum Reply {
    /// The value is stored.
    Done,
    /// The key does not exist.
    Missing,
    /// The key holds another version. Nothing changed.
    Conflict {
        value: Bytes,
        /// In milliseconds; negative if the key has no TTL.
        ttl: i64,
    },
}

impl CompareAndSet {
    fn arguments(&self) -> [Value; 3] {
        [
            Value::Bytes(self.expected.clone()),
            Value::Bytes(self.value.clone()),
            Value::from(self.ttl),
        ]
    }
}

impl Operation for CompareAndSet {
    type Reply = Reply;

    const NAME: &str = "saves";
    const IS_READ: bool = false;

    fn is_large(&self) -> bool {
        let owner = self
            .index
            .as_ref()
            .map_or(0, |index| index.key.as_bytes().len());
        self.expected.len() + self.value.len() + owner > MAX_BATCHED
    }

    async fn run(&self, connections: &Connections) -> Result<Reply, Error> {
        let arguments = || (vec![self.key.clone()], self.arguments().to_vec());
        let reply = connections
            .run(|client| scripts::COMPARE_AND_SET.run(client, arguments))
            .await?;
        Reply::parse(reply)?.ok_or_else(unexpected_reply)
    }

    async fn run_all(
        operations: &[Self],
        connections: &Connections,
    ) -> Result<Vec<Option<Reply>>, Error> {
        let arguments = || {
            let kind = |one: &Self| if one.index.is_some() { 'o' } else { '-' };
            let kinds: String = operations.iter().map(kind).collect();
            let mut keys = Vec::with_capacity(2 * operations.len());
            let mut arguments = Vec::with_capacity(1 + 7 * operations.len());
            arguments.push(Value::from(kinds));
            for one in operations {
                keys.push(one.key.clone());
                arguments.extend(one.arguments());
                if let Some(index) = &one.index {
                    keys.push(index.key.clone());
                    arguments.extend(index.arguments());
                }
            }
            (keys, arguments)
        };
        let replies = connections
            .run(|client| scripts::COMPARE_AND_SET_MANY.run(client, arguments))
            .await?;
        match replies {
            Value::Array(replies) if replies.len() == operations.len() => {
                replies.into_iter().map(Reply::parse).collect()
            }
            _ => Err(unexpected_reply()),
        }
    }

    fn is_missing(reply: &Reply) -> bool {
        matches!(reply, Reply::Missing)
    }

    fn probe(key: Key, value: Bytes) -> Self {
        Self {
            key,
            expected: value,
            value: Bytes::from_static(b"-"),
            ttl: 1,
            index: None,
        }
    }

    fn has_found(reply: &Reply, _value: &Bytes) -> bool {
        matches!(reply, Reply::Done)
    }
}

impl Reply {
    fn parse(reply: Value) -> Result<Option<Self>, Error> {
        match reply {
            Value::Integer(1) => Ok(Some(Self::Done)),
            Value::Integer(0) => Ok(Some(Self::Missing)),
            Value::Integer(-1) => Ok(None),
            reply => {
                let (value, ttl) = reply.convert()?;
                Ok(Some(Self::Conflict { value, ttl }))
            }
        }
    }
}

fn unexpected_reply() -> Error {
    Error::new(ErrorKind::Protocol, "unexpected reply from a script")
}

/// The most bytes that a save in a batch may compare and store, its owner's key included.
/// `compare_and_set_many.lua` has the same limit for what the server holds.
const MAX_BATCHED: usize = 16 * 1024;
