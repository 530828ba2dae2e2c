//! A Cluster of a test's own.

use std::process::Command;

use super::{ask, wait_until};
use crate::common::{Server, free_port};

/// Masters first, each with a third of the slots; then their replicas.
pub(crate) struct Cluster(pub(crate) Vec<Server>);

impl Cluster {
    pub(crate) fn start(replicas: usize, settings: &[&str]) -> Self {
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
                    // A replica that was cut off for long may still be promoted: there is no better one.
                    "--cluster-replica-validity-factor",
                    "0",
                    "--repl-diskless-sync-delay",
                    "0",
                ];
                let server = Server::with(&[&own, settings].concat());
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
        let cluster = Self(servers);
        wait_until("the cluster is complete", || {
            cluster.0.iter().all(|server| {
                ask(server.port, &["cluster", "info"]).contains("cluster_state:ok")
                    && (ask(server.port, &["role"]).starts_with("master")
                        || ask(server.port, &["role"]).contains("connected"))
            })
        });
        cluster
    }

    /// A URL that names these nodes.
    pub(crate) fn url(&self, nodes: std::ops::Range<usize>) -> String {
        let mut ports = self.0[nodes].iter().map(|server| server.port);
        let first = ports.next().unwrap();
        let others: Vec<_> = ports.map(|port| format!("node=127.0.0.1:{port}")).collect();
        format!("redis-cluster://127.0.0.1:{first}?{}", others.join("&"))
    }
}
