//! The endings of sessions, which every server can follow.

use std::time::Duration;

use fred::clients::Client;
use fred::error::Error as FredError;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::{Message, Value};
use session_core::{Error, SessionId};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use crate::RedisDriver;
use crate::scripts;

/// What [`Endings`] tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The session with this id has ended, or has another id now.
    Session(SessionId),
    /// Endings may have been missed: the connection was lost and is back, or more endings came than
    /// the stream keeps for a slow reader. So look at every session that matters, for example with
    /// `SessionManager::open_id`.
    Missed,
}

/// The endings of sessions on all servers, from now on. Created by [`RedisDriver::endings`].
///
/// Keeps up to 4,096 endings until they are read. If more come, the oldest are dropped, and the next
/// item is [`Ending::Missed`].
#[derive(Debug)]
pub struct Endings {
    receiver: Receiver<Ending>,
    tasks: [JoinHandle<()>; 2],
    client: Client,
}

impl Endings {
    /// Waits for the next ending. Returns `None` when the runtime shuts down.
    ///
    /// If the future is dropped, nothing is lost.
    pub async fn next(&mut self) -> Option<Ending> {
        match self.receiver.recv().await {
            Ok(ending) => Some(ending),
            Err(RecvError::Lagged(_)) => Some(Ending::Missed),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Closes the connection.
impl Drop for Endings {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let client = self.client.clone();
            runtime.spawn(async move { client.quit().await });
        }
    }
}

impl RedisDriver {
    /// Follows the endings of sessions, over a separate connection that reconnects automatically. They
    /// come from drivers that [announce](crate::Builder::announce_endings) them.
    ///
    /// Use it to close what outlives a request: a user's WebSockets after a logout, also on another
    /// server. A silent connection is noticed within 10 seconds and replaced.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn f(driver: session_redis::RedisDriver) -> Result<(), session_core::Error> {
    /// use session_redis::Ending;
    ///
    /// let mut endings = driver.endings().await?;
    /// while let Some(ending) = endings.next().await {
    ///     match ending {
    ///         Ending::Session(id) => println!("{id:?} has ended"),
    ///         _ => println!("look at every session"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`Error::unavailable`] if the server does not answer, or does not allow `PUBLISH` or
    /// `SUBSCRIBE`.
    pub async fn endings(&self) -> Result<Endings, Error> {
        let like = &self.pool().clients()[0];
        let mut performance = like.perf_config();
        performance.broadcast_channel_capacity = BACKLOG;
        let client = Client::new(
            like.client_config(),
            Some(performance),
            Some(like.connection_config().clone()),
            like.client_reconnect_policy(),
        );
        let mut messages = client.message_rx();
        let (sender, receiver) = broadcast::channel(BACKLOG);
        let listener = Listener {
            driver: self.clone(),
            client: client.clone(),
            sender: sender.clone(),
        };
        let connected = self.connections.within_timeout(async {
            client.init().await?;
            client.subscribe(self.channel()).await?;
            listener.hear_hello(&mut messages).await
        });
        if let Err(error) = connected.await {
            let _ = client.quit().await;
            return Err(Error::unavailable(error));
        }
        let resubscribe = resubscribe(client.clone(), self.channel(), sender);
        let tasks = [
            tokio::spawn(resubscribe),
            tokio::spawn(listener.listen(messages)),
        ];
        Ok(Endings {
            receiver,
            tasks,
            client,
        })
    }

    /// Checks that the server allows what the driver needs.
    pub(crate) async fn check_access(&self) -> Result<(), FredError> {
        self.connections.check_access().await?;
        match self.announces_endings {
            true => self.publish(HELLO).await,
            false => Ok(()),
        }
    }

    /// Tells the listeners that the session with this id has ended.
    pub(crate) async fn publish(&self, id: &str) -> Result<(), FredError> {
        let (channel, id) = (self.channel(), id.to_owned());
        let publish = |client: Client| {
            let (channel, id) = (channel.clone(), id.clone());
            async move { client.publish::<i64, _, _>(channel, id).await }
        };
        self.connections.run(publish).await.map(drop)
    }

