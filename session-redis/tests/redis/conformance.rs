//! The conformance kit of `session-core`, with a server for each check.

use std::sync::{LazyLock, Mutex};

use session_core::SessionId;
use session_core::conformance::Subject;
use session_redis::RedisDriver;
use tokio::runtime::Runtime;

use crate::support::{RedisServer, connect_patiently, plant};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

struct SingleServer(Mutex<RedisServer>);

impl SingleServer {
    fn start() -> Self {
        Self(Mutex::new(RedisServer::start()))
    }
}

impl Subject for SingleServer {
    type Driver = RedisDriver;

    fn driver(&self) -> RedisDriver {
        let url = self.0.lock().unwrap().url();
        RUNTIME.block_on(connect_patiently(&url))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        RUNTIME.block_on(future)
    }

    fn plant(&self, id: &SessionId, value: &str) -> bool {
        plant(self.0.lock().unwrap().port, id, value)
    }

    fn take_down(&self) -> bool {
        self.0.lock().unwrap().kill();
        true
    }
}

session_core::conformance!(indexed, SingleServer::start());

/// The same driver behind a pointer, as an application holds it that chooses its driver at run time.
mod in_arc {
    use session_core::conformance::InArc;

    session_core::conformance!(indexed, InArc(super::SingleServer::start()));
}

mod sealed {
    use session_core::conformance::Subject;
    use session_core::{KeyRing, Secret, SessionId};
    use session_redis::RedisDriver;
    use session_sealed::Sealed;

    use super::{RUNTIME, SingleServer};

    /// The same server, with encrypted records.
    struct SealedServer(SingleServer);

    impl Subject for SealedServer {
        type Driver = Sealed<RedisDriver>;

        fn driver(&self) -> Self::Driver {
            let secret = Secret::new("a secret of this test, of more than 32 bytes").unwrap();
            Sealed::new(self.0.driver(), &KeyRing::new(secret)).unwrap()
        }

        fn block_on<F: Future>(&self, future: F) -> F::Output {
            RUNTIME.block_on(future)
        }

        fn plant(&self, id: &SessionId, value: &str) -> bool {
            self.0.plant(id, value)
        }

        fn take_down(&self) -> bool {
            self.0.take_down()
        }
    }

    session_core::conformance!(indexed, SealedServer(SingleServer::start()));
}
