//! A TCP proxy between the driver and its server, which fails on purpose.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// Passes everything on until it is told otherwise. Where the server is gone it accepts and closes, as a load
/// balancer does.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What happens to a request, found by a text that it contains.
#[derive(Clone)]
pub(crate) enum Rule {
    Pass,
    /// Its connection is cut before the server sees it.
    CutBefore(String),
    /// Its connection is cut once the server answered it, and nobody sees the answer.
    CutAfter(String),
    /// The server gets it, and its answer stays here until the connection is cut.
    Hold(String),
    /// Nothing passes any more on connections that were accepted before this rule; new ones work. So do hosts
    /// vanish.
    Vanish,
    /// One request out of eight is cut, before or after, up to so many.
    Random(u32),
}

enum Fate {
    Pass,
    CutBefore,
    CutAfter,
    Hold,
}

struct Shared {
    target: u16,
    rule: Mutex<Rule>,
    accepted: AtomicUsize,
    cuts: AtomicU32,
    random: AtomicU32,
    held: Notify,
    /// Changes when all connections are to end.
    end: watch::Sender<()>,
}

impl Proxy {
    pub(crate) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            target,
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

    /// Waits until the answer to a request is held.
    pub(crate) async fn held(&self) {
        self.shared.held.notified().await;
    }

    /// Cuts all connections. New ones are accepted.
    pub(crate) fn cut_all(&self) {
        self.shared.end.send_replace(());
    }

    /// How many connections were ever accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// How many were cut by a rule.
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
            Rule::Random(most) if self.cuts.load(Ordering::SeqCst) < *most => match self.throw() {
                0 => Fate::CutBefore,
                1 => Fate::CutAfter,
                _ => Fate::Pass,
            },
            _ => Fate::Pass,
        }
    }

    /// One of 16 numbers, in an order that is the same each time.
    fn throw(&self) -> u32 {
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

/// Returns when either side is gone or the connection is cut, which closes both.
async fn serve(mut client: TcpStream, shared: Arc<Shared>) {
    let mut end = shared.end.subscribe();
    let is_old = !matches!(&*shared.rule.lock().unwrap(), Rule::Vanish);
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", shared.target)).await else {
        return;
    };
    let (mut requests, mut answers) = (vec![0; 1 << 16], vec![0; 1 << 16]);
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
            read = server.read(&mut answers) => {
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
                        if client.write_all(&answers[..n]).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}