    pub(crate) async fn destroy_and_announce(&self, id: &SessionId) -> Result<(), Error> {
        let key = self.key(id.as_str());
        let arguments = || {
            let arguments = vec![Value::from(self.channel()), Value::from(id.as_str())];
            (vec![key.clone()], arguments)
        };
        let run = |client| scripts::DESTROY.run(client, arguments);
        let removed: Result<i64, _> = self.connections.run(run).await;
        removed.map(drop).map_err(Error::unavailable)
    }

    fn channel(&self) -> String {
        [self.prefix(), CHANNEL].concat()
    }
}

/// Passes on what the channel says.
struct Listener {
    driver: RedisDriver,
    client: Client,
    sender: Sender<Ending>,
}

impl Listener {
    /// Waits until the subscription works. A denied one shows only by silence.
    async fn hear_hello(&self, messages: &mut Receiver<Message>) -> Result<(), FredError> {
        loop {
            self.driver.publish(HELLO).await?;
            let heard = tokio::time::timeout(PAUSE, self.hear(messages)).await;
            if heard.is_ok() {
                return Ok(());
            }
        }
    }

    async fn listen(self, mut messages: Receiver<Message>) {
        loop {
            let mut heard = tokio::time::timeout(SILENCE, self.hear(&mut messages)).await;
            if heard.is_err() {
                // If this fails, the server is down, and both connections know.
                let _ = self.driver.publish(HELLO).await;
                heard = tokio::time::timeout(SILENCE, self.hear(&mut messages)).await;
            }
            match heard {
                Ok(true) => {}
                Ok(false) => return,
                // Not even our own words came back.
                Err(_) if self.client.is_connected() => {
                    let _ = self.client.force_reconnection().await;
                }
                Err(_) => {}
            }
        }
    }

    /// Passes on the next message. Returns `false` at the end.
    async fn hear(&self, messages: &mut Receiver<Message>) -> bool {
        let ending = match messages.recv().await {
            Ok(message) => {
                let id = message
                    .value
                    .as_bytes()
                    .and_then(|id| SessionId::from_stored(std::str::from_utf8(id).ok()?));
                match id {
                    Some(id) => Ending::Session(id),
                    None => return true,
                }
            }
            Err(RecvError::Lagged(_)) => Ending::Missed,
            Err(RecvError::Closed) => return false,
        };
        self.sender.send(ending).is_ok()
    }
}

/// Subscribes again after every reconnection, which the client does not do.
async fn resubscribe(client: Client, channel: String, sender: Sender<Ending>) {
    let mut reconnects = client.reconnect_rx();
    while !matches!(reconnects.recv().await, Err(RecvError::Closed)) {
        // If it fails, the connection broke again, or the listener will notice the silence.
        let _ = client.subscribe(channel.clone()).await;
        if sender.send(Ending::Missed).is_err() {
            return;
        }
    }
}

/// What the channel is called, after the prefix.
const CHANNEL: &str = "ended";
/// Names no session. It shows that the subscription works.
const HELLO: &str = "";
/// How long to wait for one's own words before saying them again.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a subscription may be silent before it is tested, and again before it is replaced.
const SILENCE: Duration = Duration::from_secs(4);
/// How many endings are kept for a reader that is slow, and how many messages for a listener that
/// waits for a processor.
const BACKLOG: usize = 4_096;

#[cfg(test)]
mod tests {
    use fred::types::config::Config;

    use super::*;

    #[tokio::test]
    async fn a_slow_reader_learns_that_it_missed_endings() {
        let (sender, receiver) = broadcast::channel(BACKLOG);
        let mut endings = Endings {
            receiver,
            tasks: [tokio::spawn(async {}), tokio::spawn(async {})],
            client: Client::new(Config::default(), None, None, None),
        };
        let ending = |n: usize| Ending::Session(SessionId::from_stored(&n.to_string()).unwrap());
        for n in 0..BACKLOG {
            sender.send(ending(n)).unwrap();
        }
        assert_eq!(endings.next().await, Some(ending(0)));
        for n in BACKLOG..BACKLOG + 10 {
            sender.send(ending(n)).unwrap();
        }
        assert_eq!(endings.next().await, Some(Ending::Missed));
        for n in 10..BACKLOG + 10 {
            assert_eq!(endings.next().await, Some(ending(n)));
        }
        drop(sender);
        assert_eq!(endings.next().await, None);
    }
}
