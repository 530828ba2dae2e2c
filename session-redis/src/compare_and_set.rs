//! The operation behind every save: if a key still holds the expected version, store a new value.

use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::types::{Key, Value};

use crate::connections::Connections;
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
    /// Runs the operation in a script of its own.
    pub(crate) async fn run(&self, connections: &Connections) -> Result<Reply, Error> {
        let reply = connections
            .run(|client| {
                let keys = vec![self.key.clone()];
                scripts::COMPARE_AND_SET.run(client, keys, self.arguments().to_vec())
            })
            .await?;
        Reply::parse(reply)?.ok_or_else(unexpected_reply)
    }

    /// Runs several operations in one script. A reply of `None` means that nothing was done and the
    /// operation must run in a script of its own.
    pub(crate) async fn run_all(
        operations: &[&Self],
        connections: &Connections,
    ) -> Result<Vec<Option<Reply>>, Error> {
        let keys: Vec<_> = operations.iter().map(|one| one.key.clone()).collect();
        let arguments: Vec<_> = operations.iter().flat_map(|one| one.arguments()).collect();
        let replies: Value = connections
            .run(|client| {
                scripts::COMPARE_AND_SET_MANY.run(client, keys.clone(), arguments.clone())
            })
            .await?;
        match replies {
            Value::Array(replies) if replies.len() == operations.len() => {
                replies.into_iter().map(Reply::parse).collect()
            }
            _ => Err(unexpected_reply()),
        }
    }

    /// The bytes that the operation compares and stores.
    pub(crate) const fn size(&self) -> usize {
        self.expected.len() + self.value.len()
    }

    fn arguments(&self) -> [Value; 3] {
        [
            Value::Bytes(self.expected.clone()),
            Value::Bytes(self.value.clone()),
            Value::from(self.ttl),
        ]
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
