//! The host of the server vanishes while a server follows the endings of sessions.

use std::time::{Duration, Instant};

use session_core::{Driver as _, SessionId};
use session_redis::{Ending, RedisDriver};

use crate::proxy::{Proxy, Rule};
use crate::support::{RedisServer, id_of, manager, store};
use crate::{MINUTE, report, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_subscription_is_replaced_and_says_that_endings_may_be_missed() {
    within(MINUTE, async {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port).await;
        let here = RedisDriver::builder(proxy.url()).announce_endings();
        let here = here.connect().await.unwrap();
        let mut endings = here.endings().await.unwrap();
        let there = RedisDriver::builder(server.url()).announce_endings();
        let there = there.connect().await.unwrap();

        proxy.set(Rule::Vanish);
        let start = Instant::now();
        assert_eq!(endings.next().await, Some(Ending::Missed));
        let silent = start.elapsed();
        // Twice four seconds, a new connection, and some for a busy machine.
        assert!(silent < Duration::from_secs(15), "{silent:?}");
        report("endings of a host that vanished", "replaced", silent);

        let token = store(&manager(there.clone()), "n", 1).await;
        let id = SessionId::from_stored(id_of(&token)).unwrap();
        there.destroy(&id).await.unwrap();
        assert_eq!(endings.next().await, Some(Ending::Session(id)));
    })
    .await;
}
