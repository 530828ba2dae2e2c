//! A TCP proxy between the driver and its server that fails on purpose.

use std::sync::atomic::{AtomicU16, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// Passes everything on until it gets another rule. While the server is down, it accepts
/// connections and closes them, as a load balancer does.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What happens to a request that contains a text.
#[derive(Clone)]
pub(crate) enum Rule {
    Pass,
    /// Its connection is cut before the server sees the request.
    CutBefore(String),
    /// Its connection is cut after the server replied. The reply is lost.
    CutAfter(String),
    /// The server gets the request. The reply stays here until the connection is cut.
    Hold(String),
    /// Connections that were accepted before this rule pass nothing anymore; new ones work. This is
    /// how a host vanishes.
    Vanish,
    /// One request out of eight is cut, before the server sees it or after it replied, up to this
    /// many.
    Random(u32),
}

enum Fate {
    Pass,
    CutBefore,
    CutAfter,
    Hold,
}

struct Shared {
    target: AtomicU16,
    rule: Mutex<Rule>,
    accepted: AtomicUsize,
    cuts: AtomicU32,
    random: AtomicU32,
    held: Notify,
    /// Changes when all connections must end.
    end: watch::Sender<()>,
}

impl Proxy {
    pub(crate) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            target: AtomicU16::new(target),
            rule: Mutex::new(Rule::Pass),
            accepted: AtomicUsize::new(0),
            cuts: AtomicU32::new(0),
            random: AtomicU32::new(1),
            held: Notify::new(),
            end: watch::Sender::new(()),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            port,
            shared,
            accepting,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn set(&self, rule: Rule) {
        *self.shared.rule.lock().unwrap() = rule;
    }

    /// Leads new connections to another server. The old ones stay where they are.
    pub(crate) fn switch_to(&self, target: u16) {
        self.shared.target.store(target, Ordering::SeqCst);
    }

    /// Waits until a reply is held.
    pub(crate) async fn held(&self) {
        self.shared.held.notified().await;
    }

    /// Cuts all connections. New ones work.
    pub(crate) fn cut_all(&self) {
        self.shared.end.send_replace(());
    }

    /// How many connections were accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// How many connections a rule has cut.
    pub(crate) fn cuts(&self) -> u32 {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

impl Shared {
    fn fate(&self, request: &[u8]) -> Fate {
        let has = |text: &str| {
            request
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        match &*self.rule.lock().unwrap() {
            Rule::CutBefore(text) if has(text) => Fate::CutBefore,
            Rule::CutAfter(text) if has(text) => Fate::CutAfter,
            Rule::Hold(text) if has(text) => Fate::Hold,
            Rule::Random(most) if self.cuts.load(Ordering::SeqCst) < *most => {
                match self.next_random() {
                    0 => Fate::CutBefore,
                    1 => Fate::CutAfter,
                    _ => Fate::Pass,
                }
            }
            _ => Fate::Pass,
        }
    }

    /// One of 16 numbers, in the same order in every run.
    fn next_random(&self) -> u32 {
        let next = |n: u32| n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let last = self
            .random
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| Some(next(n)));
        last.unwrap() >> 28
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(serve(client, Arc::clone(&shared)));
    }
}

/// Returns, which closes both sides, when one of them is gone or the connection is cut.
async fn serve(mut client: TcpStream, shared: Arc<Shared>) {
    let mut end = shared.end.subscribe();
    let is_old = !matches!(&*shared.rule.lock().unwrap(), Rule::Vanish);
    let Ok(mut server) =
        TcpStream::connect(("127.0.0.1", shared.target.load(Ordering::SeqCst))).await
    else {
        return;
    };
    let (mut requests, mut replies) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut fate = Fate::Pass;
    loop {
        let vanished = || is_old && matches!(&*shared.rule.lock().unwrap(), Rule::Vanish);
        tokio::select! {
            _ = end.changed() => return,
            read = client.read(&mut requests) => {
                let Ok(n @ 1..) = read else { return };
                if vanished() {
                    continue;
                }
                fate = shared.fate(&requests[..n]);
                if matches!(fate, Fate::CutBefore) {
                    shared.cuts.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                if server.write_all(&requests[..n]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut replies) => {
                let Ok(n @ 1..) = read else { return };
                match fate {
                    Fate::CutAfter => {
                        shared.cuts.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                    Fate::Hold => {
                        shared.held.notify_one();
                        let _ = end.changed().await;
                        return;
                    }
                    Fate::Pass | Fate::CutBefore if vanished() => {}
                    Fate::Pass | Fate::CutBefore => {
                        if client.write_all(&replies[..n]).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}
