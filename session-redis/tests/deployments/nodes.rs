//! A Cluster for one test.

use std::ops::Range;
use std::process::Command;

use test_support::redis::free_port;

use crate::support::RedisServer;
use crate::{Place, redis_cli, wait_until};

/// The nodes of a Cluster. The first three are masters, each with a third of the slots; their
/// replicas follow.
pub(crate) struct Cluster {
    pub(crate) servers: Vec<RedisServer>,
    _place: Place,
}

impl Cluster {
    /// Starts a Cluster with a number of replicas for each master.
    pub(crate) fn start(replicas: usize, settings: &[&str]) -> Self {
        let place = Place::take();
        let mut bus = Vec::new();
        let servers: Vec<_> = (0..3 + 3 * replicas)
            .map(|_| {
                let port = free_port().to_string();
                let own = [
                    "--cluster-enabled",
                    "yes",
                    "--cluster-node-timeout",
                    "1000",
                    "--cluster-port",
                    &port,
                    // Promote even a replica that was cut off for long, because there is no other.
                    "--cluster-replica-validity-factor",
                    "0",
                    "--repl-diskless-sync-delay",
                    "0",
                ];
                let server = RedisServer::with(&[&own, settings].concat());
                bus.push(port);
                server
            })
            .collect();
        let nodes = servers
            .iter()
            .zip(&bus)
            .map(|(server, bus)| format!("127.0.0.1:{}@{bus}", server.port));
        let output = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(nodes)
            .args(["--cluster-replicas", &replicas.to_string(), "--cluster-yes"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        let cluster = Self {
            servers,
            _place: place,
        };
        wait_until("the cluster is complete", || {
            cluster.servers.iter().all(|server| {
                redis_cli(server.port, &["cluster", "info"]).contains("cluster_state:ok")
                    && (redis_cli(server.port, &["role"]).starts_with("master")
                        || redis_cli(server.port, &["role"]).contains("connected"))
            })
        });
        cluster
    }

    /// A URL with these nodes.
    pub(crate) fn url(&self, nodes: Range<usize>) -> String {
        let mut ports = self.servers[nodes].iter().map(|server| server.port);
        let first = ports.next().unwrap();
        let others: Vec<_> = ports.map(|port| format!("node=127.0.0.1:{port}")).collect();
        format!("redis-cluster://127.0.0.1:{first}?{}", others.join("&"))
    }
}
