//! Several runtimes with one driver.

use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use session_core::{ErrorKind, Outcome};

use crate::common::Server;
use crate::site::{Site, runtime};

/// Those that met there are sent with the next ones.
#[test]
fn a_runtime_that_shuts_down_keeps_nobody_waiting() {
    let (connected, short) = (runtime(), runtime());
    let site = connected.block_on(Site::new(Server::start()));
    let before = connected.block_on(site.sessions(8, 1));
    let begun = short.block_on(async { site.begin(&before) });
    drop(short);
    connected.block_on(async {
        let after = site.sessions(8, 2).await;
        site.all_are_stored(&after, 2).await;
        site.all_hold(&before[1..], Some(1)).await;
    });
    drop(begun);
}

#[test]
fn a_thread_that_is_busy_keeps_nobody_waiting() {
    let (connected, busy) = (runtime(), runtime());
    let site = connected.block_on(Site::new(Server::start()));
    let before = connected.block_on(site.sessions(8, 1));
    let begun = busy.block_on(async { site.begin(&before) });
    connected.block_on(async {
        let after = site.sessions(8, 2).await;
        site.all_are_stored(&after, 2).await;
    });
    busy.block_on(async {
        for commit in begun {
            assert!(matches!(commit.await, Ok(Outcome::Set(_))));
        }
    });
    connected.block_on(site.all_hold(&before, Some(1)));
}

/// Nobody drives the runtime that the connections belong to.
#[test]
fn what_nobody_sends_is_given_up_in_time() {
    let limit = Duration::from_millis(300);
    let (still, other) = (runtime(), runtime());
    let server = Server::start();
    let site = still.block_on(Site::with(&server, limit));
    let sessions = still.block_on(site.sessions(8, 1));
    let start = Instant::now();
    for outcome in other.block_on(site.commit_all(&sessions)) {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    let took = start.elapsed();
    assert!(took < 20 * limit, "{took:?}");
    still.block_on(site.all_hold(&sessions[1..], None));
}

/// Whoever's turn came first: it is sent where the connections are.
#[test]
fn a_runtime_that_stands_still_keeps_nobody_waiting() {
    let (connected, still) = (runtime(), runtime());
    let site = connected.block_on(Site::new(Server::start()));
    let sessions = connected.block_on(site.sessions(8, 1));
    let mut commits = connected.block_on(async { site.begin(&sessions[..7]) });
    still.block_on(async {
        let mut commit = site.begin(&sessions[7..]).remove(0);
        let mut context = Context::from_waker(Waker::noop());
        assert!(commit.as_mut().poll(&mut context).is_pending());
    });
    connected.block_on(async {
        for commit in commits.drain(..) {
            assert!(matches!(commit.await, Ok(Outcome::Set(_))));
        }
        site.all_hold(&sessions[..7], Some(1)).await;
    });
}
