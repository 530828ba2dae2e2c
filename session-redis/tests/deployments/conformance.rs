//! The conformance kit of `session-core` on a Cluster of three masters and on Sentinel.

use std::sync::{Arc, LazyLock};

use session_core::SessionId;
use session_core::conformance::{Level, Subject, report};
use session_redis::RedisDriver;
use tokio::runtime::Runtime;

use crate::nodes::Cluster;
use crate::sentinel::Deployment;
use crate::support::{connect_patiently, plant};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A deployment that all checks share.
#[derive(Clone)]
enum Shared {
    Cluster(Arc<Cluster>),
    Sentinel(Arc<Deployment>),
}

impl Subject for Shared {
    type Driver = RedisDriver;

    fn driver(&self) -> RedisDriver {
        let url = match self {
            Self::Cluster(cluster) => cluster.url(0..3),
            Self::Sentinel(deployment) => deployment.url(),
        };
        RUNTIME.block_on(connect_patiently(&url))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        RUNTIME.block_on(future)
    }

    fn plant(&self, id: &SessionId, value: &str) -> bool {
        let port = match self {
            Self::Cluster(cluster) => cluster.servers[0].port,
            Self::Sentinel(deployment) => deployment.master.port,
        };
        plant(port, id, value)
    }
}

#[test]
fn the_driver_keeps_every_promise_in_a_cluster() {
    let cluster = Shared::Cluster(Arc::new(Cluster::start(0, &[])));
    assert_keeps_every_promise("redis cluster", &cluster);
}

#[test]
fn the_driver_keeps_every_promise_with_sentinel() {
    let deployment = Shared::Sentinel(Arc::new(Deployment::start()));
    assert_keeps_every_promise("redis sentinel", &deployment);
}

fn assert_keeps_every_promise(name: &str, deployment: &Shared) {
    let report = report(Level::Indexed, || deployment.clone());
    report.announce(name);
    assert_eq!(report.failures().count(), 0, "{report}");
}
