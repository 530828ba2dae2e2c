//! The operation behind every load: read what a key holds.

use bytes::Bytes;
use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::KeysInterface;
use fred::types::Key;

use crate::batch::Operation;
use crate::connections::Connections;

/// Reads what a key holds.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) key: Key,
}

impl Operation for Load {
    /// `None` if the key does not exist. In a batch, also if it holds another type than a string.
    type Reply = Option<Bytes>;

    const NAME: &str = "loads";
    const IS_READ: bool = true;

    fn is_large(&self) -> bool {
        false
    }

    async fn run(&self, connections: &Connections) -> Result<Self::Reply, Error> {
        let get = |client: Client| {
            let key = self.key.clone();
            async move { client.get(key).await }
        };
        connections.run(get).await
    }

    async fn run_all(
        loads: &[Self],
        connections: &Connections,
    ) -> Result<Vec<Option<Self::Reply>>, Error> {
        let get = |client: Client| {
            let keys: Vec<_> = loads.iter().map(|load| load.key.clone()).collect();
            async move { client.mget::<Vec<Self::Reply>, _>(keys).await }
        };
        let values = connections.run(get).await?;
        if values.len() != loads.len() {
            return Err(Error::new(ErrorKind::Protocol, "unexpected reply to MGET"));
        }
        Ok(values.into_iter().map(Some).collect())
    }

    fn is_missing(reply: &Self::Reply) -> bool {
        reply.is_none()
    }

    fn probe(key: Key, _value: Bytes) -> Self {
        Self { key }
    }

    fn has_found(reply: &Self::Reply, value: &Bytes) -> bool {
        reply.as_ref() == Some(value)
    }
}
